"""The stream of A&D scales and indicators, which many other makers send, too.

Lines of ASCII ended by CR LF: a header, the kind of weight where the device is an indicator, the sign, the digits
filled up with zeros or spaces, and the unit::

    ST,NT,+0012.34kg     stable, net (GS gross)
    US,+00123.4  g       unstable
    OL,GS,+9999.99kg     beyond the range; LO below it
    ST,TR,+0001.20kg     the tare, which is no weight
    QT,+00000012 PC      pieces, which are no weight
    EC,E01               command not understood

Where the device is an indicator, a tare by its key shows in the stream: gross becomes net. The answer to ``Z`` and
``T`` is an acknowledgement (06h), a second one when the command has been carried out, or an echo of the command.

``Q`` asks for one line; sending all the time ("stream") is set on the device.
Source: A&D, instruction manuals of the EK-i scales and AD-4401 indicators, data format and commands.
"""

from __future__ import annotations

import re

from just_walk_out.scale.protocols.dialect import OK, SATURATED, Dialect, Kind, Line

_LINE = re.compile(
    r"(ST|US|OL|LO|QT),(?:(GS|NT|TR),)? *([-+]?) *([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(E[-+]?[0-9]{1,2})?,? *([A-Za-z%]{0,3})"
)
_ERROR = re.compile(r"EC,E[0-9]{2}")
_ACKNOWLEDGED = ("\x06", "Z", "T")


def read(line: str) -> Line | None:
    """Return what a line says; None where it is none of this format."""
    found = _LINE.fullmatch(line)
    if found is None:
        if line in _ACKNOWLEDGED:
            return Line(Kind.ADJUSTED)
        return Line(Kind.REFUSED) if _ERROR.fullmatch(line) else None
    header, kind, sign, digits, exponent, unit = found.groups()
    if header in ("OL", "LO"):
        return Line(Kind.READING, SATURATED)
    if exponent is not None:
        return None
    if kind == "TR":
        return Line(Kind.READING, OK, unit="TR")
    return Line(Kind.READING, OK, float(sign + digits), unit or ("PC" if header == "QT" else ""), kind or "")


AND_STREAM = Dialect(read, ask=b"Q\r\n", commands={"zero": b"Z\r\n", "tare": b"T\r\n"})

"""MT-SICS, the Mettler-Toledo Standard Interface Command Set: what a scale answers, levels 0 and 1.

Lines of ASCII ended by CR LF. ``SI`` asks for the weight at once, ``SIR`` for it again and again; the answer
is ``S``, a status, the value right-justified in ten characters, and the unit::

    S S     100.00 g     stable
    S D     129.07 g     dynamic
    S I                  not executable now
    S +    S -           beyond the range
    ES  ET  EL           command not understood, hurt on the way, not possible
    Z A    ZI S               zeroed; Z and T with I, + or - where not
    T S     10.00 g           tared, also TI S, TA A; TAC A: the tare is cleared
    I4 A "0123456789"         switched on or reset: zero and tare are new

Keys pressed on the scale itself are not told.

Source: Reference Manual, Standard Interface Command Set MT-SICS, Mettler-Toledo.
"""

from __future__ import annotations

import re

from just_walk_out.scale.protocols.dialect import FAULT, NO_VALUE, OK, SATURATED, Dialect, Kind, Line

_NUMBER = r" *([-+]?[0-9]+(?:\.[0-9]*)?) ([A-Za-z]{1,5})"
_READING = re.compile(rf"S [SD] {_NUMBER}")
_ADJUSTED = re.compile(rf"Z A|ZI [SD]|TAC A|(?:TI? [SD]|TA A) {_NUMBER}")
_BROKEN = re.compile(r"S [SD] +Error [0-9]+[A-Za-z]?")
_OTHERS = {
    "S I": Line(Kind.READING, NO_VALUE),
    "S +": Line(Kind.READING, SATURATED),
    "S -": Line(Kind.READING, SATURATED),
    **dict.fromkeys(("Z I", "Z +", "Z -", "T I", "T +", "T -", "ES", "ET", "EL"), Line(Kind.REFUSED, FAULT)),
}


def read(line: str) -> Line | None:
    """Return what a line says; None where it is none of MT-SICS."""
    known = _OTHERS.get(line)
    if known is not None:
        return known
    reading = _READING.fullmatch(line)
    if reading:
        return Line(Kind.READING, OK, float(reading[1]), reading[2])
    if _BROKEN.fullmatch(line):
        return Line(Kind.READING, FAULT)
    if _ADJUSTED.fullmatch(line):
        return Line(Kind.ADJUSTED)
    return Line(Kind.STARTED) if line.startswith("I4 A ") else None


MT_SICS = Dialect(read, ask=b"SI\r\n", start=b"SIR\r\n", commands={"zero": b"Z\r\n", "tare": b"T\r\n"})

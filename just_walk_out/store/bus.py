"""What weighs: serial lines with load-cell boards or scales on them, and how each is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MAIN_HOST = "main"
"""Name of the computer that runs the pipeline, and every device that names no other."""
ProtocolName = Literal["board", "mt_sics", "and_stream", "modbus_rtu"]
"""What the devices of a bus may speak; ``scale.protocols`` knows how."""
RegisterType = Literal["int16", "uint16", "int32", "uint32", "float32"]
Order = Literal["big", "little"]


@dataclass(frozen=True)
class Channel:
    """One load-cell channel of a board and the plate it weighs: kg = (count - zero) x scale."""

    board: int
    channel: int
    plate: str
    scale: float
    zero: float = 0.0


@dataclass(frozen=True)
class Framing:
    """How a byte looks on a serial line."""

    data_bits: int = 8
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: int = 1

    @property
    def bits(self) -> int:
        """Bits a byte takes on the line, start and stop bits included."""
        return 1 + self.data_bits + (self.parity != "none") + self.stop_bits


@dataclass(frozen=True)
class Reading:
    """How scales without a clock of their own are read.

    Attributes:
        rate: readings a second that the scale sends, or that it is asked for.
        polled: the host asks for each reading; otherwise the scale sends of its own accord.
        timeout: seconds to wait for an answer.
        latency: seconds from the weighing to the first byte of its message, where known.
    """

    rate: float = 10.0
    polled: bool = False
    timeout: float = 0.1
    latency: float = 0.0


@dataclass(frozen=True)
class StatusRegister:
    """A register of flags beside the weight; a plate is what the first set bit says.

    Attributes:
        register: protocol address, from 0.
        overload: bits that say that the load is beyond the range.
        fault: bits that say that the reading is no good.
    """

    register: int
    overload: int = 0
    fault: int = 0


@dataclass(frozen=True)
class Registers:
    """Where Modbus transmitters keep the weight.

    Attributes:
        points: (unit, register) of each channel of the bus; registers are protocol addresses, from 0.
        function: which table it is in: holding registers (function 3) or input registers (4).
        type: of the value.
        word_order: whether the high or the low word of a 32-bit value stands in the first register.
        byte_order: the same within a word; the standard says big.
        status: flags beside the value, at the same place in every unit.
    """

    points: tuple[tuple[int, int], ...]
    function: Literal["holding", "input"] = "holding"
    type: RegisterType = "int32"
    word_order: Order = "big"
    byte_order: Order = "big"
    status: StatusRegister | None = None


@dataclass(frozen=True)
class Bus:
    """A serial line with load-cell boards or scales on it, plugged into the computer ``host``.

    ``reading`` tells how scales are read; boards send of their own accord. Channels of scales are those
    of a board 0; for ``modbus_rtu``, ``registers`` says where each of them is found. ``unused`` are (board, channel)
    of boards to which no plate is connected.
    """

    id: str
    protocol: ProtocolName
    port: str
    baudrate: int
    channels: tuple[Channel, ...]
    host: str = MAIN_HOST
    framing: Framing = Framing()
    reading: Reading = Reading()
    registers: Registers | None = None
    unused: tuple[tuple[int, int], ...] = ()

"""A longer search for bytes that harm the readers of scales, by atheris; run by hand.

    pip install '.[fuzz]'
    python test/fuzz/fuzz_parsers.py board -max_total_time=180

The first argument is a protocol, the others are those of libFuzzer, a folder for the corpus among them. An input is cut
into chunks: some go to the line as they are, others are made what a device could say first (frames with a good
checksum, lines of the format, answers to what was asked), so that what is behind a check is reached as well.
"""

import binascii
import contextlib
import math
import struct
import sys

import atheris

with atheris.instrument_imports(include=["just_walk_out.scale", "cobs"]):
    from cobs import cobs

    from just_walk_out.scale.driver import LoadCellDriver
    from just_walk_out.scale.protocols import make_parser
    from just_walk_out.scale.protocols.board import MAX_CHANNELS, MAX_ENCODED, MAX_SAMPLES, BoardParser
    from just_walk_out.scale.reading import ReadingError

from just_walk_out.store.bus import MAIN_HOST, Bus, Channel, Framing, Reading, Registers, StatusRegister
from just_walk_out.store.model import EntrySettings, Gondola, Plate, Pose, Shelf, Store

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
PLATES = tuple(Plate(f"g/s/p{k}", Pose(x=0.1 * k), 0.09, 0.4) for k in range(3))
SHELF = Gondola("g", Pose(), 0.4, 0.4, 2.0, (Shelf("g/s", Pose(), 0.4, 0.4, PLATES),))
BOARD = Bus("bus", "board", "", 115_200, tuple(Channel(k % 2, k, plate.id, 1e-6) for k, plate in enumerate(PLATES)))
STORE = Store("f", "Fuzz", "EUR", (), (), (), (), (SHELF,), (BOARD,), (), (), EntrySettings(()))
SCALE = (Channel(0, 0, "g/s/p0", 1.0),)
UNITS = tuple(Channel(0, k, plate.id, 1e-3) for k, plate in enumerate(PLATES))
POINTS = ((1, 0), (1, 2), (7, 0))


def frame(payload: bytes) -> bytes:
    """A payload with a good checksum, on the line."""
    return cobs.encode(payload + struct.pack("<H", binascii.crc_hqx(payload, 0xFFFF))) + b"\0"


def header(source: atheris.FuzzedDataProvider) -> bytes:
    """A frame that is one but for its numbers, of a size that may be right."""
    channels, samples = source.ConsumeIntInRange(0, 5), source.ConsumeIntInRange(0, 5)
    head = struct.pack(
        "<BBHIHBB",
        source.ConsumeIntInRange(0, 2),
        source.ConsumeIntInRange(0, 3),
        source.ConsumeIntInRange(0, 65535),
        source.ConsumeIntInRange(0, 2**32 - 1),
        source.ConsumeIntInRange(0, 65535),
        channels,
        samples,
    )
    size = channels + 4 * channels * samples + source.ConsumeIntInRange(-1, 1) * source.ConsumeIntInRange(0, 1)
    return head + source.ConsumeBytes(max(0, size)).ljust(max(0, size), b"\x07")


def drive(driver: LoadCellDriver, now: int, chunk: bytes, source: atheris.FuzzedDataProvider) -> None:
    """Feed a driver, look at what comes out, and ask it what it can be asked."""
    for record in driver.feed(now, chunk):
        assert len(record.weights) % len(record.plates) == 0
        assert len(record.status) == len(record.plates)
    driver.idle(now)
    driver.health(now)
    driver.take_notices()
    if source.ConsumeBool():
        driver.adjust("g/s/p0", 5.0, 1e-6)
    with contextlib.suppress(ReadingError):
        driver.reading("g/s/p0", now)


def board_input(source: atheris.FuzzedDataProvider) -> None:
    """Feed a parser of boards, cut in two ways, and a driver."""
    whole, driver, line, now = BoardParser(), LoadCellDriver(BOARD, STORE), b"", T0
    parts, pieces = BoardParser(), []
    while source.remaining_bytes():
        kind = source.ConsumeIntInRange(0, 3)
        if kind == 0:
            chunk = source.ConsumeBytes(source.ConsumeIntInRange(0, 64))
        elif kind == 1:
            chunk = frame(source.ConsumeBytes(source.ConsumeIntInRange(0, 64)))
        elif kind == 2:
            chunk = frame(header(source))
        else:
            chunk = frame(header(source))[: source.ConsumeIntInRange(0, 40)]
        line += chunk
        pieces += parts.feed(chunk)
        now += source.ConsumeIntInRange(0, 3) * SECOND // 2
        drive(driver, now, chunk, source)
    frames = whole.feed(line)
    assert len(parts._pending) <= MAX_ENCODED
    assert [(f.board, f.sequence, f.counts.tolist()) for f in frames] == [
        (f.board, f.sequence, f.counts.tolist()) for f in pieces
    ]
    assert whole.counts == parts.counts and whole.counts.frames == len(frames)
    assert all(len(f.counts) <= MAX_SAMPLES and len(f.status) <= MAX_CHANNELS and f.period_us for f in frames)


WORDS = {
    "mt_sics": (b"S", b"S S", b"S D", b"S I", b"S +", b"Z A", b"T S", b"ZI D", b"TAC A", b"I4 A", b"ES", b"Error 1b"),
    "and_stream": (b"ST", b"US", b"OL", b"QT", b",GS,", b",NT,", b",TR,", b",", b"EC,E01", b"\x06", b"Z", b"E+19"),
}
UNITS_OF_WEIGHT = (b"g", b"kg", b"lb", b"pcs", b" PC", b"")


def text(source: atheris.FuzzedDataProvider, protocol: str) -> bytes:
    """A line that is one of the format but for its words and numbers, or a part of one."""
    word = source.PickValueInList(list(WORDS[protocol]))
    number = b"%*.*f" % (
        source.ConsumeIntInRange(0, 12),
        source.ConsumeIntInRange(0, 4),
        source.ConsumeFloatInRange(-1e6, 1e6),
    )
    unit = source.PickValueInList(list(UNITS_OF_WEIGHT))
    between = b" " if protocol == "mt_sics" else source.PickValueInList([b"", b"+", b"-", b",GS,+", b",NT,+"])
    line = word + between + number + b" " * source.ConsumeIntInRange(0, 3) + unit + b"\r\n"
    return line[source.ConsumeIntInRange(0, 3) :] if source.ConsumeBool() else line


def line_of(frames: list) -> list[tuple[int, list[float], bool]]:
    """What frames of a scale say, NaN made comparable."""
    return [(int(f.status[0]), [-1e99 if math.isnan(v) else v for v in f.counts[0]], f.adjusted) for f in frames]


def text_input(source: atheris.FuzzedDataProvider, protocol: str) -> None:
    """Feed a parser of a text scale, cut in two ways, and a driver that is asked and told things meanwhile."""
    bus = Bus("bus", protocol, "", 9600, SCALE, MAIN_HOST, Framing(), Reading(10.0, source.ConsumeBool(), 0.1, 0.0))
    whole, parts, pieces, line = make_parser(bus), make_parser(bus), [], b""
    driver, now = LoadCellDriver(bus, STORE), T0
    while source.remaining_bytes():
        raw = source.ConsumeBool()
        chunk = source.ConsumeBytes(source.ConsumeIntInRange(0, 80)) if raw else text(source, protocol)
        line += chunk
        pieces += parts.feed(chunk, T0)
        now += source.ConsumeIntInRange(-1, 20) * SECOND // 10
        if not source.ConsumeIntInRange(0, 9):
            driver.request(source.PickValueInList(list(driver.commands)))
        drive(driver, now, chunk, source)
        poll = driver.poll(now)
        assert poll.due is None or poll.due > now
    frames = whole.feed(line, T0)
    assert line_of(frames) == line_of(pieces) and whole.counts == parts.counts
    assert all(math.isfinite(f.counts[0, 0]) == (f.status[0] == 0) and f.age >= 0 for f in frames)


def answer(source: atheris.FuzzedDataProvider, request: bytes) -> bytes:
    """What a unit could answer to a request, and what happens to it on the line."""
    count = 2 * request[5]
    if source.ConsumeBool():
        said = bytes((request[0], request[1], count)) + source.ConsumeBytes(count).ljust(count, b"\x01")
    else:
        said = bytes((request[0], request[1] | 0x80, source.ConsumeIntInRange(0, 255)))
    crc = 0xFFFF
    for byte in said:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    said += struct.pack("<H", crc)
    if source.ConsumeBool():
        return said
    noise = source.ConsumeBytes(source.ConsumeIntInRange(0, 8))
    return noise + said[: source.ConsumeIntInRange(0, len(said))] + noise + said


def modbus_input(source: atheris.FuzzedDataProvider) -> None:
    """Answer a poller of Modbus units, late, wrongly or not at all, and let the clock jump."""
    kind = source.PickValueInList(["int16", "uint16", "int32", "uint32", "float32"])
    order = source.PickValueInList(["big", "little"])
    flags = StatusRegister(4, 4, 3) if source.ConsumeBool() else None
    registers = Registers(POINTS, type=kind, word_order=order, byte_order=order, status=flags)
    bus = Bus("bus", "modbus_rtu", "", 19200, UNITS, MAIN_HOST, Framing(), Reading(10.0, True, 0.05), registers)
    parser, driver, now = make_parser(bus), LoadCellDriver(bus, STORE), T0
    while source.remaining_bytes():
        for frame_ in parser.feed(b"", now):
            assert frame_.counts.shape == (1, 3) and frame_.status.shape == (3,)
        poll = parser.poll(now)
        assert poll.due is None or poll.due > now
        driver.poll(now)
        chunk = b""
        if source.ConsumeIntInRange(0, 3):
            chunk = answer(source, poll.data) if poll.data else source.ConsumeBytes(source.ConsumeIntInRange(0, 40))
        now += source.ConsumeIntInRange(-10, 400) * SECOND // 1000
        for part in (chunk[: len(chunk) // 2], chunk[len(chunk) // 2 :]):
            for frame_ in parser.feed(part, now) if part else ():
                assert frame_.counts.shape == (1, 3) and frame_.status.shape == (3,)
                assert all(math.isfinite(v) == (s == 0) for v, s in zip(frame_.counts[0], frame_.status, strict=True))
        drive(driver, now, chunk, source)
        assert len(parser._pending) <= 2048


INPUTS = {
    "board": board_input,
    "mt_sics": lambda source: text_input(source, "mt_sics"),
    "and_stream": lambda source: text_input(source, "and_stream"),
    "modbus_rtu": modbus_input,
}


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in INPUTS:
        sys.exit(f"fuzz_parsers: expected a protocol first, one of {', '.join(INPUTS)}")
    one_input = INPUTS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, lambda data: one_input(atheris.FuzzedDataProvider(data)))
    atheris.Fuzz()

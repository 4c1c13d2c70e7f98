"""A longer search for bytes that harm the reader of load-cell boards, by atheris; run by hand.

    pip install '.[fuzz]'
    python test/fuzz/fuzz_board.py -max_total_time=180

Arguments are those of libFuzzer, a folder for the corpus among them. An input is cut into chunks: some go to the line
as they are, others are made frames with a good checksum first, so that what is behind it is reached as well.
"""

import binascii
import contextlib
import struct
import sys

import atheris

with atheris.instrument_imports(include=["just_walk_out.scale", "cobs"]):
    from cobs import cobs

    from just_walk_out.scale.driver import LoadCellDriver
    from just_walk_out.scale.protocols.board import MAX_CHANNELS, MAX_ENCODED, MAX_SAMPLES, BoardParser
    from just_walk_out.scale.reading import ReadingError

from just_walk_out.store.model import (
    Bus,
    Channel,
    EntrySettings,
    Gondola,
    Plate,
    Pose,
    Shelf,
    Store,
)

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
PLATES = tuple(Plate(f"g/s/p{k}", Pose(x=0.1 * k), 0.09, 0.4) for k in range(3))
BUS = Bus("bus", "board", "", 115_200, tuple(Channel(k % 2, k, plate.id, 1e-6) for k, plate in enumerate(PLATES)))
SHELF = Gondola("g", Pose(), 0.4, 0.4, 2.0, (Shelf("g/s", Pose(), 0.4, 0.4, PLATES),))
STORE = Store("f", "Fuzz", "EUR", (), (), (), (), (SHELF,), (BUS,), (), (), EntrySettings(()))


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


def one_input(data: bytes) -> None:
    """Feed one input to a parser, cut in two ways, and to a driver; nothing may raise, and laws must hold."""
    source = atheris.FuzzedDataProvider(data)
    whole, driver, line, now = BoardParser(), LoadCellDriver(BUS, STORE), b"", T0
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
        for record in driver.feed(now, chunk):
            assert len(record.weights) % len(record.plates) == 0
            assert len(record.status) == len(record.plates)
        driver.idle(now)
        driver.health(now)
        if source.ConsumeBool():
            driver.adjust("g/s/p1", 5.0, 1e-6)
        with contextlib.suppress(ReadingError):
            driver.reading("g/s/p0", now)
    frames = whole.feed(line)
    assert len(parts._pending) <= MAX_ENCODED
    assert [(f.board, f.sequence, f.counts.tolist()) for f in frames] == [
        (f.board, f.sequence, f.counts.tolist()) for f in pieces
    ]
    assert whole.counts == parts.counts and whole.counts.frames == len(frames)
    assert all(len(f.counts) <= MAX_SAMPLES and len(f.status) <= MAX_CHANNELS and f.period_us for f in frames)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()

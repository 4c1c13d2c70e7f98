"""Frames of the board protocol, written from its description."""

import struct

from cobs import cobs


def crc_ccitt_false(data: bytes) -> int:
    """Bit by bit, from the definition, so that the table of the library is checked too."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def encode(board=1, sequence=0, time_us=0, period_us=16667, status=(0, 0), counts=((1, -2), (3, 4)), version=1):
    payload = struct.pack("<BBHIHBB", version, board, sequence, time_us, period_us, len(status), len(counts))
    payload += bytes(status) + b"".join(struct.pack(f"<{len(row)}i", *row) for row in counts)
    return cobs.encode(payload + struct.pack("<H", crc_ccitt_false(payload))) + b"\0"

"""Entry tokens: who may come in, signed with Ed25519 (RFC 8032), short enough for a small QR code.

Text: ``JWO1.`` and the unpadded base32 (RFC 4648) of a packed body and its 64-byte signature, so that
it uses only the alphanumeric mode of QR codes and no character a line scanner would change. Body,
big-endian: u8 version, 8 bytes token id, u8 flags (bit 7: staff; bits 0-6: people admitted), u32
not-before and u32 expiry (unix seconds), u8 length and UTF-8 store id, u8 length and UTF-8 account.
Each token has exactly one text: anything but the canonical form is refused.
"""

from __future__ import annotations

import base64
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from just_walk_out.records import EntryResult

PREFIX = "JWO1."
VERSION = 1
ID_BYTES = 8
SIGNATURE_BYTES = 64
MOST_ADMITTED = 127
LONGEST_NAME = 255
NANOSECONDS = 1_000_000_000
_HEAD = struct.Struct(f">B{ID_BYTES}sBII")
_STAFF = 0x80
# Longer texts cannot be tokens; they are refused before any work is spent on them.
_LONGEST_TEXT = len(PREFIX) + (_HEAD.size + 2 * (LONGEST_NAME + 1) + SIGNATURE_BYTES) * 8 // 5 + 1


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says; times in unix seconds, valid from ``not_before`` until just before ``expires``."""

    id: str
    store: str
    account: str
    admits: int
    staff: bool
    not_before: int
    expires: int


def issue(
    key: Ed25519PrivateKey,
    *,
    store: str,
    account: str,
    not_before: int,
    expires: int,
    admits: int = 1,
    staff: bool = False,
    nonce: bytes | None = None,
) -> str:
    """Sign a token and return its text.

    Args:
        key: the issuer's private key.
        store: store id.
        account: payment account.
        not_before: unix seconds from which it is valid.
        expires: unix seconds from which it is not valid any more.
        admits: number of people it lets in.
        staff: whether it is a staff badge.
        nonce: the token id, 8 bytes; random when not given.

    Raises:
        ValueError: a value does not fit the token.
    """
    token_id = secrets.token_bytes(ID_BYTES) if nonce is None else nonce
    if len(token_id) != ID_BYTES:
        raise ValueError(f"nonce: expected {ID_BYTES} bytes, found {len(token_id)}")
    if not 1 <= admits <= MOST_ADMITTED:
        raise ValueError(f"admits: {admits} is outside 1 .. {MOST_ADMITTED}")
    if not 0 <= not_before < expires < 2**32:
        raise ValueError(f"validity: expected 0 <= not_before < expires < 2^32, found {not_before}, {expires}")
    body = _HEAD.pack(VERSION, token_id, admits | (_STAFF if staff else 0), not_before, expires)
    for name, value in (("store", store), ("account", account)):
        encoded = value.encode("utf-8")
        if not 1 <= len(encoded) <= LONGEST_NAME:
            raise ValueError(f"{name}: expected 1 .. {LONGEST_NAME} bytes of UTF-8, found {len(encoded)}")
        body += bytes([len(encoded)]) + encoded
    return PREFIX + _to_base32(body + key.sign(body))


def verify(
    text: str, public_keys: Sequence[Ed25519PublicKey], store_id: str, stamp_ns: int
) -> tuple[EntryResult, Claims | None, str]:
    """Check a text against the keys, the store and the time it was shown; never raises on any text.

    Args:
        text: what a reader saw; white space around it is ignored.
        public_keys: keys of issuers the store trusts.
        store_id: the store it is shown in.
        stamp_ns: event time at which it was shown, nanoseconds.

    Returns:
        The verdict (never REPLAYED, which needs a memory), the claims when the signature is good, and
        one sentence for people (empty when accepted).
    """
    parts = _unpack(text.strip())
    if parts is None:
        return EntryResult.MALFORMED, None, "This is not an entry code."
    claims, body, signature = parts
    if not any(_signed(key, signature, body) for key in public_keys):
        return EntryResult.FORGED, None, "The code is not signed by an issuer this store trusts."
    if claims.store != store_id:
        return EntryResult.WRONG_STORE, claims, f"The code is for store {claims.store}."
    if stamp_ns < claims.not_before * NANOSECONDS:
        return EntryResult.NOT_YET_VALID, claims, "The code is not valid yet."
    if stamp_ns >= claims.expires * NANOSECONDS:
        return EntryResult.EXPIRED, claims, "The code has expired."
    return EntryResult.ACCEPTED, claims, ""


def _to_base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=")


def _unpack(text: str) -> tuple[Claims, bytes, bytes] | None:
    if not text.startswith(PREFIX) or len(text) > _LONGEST_TEXT:
        return None
    coded = text[len(PREFIX) :]
    try:
        data = base64.b32decode(coded + "=" * (-len(coded) % 8))
    except ValueError:
        return None
    body, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    if _to_base32(data) != coded or len(body) < _HEAD.size:
        return None
    version, token_id, flags, not_before, expires = _HEAD.unpack_from(body)
    names = _names(body[_HEAD.size :])
    admits = flags & MOST_ADMITTED
    if version != VERSION or names is None or admits == 0:
        return None
    store, account = names
    return Claims(token_id.hex(), store, account, admits, bool(flags & _STAFF), not_before, expires), body, signature


def _names(data: bytes) -> tuple[str, str] | None:
    names = []
    for _ in range(2):
        if not data or data[0] == 0 or len(data) <= data[0]:
            return None
        try:
            names.append(data[1 : data[0] + 1].decode("utf-8"))
        except UnicodeDecodeError:
            return None
        data = data[data[0] + 1 :]
    return (names[0], names[1]) if not data else None


def _signed(key: Ed25519PublicKey, signature: bytes, body: bytes) -> bool:
    try:
        key.verify(signature, body)
    except InvalidSignature:
        return False
    return True

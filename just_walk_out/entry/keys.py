"""Ed25519 keys: a private PEM file at the issuer, base64 public keys in the store description."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PUBLIC_BYTES = 32


def create_key(path: Path) -> Ed25519PrivateKey:
    """Make a new private key and write it as PKCS#8 PEM, readable by its owner only.

    Raises:
        FileExistsError: the file is there; a key is never overwritten.
        OSError: the file cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    return key


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key from a PEM file.

    Raises:
        ValueError: the file is missing, or holds no unencrypted Ed25519 private key.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"{path}: expected an unencrypted Ed25519 private key in PEM form ({error})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path}: expected an Ed25519 key, found {type(key).__name__}")
    return key


def public_text(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """Return the public key as base64, the form of ``entry.public_keys`` in the store description."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode("ascii")


def parse_public(text: str) -> Ed25519PublicKey:
    """Read a public key from base64.

    Raises:
        ValueError: the text is not the base64 of 32 bytes.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"public key {text!r}: expected base64 ({error})") from error
    if len(raw) != PUBLIC_BYTES:
        raise ValueError(f"public key {text!r}: expected {PUBLIC_BYTES} bytes, found {len(raw)}")
    return Ed25519PublicKey.from_public_bytes(raw)


def parse_publics(texts: Iterable[str]) -> tuple[Ed25519PublicKey, ...]:
    """Read several public keys; see ``parse_public``."""
    return tuple(parse_public(text) for text in texts)

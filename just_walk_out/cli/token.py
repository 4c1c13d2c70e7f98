"""``jwo token``: make keys and issue entry codes."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import segno

from just_walk_out.cli.refusal import refuse
from just_walk_out.entry import keys, token
from just_walk_out.store.load import load_store
from just_walk_out.store.place import StoreError

SCALE = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of the command."""
    parser.add_argument("store", nargs="?", type=Path, help="store description (folder or store.yaml)")
    parser.add_argument("--new-key", type=Path, metavar="FILE", help="make a private key and print its public line")
    parser.add_argument("--key", type=Path, metavar="FILE", help="private key of the issuer, PEM")
    parser.add_argument("--account", metavar="ID", help="payment account that is charged")
    parser.add_argument("--admits", type=int, default=1, metavar="N", help="people the code lets in (default 1)")
    parser.add_argument(
        "--valid-for", type=int, default=900, metavar="SECONDS", help="how long it is valid from now on (default 900)"
    )
    parser.add_argument("--staff", action="store_true", help="a staff badge: its visits are never charged")
    parser.add_argument("--png", type=Path, metavar="FILE", help="write the QR code as a picture")
    parser.add_argument("--text", action="store_true", help="print only the text, no QR code in the terminal")


def run(args: argparse.Namespace) -> int:
    """Carry the command out and return its exit status."""
    try:
        return _new_key(args.new_key) if args.new_key else _issue(args)
    except (StoreError, ValueError, OSError) as error:
        refuse("token", error)
        return 1


def _new_key(path: Path) -> int:
    try:
        key = keys.create_key(path)
    except FileExistsError:
        raise ValueError(f"--new-key {path}: expected a new file, as a key is never overwritten; it is there") from None
    print(f'- "{keys.public_text(key)}"')
    print(f"wrote {path}; put the line above under entry.public_keys of the store description", file=sys.stderr)
    return 0


def _issue(args: argparse.Namespace) -> int:
    missing = [name for name in ("store", "key", "account") if not getattr(args, name)]
    if missing:
        names = ", ".join(name if name == "store" else f"--{name}" for name in missing)
        raise ValueError(f"expected {names} (or --new-key FILE)")
    if args.valid_for <= 0:
        raise ValueError(f"--valid-for: expected seconds above 0, got {args.valid_for}")
    store = load_store(args.store)
    key = keys.load_key(args.key)
    if keys.public_text(key) not in store.entry.public_keys:
        raise ValueError(f"{args.key}: its public key is not among entry.public_keys of store {store.id}")
    now = int(time.time())
    text = token.issue(
        key,
        store=store.id,
        account=args.account,
        admits=args.admits,
        staff=args.staff,
        not_before=now,
        expires=now + args.valid_for,
    )
    print(text)
    code = segno.make_qr(text, error="m")
    if not args.text:
        code.terminal(compact=True)
    if args.png:
        code.save(str(args.png), kind="png", scale=SCALE)
        print(f"wrote {args.png}", file=sys.stderr)
    return 0

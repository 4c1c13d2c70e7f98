import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from just_walk_out.entry.keys import public_text
from just_walk_out.entry.stage import EntrySettings, EntryStage
from just_walk_out.entry.token import issue
from just_walk_out.journal import Journal
from just_walk_out.records import CodeScan, Crossing, GateCrossing, GateCrossingArray, Watermark
from just_walk_out.store.model import EntrySettings as StoreEntry
from just_walk_out.store.model import Gate, Store

sys.path.insert(0, str(Path(__file__).parent))

SECOND = 1_000_000_000


@dataclass
class Door:
    """A store with an entrance and an exit, its key, and what happens at them."""

    key: Ed25519PrivateKey
    store: Store
    nonces: count = field(default_factory=count)

    def token(self, account="ann", admits=1, staff=False, expires=10_000, store="corner", not_before=0):
        nonce = next(self.nonces).to_bytes(8, "big")
        return issue(
            self.key,
            store=store,
            account=account,
            admits=admits,
            staff=staff,
            not_before=not_before,
            expires=expires,
            nonce=nonce,
        )

    def stage(self, journal=None, **settings):
        stage = EntryStage(self.store, EntrySettings(**settings), Journal() if journal is None else journal)
        stage.restore()
        return stage

    @staticmethod
    def scan(seconds, code, gate="in"):
        return CodeScan(round(seconds * SECOND), gate, code)

    @staticmethod
    def crossing(seconds, track, direction=Crossing.IN, gate="in"):
        stamp = round(seconds * SECOND)
        return GateCrossing(f"{gate}/{track}/{stamp}", stamp, gate, track, direction, 0.0, 0.0)

    @staticmethod
    def tick(seconds, *crossings):
        stamp = round(seconds * SECOND)
        return GateCrossingArray(stamp, (Watermark("gate_crossings", stamp),), crossings)


@pytest.fixture
def door():
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    store = Store(
        id="corner",
        name="Corner",
        currency="EUR",
        floor=((0.0, 0.0), (8.0, 0.0), (8.0, 6.0), (0.0, 6.0)),
        walls=(),
        gates=(
            Gate("in", "entry", (2.0, 0.0), (3.0, 0.0)),
            Gate("out", "exit", (5.0, 0.0), (6.0, 0.0)),
        ),
        cameras=(),
        gondolas=(),
        buses=(),
        products=(),
        planogram=(),
        entry=StoreEntry((public_text(key),), window=30.0),
    )
    return Door(key, store)

"""A bag through the whole pipeline, faster than real time, without DDS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from just_walk_out.records import Adjustment, Charge
from just_walk_out.replay.bag import read_records, read_store
from just_walk_out.replay.pipeline import Pipeline, stages_of
from just_walk_out.store.model import Store


def replay(bag: Path, store: Store | None = None, config: Path | None = None) -> Iterator[Charge | Adjustment]:
    """Yield the charges that the sensors of a bag lead to, and their corrections by evidence that came late.

    What people decided is no sensor's, and not replayed.

    Args:
        bag: folder of the bag.
        store: instead of the one recorded in the bag.
        config: folder of parameter files instead of the installed one.

    Raises:
        BagError: the bag cannot be read, or holds no store and none is given.
    """
    pipeline = Pipeline(stages_of(store or read_store(bag), config=config))
    for _, record in read_records(bag):
        for output in pipeline.push(record):
            if isinstance(output, Charge | Adjustment):
                yield output

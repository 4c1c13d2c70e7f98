import dataclasses
import json
import typing
from enum import IntEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out import records
from just_walk_out.records import PlateStatus, ShelfWeights, Track, TrackState, field_types, from_dict, to_dict
from just_walk_out.resources import share

CLASSES = [getattr(records, name) for name in records.__all__ if dataclasses.is_dataclass(getattr(records, name, None))]


def values(kind):
    if dataclasses.is_dataclass(kind):
        return st.builds(kind, **{name: values(hint) for name, hint in field_types(kind).items()})
    if typing.get_origin(kind) is tuple:
        return st.lists(values(typing.get_args(kind)[0]), max_size=3).map(tuple)
    if typing.get_origin(kind) is np.ndarray:
        return st.lists(st.floats(width=32, allow_nan=False), max_size=6).map(lambda v: np.asarray(v, np.float32))
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return st.sampled_from(kind)
    return {
        bool: st.booleans(),
        int: st.integers(-(2**62), 2**62),
        float: st.floats(allow_nan=False, allow_infinity=False),
        str: st.text(max_size=12),
        bytes: st.binary(max_size=8),
    }[kind]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_record_survives_json(kind):
    @given(record=values(kind))
    def law(record):
        again = from_dict(kind, json.loads(json.dumps(to_dict(record))))
        assert to_dict(again) == to_dict(record)
        assert type(again) is kind
        if "weights" not in field_types(kind):
            assert again == record

    law()


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_record_mirrors_its_message(kind):
    text = (share() / "msg" / f"{kind.__name__}.msg").read_text()
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    fields = [line[1] for line in lines if len(line) == 2 and "=" not in "".join(line)]
    named = ["stamp" if name == "header" else name for name in fields]
    assert sorted(named) == sorted(field_types(kind))


def test_samples_are_rows_of_plates_and_have_their_own_time():
    weights = ShelfWeights(
        1000, "s", "b", 0, 0, 10, ("p1", "p2"), (PlateStatus.OK,) * 2, np.arange(6, dtype=np.float32)
    )
    assert weights.samples.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert weights.stamps().tolist() == [1000, 1010, 1020]


def test_enumerations_come_back_as_enumerations():
    track = Track("t", TrackState.COASTING, 0, 0, 0, 0, (1.0,), 1.0, 0)
    assert from_dict(Track, to_dict(track)).state is TrackState.COASTING
    with pytest.raises(ValueError, match="99"):
        from_dict(Track, {**to_dict(track), "state": 99})

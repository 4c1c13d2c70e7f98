import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelf_signals import make_store

from just_walk_out.scale.adjustments import (
    Adjustment,
    adjustments_path,
    load_adjustments,
    save_adjustments,
    utc_text,
)
from just_walk_out.store.place import StoreError

BUS = make_store(1, 3).buses[0]
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
KEPT = st.dictionaries(
    st.sampled_from([channel.plate for channel in BUS.channels]),
    st.builds(
        Adjustment,
        zero=NUMBERS,
        scale=NUMBERS.filter(lambda value: value != 0),
        changed=st.just("") | st.just(utc_text(1_700_000_000_000_000_000)),
    ),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return adjustments_path(tmp_path_factory.mktemp("state"), "bus")


@given(KEPT)
def test_what_is_kept_is_read_again(path, kept):
    save_adjustments(path, "bus", kept)
    assert load_adjustments(path, BUS) == kept
    assert [file.name for file in path.parent.iterdir()] == ["bus.yaml"]


def test_no_file_is_no_adjustment(tmp_path):
    assert load_adjustments(tmp_path / "calibration" / "bus.yaml", BUS) == {}


def test_a_time_is_written_in_utc():
    assert utc_text(1_700_000_000_123_456_789) == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bus: other\nplates: {}", "bus: expected bus, got 'other'"),
        ("bus: bus\nplates: [1]", "plates: expected a mapping of plates, got a list"),
        ("bus: bus\nplates: {g9/s9/p9: {zero: 1}}", "'g9/s9/p9': expected a plate of bus bus"),
        ("bus: bus\nplates: {g1/s0/p0: 3}", "'g1/s0/p0': expected a mapping with zero, scale and changed, got 3"),
        ("bus: bus\nplates: {g1/s0/p0: {zero: high}}", "'g1/s0/p0'.zero: expected a number, got 'high'"),
        ("bus: bus\nplates: {g1/s0/p0: {zero: .nan}}", "'g1/s0/p0'.zero: expected a number, got nan"),
        ("bus: bus\nplates: {g1/s0/p0: {scale: 0}}", "'g1/s0/p0'.scale: expected kilograms per count other than 0"),
        ("bus: bus\nplates: {g1/s0/p0: {sclae: 1}}", "'g1/s0/p0'.sclae: unknown key; expected zero, scale and"),
        ("bus: bus\nplats: {}", "plats: unknown key; expected bus and plates"),
        ("bus: [", "expected valid YAML"),
        ("", "expected a mapping of sections"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line_that_names_it(tmp_path, text, expected):
    file = tmp_path / "bus.yaml"
    file.write_text(text)
    with pytest.raises(StoreError) as caught:
        load_adjustments(file, BUS)
    (line,) = caught.value.errors
    assert line.startswith(f"{file}: ") and expected in line and "\n" not in line


@given(st.binary(max_size=300))
def test_no_bytes_in_the_file_do_anything_worse(path, data):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    try:
        load_adjustments(path, BUS)
    except StoreError as error:
        assert error.errors and not any("\n" in line for line in error.errors)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "calibration" / "bus.yaml"
    save_adjustments(file, "bus", {"g1/s0/p0": Adjustment(zero=1.0)})

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_adjustments(file, "bus", {"g1/s0/p0": Adjustment(zero=2.0)})
    assert load_adjustments(file, BUS)["g1/s0/p0"].zero == 1.0


def test_numpy_numbers_are_written_as_numbers(tmp_path):
    file = tmp_path / "bus.yaml"
    save_adjustments(file, "bus", {"g1/s0/p0": Adjustment(zero=float(np.float64(2.5)), scale=4.6e-6)})
    assert load_adjustments(file, BUS)["g1/s0/p0"] == Adjustment(2.5, 4.6e-6)

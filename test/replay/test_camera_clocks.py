"""A camera whose clock is off: the others go on, and nobody's receipt changes."""

import dataclasses

import pytest

from just_walk_out.checkout.receipt import receipt_line
from just_walk_out.records import Charge, PersonDetectionArray
from just_walk_out.replay.bag import read_records, read_store
from just_walk_out.replay.offline import replay
from just_walk_out.replay.pipeline import Pipeline, stages_of


@pytest.fixture(scope="module")
def receipts(plain_bag):
    return sorted(receipt_line(charge) for charge in replay(plain_bag))


@pytest.mark.parametrize(("camera", "seconds"), [("cam_ne", 3.0), ("cam_sw", 9.0)])
def test_a_camera_whose_clock_runs_ahead_changes_no_receipt(plain_bag, receipts, camera, seconds):
    pipeline, charges = Pipeline(stages_of(read_store(plain_bag))), []
    for _, record in read_records(plain_bag):
        if isinstance(record, PersonDetectionArray) and record.camera == camera:
            record = dataclasses.replace(record, stamp=record.stamp + round(seconds * 1e9))
        charges += [each for each in pipeline.push(record) if isinstance(each, Charge)]
    found = sorted(receipt_line(charge) for charge in charges)
    assert [_without_times(line) for line in found] == [_without_times(line) for line in receipts]


def _without_times(line):
    """A gate is crossed a moment earlier or later where one camera more or less sees it."""
    return [part for part in line.split(",") if not part.startswith(('"entered"', '"exited"'))]

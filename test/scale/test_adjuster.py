"""Tare and calibration while a bus is read, and what the shelf events make of it: nothing."""

import dataclasses

import numpy as np
import pytest
from board_frames import encode
from shelf_signals import make_store

from just_walk_out.records import PlateStatus
from just_walk_out.scale.adjuster import PlateAdjuster
from just_walk_out.scale.adjustments import Adjustment, load_adjustments, save_adjustments
from just_walk_out.scale.calibration import CalibrationError
from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.scale.events.stage import ShelfEventStage
from just_walk_out.scale.reading import ReadingError

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
FRAME = 100_000_200  # nanoseconds of one frame of six samples
PLATES = 6
ZEROS = 1000.0 * np.arange(PLATES)
SCALE = 1e-6


class Line:
    """One board of six plates at 1 g of noise, loaded as ``load`` says, and whatever listens to it."""

    def __init__(self, adjuster, stage=None):
        self.adjuster, self.stage = adjuster, stage
        self.rng = np.random.default_rng(1)
        self.load = np.full(PLATES, 2.0)
        self.number = 0
        self.status = [0] * PLATES
        self.records, self.events = [], []

    @property
    def now(self):
        return T0 + self.number * FRAME

    def run(self, seconds, rest=True):
        for _ in range(round(seconds * SECOND / FRAME)):
            noise = self.rng.normal(0.0, 0.001, (6, PLATES))
            sway = 0.0 if rest else 0.05 * np.sin(2 * np.pi * 0.7 * (self.number * 0.1 + np.arange(6)[:, None] / 60))
            counts = np.round(ZEROS + (self.load + noise + sway) / SCALE).astype(int).tolist()
            data = encode(0, self.number % 65536, self.number * 100_002 % 2**32, 16_667, self.status, counts)
            self.number += 1
            for record in self.adjuster.driver.feed(self.now + 3_000_000, data):
                self.records.append(record)
                for output in self.stage.push(record) if self.stage else ():
                    self.events += output.events

    def weigh(self):
        return self.records[-1].samples.mean(axis=0)


@pytest.fixture
def store():
    return make_store(1, PLATES)


@pytest.fixture
def line(store, tmp_path):
    return Line(PlateAdjuster(store.buses[0], store, tmp_path), ShelfEventStage(store))


def test_tare_zeroes_every_plate_and_is_still_in_force_after_a_restart(line, store, tmp_path):
    line.load = np.linspace(-0.2, 0.3, PLATES)
    line.run(4)
    text = line.adjuster.tare(line.now)
    assert text.startswith("bus bus: 6 plates zeroed; the farthest off was g1/s0/p5, +0.")
    line.run(0.5)
    assert line.weigh() == pytest.approx(np.zeros(PLATES), abs=0.002)
    again = Line(PlateAdjuster(store.buses[0], store, tmp_path))
    again.load = line.load
    again.run(0.5)
    assert again.weigh() == pytest.approx(np.zeros(PLATES), abs=0.002)
    assert again.adjuster.adjusted == PLATES


def test_a_tare_makes_no_shelf_event_and_hides_none_after_it(line):
    line.run(5)
    line.load[3] -= 0.3
    line.run(5)
    assert len(line.events) == 1
    line.adjuster.tare(line.now)
    line.run(5)
    assert line.weigh() == pytest.approx(np.zeros(PLATES), abs=0.002)
    assert len(line.events) == 1
    line.load[2] -= 0.05
    line.run(5)
    assert [event.plates for event in line.events] == [("g1/s0/p3",), ("g1/s0/p2",)]
    assert line.events[1].change[0] == pytest.approx(-0.05, abs=0.003)


def test_without_the_word_in_the_stream_the_tare_would_be_an_event(line, store):
    """Why the status ADJUSTED exists: the same samples without it."""
    line.run(5)
    line.adjuster.tare(line.now)
    line.run(5)
    deaf = ShelfEventStage(store)
    said = [dataclasses.replace(record, status=(PlateStatus.OK,) * PLATES) for record in line.records]
    assert [event for record in said for output in deaf.push(record) for event in output.events]
    assert not line.events


@pytest.mark.parametrize("missing", [1, 5, 9])
def test_a_reader_that_loses_most_of_that_second_is_not_fooled(line, store, missing):
    line.run(5)
    before = len(line.records)
    line.adjuster.tare(line.now)
    line.run(5)
    stage = ShelfEventStage(store)
    heard = line.records[:before] + line.records[before + missing :]
    assert not [event for record in heard for output in stage.push(record) for event in output.events]


def test_a_new_scale_of_one_plate_makes_no_event_and_leaves_the_others_alone(line):
    line.run(5)
    line.adjuster.calibrate("g1/s0/p1", 900.0, 1.2e-6, line.now)
    line.run(0.3)
    line.load[4] -= 0.2
    line.run(6)
    assert [event.plates for event in line.events] == [("g1/s0/p4",)]
    assert line.weigh()[1] == pytest.approx(2.0 * 1.2, rel=1e-3)


def test_the_stream_says_for_a_second_which_plates_were_set(line):
    line.run(3)
    line.adjuster.calibrate("g1/s0/p1", 0.0, SCALE, line.now)
    line.records.clear()
    line.run(2)
    said = [record.status for record in line.records]
    assert said[:10] == [(0, PlateStatus.ADJUSTED, 0, 0, 0, 0)] * 10
    assert said[10:] == [(PlateStatus.OK,) * PLATES] * 10
    assert not line.adjuster.driver.health(line.now).boards[0].faulty


def test_a_plate_that_was_not_well_when_it_was_set_says_so_once_it_is(line):
    line.run(3)
    line.adjuster.calibrate("g1/s0/p1", 0.0, SCALE, line.now)
    line.status[1] = 3
    line.run(2)
    assert line.records[-1].status[1] is PlateStatus.FAULT
    line.status[1] = 0
    line.run(0.3)
    assert line.records[-1].status[1] is PlateStatus.ADJUSTED


def test_a_shelf_in_motion_is_not_tared(line):
    line.run(3)
    line.run(3, rest=False)
    with pytest.raises(ReadingError, match=r"bus bus: nothing tared: plate g1/s0/p0 is not at rest.*and 2 more"):
        line.adjuster.tare(line.now)
    assert not line.adjuster.path.exists()
    line.run(0.5)
    assert line.weigh() == pytest.approx(np.full(PLATES, 2.0), abs=0.002)


def test_one_item_taken_a_moment_ago_stops_the_tare(line):
    line.run(4)
    line.load[5] -= 0.1
    line.run(1)
    with pytest.raises(ReadingError, match=r"nothing tared: plate g1/s0/p5 is not at rest: it moved by 1\d\d\.\d g"):
        line.adjuster.tare(line.now)
    line.run(3)
    assert "6 plates zeroed" in line.adjuster.tare(line.now)


@pytest.mark.parametrize(
    ("code", "text"), [(1, "without a value"), (2, "saturated"), (3, "faulty")], ids=["no value", "saturated", "fault"]
)
def test_a_plate_that_is_not_well_stops_the_tare_and_is_named(line, code, text):
    line.status[2] = code
    line.run(4)
    with pytest.raises(ReadingError, match=f"nothing tared: plate g1/s0/p2: the board says that it is {text}$"):
        line.adjuster.tare(line.now)


def test_silence_and_a_bus_just_opened_stop_the_tare(line):
    line.run(0.3)
    with pytest.raises(ReadingError, match=r"0\.3 s of samples so far, wait a moment"):
        line.adjuster.tare(line.now)
    line.run(4)
    with pytest.raises(ReadingError, match="nothing has come from board 0 lately"):
        line.adjuster.tare(line.now + 3 * SECOND)


def test_a_disk_that_is_full_changes_nothing(line, tmp_path):
    line.run(4)
    (tmp_path / "calibration").write_text("a file where the folder should be")
    with pytest.raises(OSError):
        line.adjuster.tare(line.now)
    line.run(0.5)
    assert line.weigh() == pytest.approx(np.full(PLATES, 2.0), abs=0.002)
    assert set(line.records[-1].status) == {PlateStatus.OK}


@pytest.mark.parametrize(("zero", "scale"), [(float("nan"), 1e-6), (0.0, 0.0), (0.0, float("inf"))])
def test_numbers_that_are_none_are_refused(line, zero, scale):
    with pytest.raises(CalibrationError, match="plate g1/s0/p0: expected a zero in counts and a scale in kg per count"):
        line.adjuster.calibrate("g1/s0/p0", zero, scale, line.now)
    assert not line.adjuster.path.exists()


def test_a_plate_of_another_bus_is_refused(line):
    with pytest.raises(ReadingError, match="plate 'g7/s1/p1' is not on bus bus"):
        line.adjuster.calibrate("g7/s1/p1", 0.0, 1.0, line.now)
    with pytest.raises(ReadingError, match="plate 'g7/s1/p1' is not on bus bus"):
        line.adjuster.measure("g7/s1/p1", line.now)


def test_a_tare_keeps_a_scale_that_was_calibrated_and_names_none_that_was_not(line, store):
    line.run(4)
    line.adjuster.calibrate("g1/s0/p1", 0.0, 2e-6, line.now)
    line.adjuster.tare(line.now)
    kept = load_adjustments(line.adjuster.path, store.buses[0])
    assert kept["g1/s0/p1"].scale == 2e-6 and kept["g1/s0/p0"].scale is None
    assert kept["g1/s0/p0"].changed == "2023-11-14T22:13:24Z"


def test_the_file_outranks_the_description_key_by_key(store, tmp_path):
    file = tmp_path / "calibration" / "bus.yaml"
    save_adjustments(file, "bus", {"g1/s0/p0": Adjustment(zero=5.0), "g1/s0/p1": Adjustment(scale=3e-6)})
    driver = PlateAdjuster(store.buses[0], store, tmp_path).driver
    assert driver.calibration("g1/s0/p0") == (5.0, SCALE)
    assert driver.calibration("g1/s0/p1") == (1000.0, 3e-6)
    assert driver.calibration("g1/s0/p2") == LoadCellDriver(store.buses[0], store).calibration("g1/s0/p2")

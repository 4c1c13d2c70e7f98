"""A scale that zeroes or tares itself: its plate says so, and nobody is taken to have emptied it."""

import dataclasses
import math

import pytest
from buses import PLATES, SECOND, STORE, T0, text_bus
from test_talking import Bench, Host

from just_walk_out.records import PlateStatus
from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.scale.events.settings import ShelfEventSettings
from just_walk_out.scale.events.stage import ShelfEventStage
from just_walk_out.scale.reading import ReadingError

OK, STALE, ADJUSTED = PlateStatus.OK, PlateStatus.STALE, PlateStatus.ADJUSTED
FAST = ShelfEventSettings(learning_time=0.4)
LINES = {"mt_sics": b"S S %10.1f g\r\n", "and_stream": b"ST,GS,+%09.1f g\r\n"}


def events(batches):
    stage = ShelfEventStage(STORE, FAST)
    return [event for batch in batches for output in stage.push(batch) for event in output.events]


def unmarked(batches):
    """The same samples, had the driver not known of the tare."""
    return [
        dataclasses.replace(batch, status=tuple(OK if each is ADJUSTED else each for each in batch.status))
        for batch in batches
    ]


@pytest.mark.parametrize(
    ("protocol", "by"),
    [("mt_sics", "service"), ("and_stream", "service"), ("and_stream", "key")],
)
def test_a_tare_of_the_scale_itself_is_no_shelf_event(tmp_path, protocol, by):
    """Bytes of the simulated scale over a pseudo-terminal, 1.5 kg on it; asked by the service or by its own key."""
    bus = text_bus(protocol, rate=20.0)
    bench = Bench(bus, tmp_path / "bus")
    host = Host(bus, str(tmp_path / "bus"))

    def weighed(kilograms, since):
        last = [batch for batch in host.batches[since:] if len(batch.weights) and batch.status == (OK,)][-15:]
        return len(last) == 15 and all(abs(batch.weights[0] - kilograms) < 0.2 for batch in last)

    try:
        host.until(lambda: weighed(1.5, 0), "the load is not seen")
        since = len(host.batches)
        if by == "key":
            bench.devices.press_tare()
        else:
            host.driver.request("tare")
        host.until(lambda: weighed(0.0, since), "the scale does not tare")
    finally:
        host.transport.stop()
        bench.stop()
    batches = [batch for batch in host.batches if len(batch.weights)]
    assert events(batches) == []
    assert sum(batch.sample_period for batch in batches if batch.status == (ADJUSTED,)) >= SECOND
    (wrong,) = events(unmarked(batches))
    assert wrong.change[0] < -1.2


def heard(driver, protocol, grams, count, start, before=b""):
    """Feed ``count`` readings, 0.1 s apart; return the statuses of the plate."""
    found = []
    for number in range(count):
        line = LINES[protocol] % grams
        arrival = T0 + round((start + number / 10) * SECOND)
        found += [each.status[0] for each in driver.feed(arrival, (before if not number else b"") + line)]
    return found


SAID = {
    "zeroed by another host": ("mt_sics", b"Z A\r\n"),
    "zeroed at once": ("mt_sics", b"ZI D\r\n"),
    "tared by another host": ("mt_sics", b"T S     100.00 g\r\n"),
    "tared at once": ("mt_sics", b"TI D     100.00 g\r\n"),
    "a tare given": ("mt_sics", b"TA A     100.00 g\r\n"),
    "tare cleared": ("mt_sics", b"TAC A\r\n"),
    "switched on": ("mt_sics", b'I4 A "0123456789"\r\n'),
    "second acknowledgement": ("and_stream", b"\x06\r\n"),
}


@pytest.mark.parametrize(("protocol", "line"), SAID.values(), ids=SAID)
def test_whatever_a_scale_says_of_its_zero_marks_its_samples_for_a_second(protocol, line):
    driver = LoadCellDriver(text_bus(protocol), STORE)
    assert set(heard(driver, protocol, 500.0, 20, 0.0)) == {OK}
    found = heard(driver, protocol, 0.0, 20, 2.0, before=line)
    assert found == [ADJUSTED] * 10 + [OK] * 10


def test_a_tare_that_the_scale_does_not_answer_marks_its_samples_too():
    driver = LoadCellDriver(text_bus("mt_sics"), STORE)
    heard(driver, "mt_sics", 500.0, 5, 0.0)
    driver.request("tare")
    assert driver.poll(T0 + SECOND).data == b"T\r\n"
    assert set(heard(driver, "mt_sics", 0.0, 140, 1.0)) == {STALE}
    driver.poll(T0 + 17 * SECOND)
    assert driver.outcome() == "tare: no answer"
    assert heard(driver, "mt_sics", 0.0, 15, 17.0) == [ADJUSTED] * 10 + [OK] * 5


def test_a_scale_that_first_says_it_has_understood_and_tares_later_makes_no_event():
    """As A&D scales do: an acknowledgement at once, a second one after the load has come to rest."""
    driver, batches = LoadCellDriver(text_bus("and_stream"), STORE), []
    acknowledged = {30: b"\x06\r\n", 65: b"\x06\r\n"}
    for number in range(140):
        if number == 29:
            driver.request("tare")
            driver.poll(T0 + 29 * SECOND // 10)
        # the last reading before the second acknowledgement is one of the new zero already
        line = acknowledged.get(number, b"") + LINES["and_stream"] % (500.0 if number < 64 else 0.0)
        batches += driver.feed(T0 + number * SECOND // 10, line)
    assert driver.outcome() == "tare: done"
    assert events(batches) == []
    assert len(events(unmarked(batches))) == 1


def test_a_refused_tare_changes_nothing():
    driver = LoadCellDriver(text_bus("mt_sics"), STORE)
    heard(driver, "mt_sics", 500.0, 5, 0.0)
    driver.request("zero")
    driver.poll(T0 + SECOND)
    assert heard(driver, "mt_sics", 500.0, 3, 1.0) == [STALE] * 3
    assert heard(driver, "mt_sics", 500.0, 3, 2.0, before=b"Z +\r\n") == [OK] * 3


def test_a_slow_scale_says_so_in_three_batches_at_least():
    driver = LoadCellDriver(text_bus("mt_sics", rate=1.0), STORE)
    found = []
    for number in range(10):
        line = (b"Z A\r\n" if number == 5 else b"") + LINES["mt_sics"] % 500.0
        found += [each.status[0] for each in driver.feed(T0 + number * SECOND, line)]
    assert found == [OK] * 5 + [ADJUSTED] * 3 + [OK] * 2


def test_what_was_read_before_a_tare_of_the_scale_is_no_part_of_a_calibration():
    driver = LoadCellDriver(text_bus("mt_sics"), STORE)
    heard(driver, "mt_sics", 500.0, 40, 0.0)
    heard(driver, "mt_sics", 0.0, 10, 4.0, before=b"Z A\r\n")
    with pytest.raises(ReadingError, match=r"s of samples so far, wait a moment"):
        driver.reading(PLATES[0], T0 + round(4.9 * SECOND))
    heard(driver, "mt_sics", 0.0, 20, 5.0)
    assert math.isclose(driver.reading(PLATES[0], T0 + round(6.95 * SECOND)).mean, 0.0, abs_tol=1e-9)

"""What keeps happening though planogram or catalogue say otherwise."""

import dataclasses
from itertools import pairwise

import pytest
from shelf_scenes import before, event, grams, in_turn, plate_of, still, streams

from just_walk_out.journal import Journal
from just_walk_out.pickup.memory import Moment
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stage import PickupStage
from just_walk_out.pickup.suspicions import Suspicions
from just_walk_out.pickup.testimony import Stranger, Weighing
from just_walk_out.records import Alert, DecisionKind, DecisionState, Interaction, InteractionArray, Kind, VisitArray


def outputs_of(store, feed, journal=None):
    stage = PickupStage(store, PickupSettings(), journal or Journal())
    return [*stage.restore(), *(output for record in feed for output in stage.push(record))]


def feed_of(store, plate, kilograms_each):
    """One person takes things of these weights from a plate."""
    events = [event(store, plate, -1000.0 * weight, 2 + 4 * n) for n, weight in enumerate(kilograms_each)]
    return in_turn(streams(store, events, {"ada": still(before(store, plate))}, 6 + 4 * len(events)))


def interactions(outputs):
    return [item for output in outputs if isinstance(output, InteractionArray) for item in output.interactions]


def corrections(outputs):
    return [each for output in outputs if isinstance(output, InteractionArray) for each in output.corrections]


def play(store, plate, kilograms_each):
    """Let things of these weights be taken; returns interactions and what is suspected."""
    outputs = outputs_of(store, feed_of(store, plate, kilograms_each))
    suspected = [item for item in outputs if isinstance(item, Alert) and item.kind.endswith("_suspect")]
    return interactions(outputs), suspected


def test_a_plate_with_another_product_is_noticed_and_believed(demo_store):
    plate = plate_of(demo_store, "cola_can")
    weight = grams(demo_store, "honey") / 1000.0
    made, suspected = play(demo_store, plate, [weight] * 5)
    (alert,) = suspected
    assert alert.kind == "planogram_suspect"
    assert f"add {plate} to the plates of honey" in alert.text
    assert [(item.sku, item.state) for item in made[1:]] == [("honey", DecisionState.COMMITTED)] * 4


def test_a_plate_is_believed_again_once_it_gives_out_what_belongs_there(demo_store):
    plate = plate_of(demo_store, "cola_can")
    suspicions = Suspicions(demo_store, PickupSettings())
    shares = []
    for number, sku in enumerate(["honey"] * 3 + ["cola_can"] * 12):
        found = (Stranger("honey", 9000),) if sku == "honey" else ()
        suspicions.note(
            Weighing(f"e{number}#0", f"e{number}", number, "g2/s2", plate, ("cola_can",), 0.7, sku, 1, "ada",
                     astray=sku == "honey", strangers=found, start=number),
            number,
        )  # fmt: skip
        shares.append(suspicions.strangers([plate], ["cola_can"], Moment(number + 1, number + 1)).get("honey", 0.0))
    assert all(late > early for early, late in pairwise(shares[:3])) and shares[2] > 0.99
    assert shares[-1] < 0.01


def test_what_staff_take_shows_no_weight(demo_store):
    plate = plate_of(demo_store, "cola_can")
    feed = feed_of(demo_store, plate, [2 * grams(demo_store, "cola_can") / 1000.0] * 5)
    feed = [
        dataclasses.replace(item, visits=tuple(dataclasses.replace(visit, staff=True) for visit in item.visits))
        if isinstance(item, VisitArray)
        else item
        for item in feed
    ]
    outputs = outputs_of(demo_store, feed)
    assert corrections(outputs) == [] and [item.quantity for item in interactions(outputs)] == [2] * 5


def test_a_weight_that_no_product_has_is_proposed_and_believed(demo_store):
    plate = plate_of(demo_store, "cola_can")
    made, suspected = play(demo_store, plate, [0.4000, 0.4004, 0.3997, 0.4001])
    (alert,) = suspected
    assert alert.kind == "catalogue_weight_suspect"
    assert "Proposed: weight_g 400 for cola_can" in alert.text
    assert all(item.state is DecisionState.REVIEW for item in made[:3])
    assert (made[3].sku, made[3].quantity, made[3].state) == ("cola_can", 1, DecisionState.COMMITTED)


def test_a_pack_that_was_entered_as_one_unit_is_noticed_and_what_was_counted_twice_is_corrected(demo_store):
    plate = plate_of(demo_store, "cola_can")
    outputs = outputs_of(demo_store, feed_of(demo_store, plate, [2 * grams(demo_store, "cola_can") / 1000.0] * 6))
    (alert,) = (item for item in outputs if isinstance(item, Alert))
    assert alert.kind == "catalogue_weight_suspect"
    assert "the catalogue says 346 g, as of one piece of a pack of 2" in alert.text
    assert "Proposed: weight_g 692 for cola_can" in alert.text
    made, corrected = interactions(outputs), corrections(outputs)
    assert [item.quantity for item in made] == [2, 2, 1, 1, 1, 1]
    assert all((item.sku, item.state) == ("cola_can", DecisionState.COMMITTED) for item in made)
    assert [(each.interaction, each.quantity) for each in corrected] == [(item.id, 1) for item in made[:2]]
    assert {(each.kind, each.by, each.visit) for each in corrected} == {
        (DecisionKind.CORRECT, "pickup: weight of cola_can", "ada")
    }


def test_a_piece_that_was_entered_as_a_pack_is_known_at_once(demo_store):
    plate = plate_of(demo_store, "cola_can")
    made, (alert,) = play(demo_store, plate, [grams(demo_store, "cola_can") / 2000.0] * 2)
    assert "Proposed: weight_g 173 for cola_can" in alert.text
    assert [(item.sku, item.quantity, item.state) for item in made] == [("cola_can", 1, DecisionState.COMMITTED)] * 2


def test_a_pack_is_put_back_as_it_was_taken(demo_store):
    plate, weight = plate_of(demo_store, "cola_can"), 2 * grams(demo_store, "cola_can") / 1000.0
    made, _ = play(demo_store, plate, [weight, weight, weight, -weight, weight, -weight])
    assert [item.kind for item in made] == [Kind.TAKE, Kind.TAKE, Kind.TAKE, Kind.RETURN, Kind.TAKE, Kind.RETURN]
    # as many as it may be come back, as few as it may be are taken
    assert made[3].quantity >= made[2].quantity and made[5].quantity >= made[4].quantity
    assert all(item.state is DecisionState.COMMITTED for item in made)


@pytest.mark.parametrize("units", [(1, 2, 2, 2, 2), (2, 2, 1, 2), (1, 1, 1, 1), (1, 4, 6)])
def test_what_fits_now_and_then_is_not_suspected(demo_store, units):
    plate, weight = plate_of(demo_store, "cola_can"), grams(demo_store, "cola_can") / 1000.0
    made, suspected = play(demo_store, plate, [count * weight for count in units])
    assert suspected == []
    assert [item.quantity for item in made] == list(units)


@pytest.mark.parametrize("part", [0.3, 0.55, 0.9])
def test_a_restart_forgets_nothing_that_was_learnt(demo_store, part):
    plate = plate_of(demo_store, "cola_can")
    pieces = [2, 2, 2, 0.4 / 0.346, 0.4 / 0.346, 0.4 / 0.346, 0.4 / 0.346]
    feed = feed_of(demo_store, plate, [count * grams(demo_store, "cola_can") / 1000.0 for count in pieces])
    whole = outputs_of(demo_store, feed)
    journal = Journal()
    outputs_of(demo_store, feed[: round(part * len(feed))], journal)
    again = outputs_of(demo_store, feed, journal)
    for of in (interactions, corrections):
        known = {each.id: each for each in of(whole)}
        assert len(known) == len(of(whole)) >= 2
        assert {each.id: each for each in of(again)} == known


class Killed(BaseException):
    """The process ends."""


class FragileJournal(Journal):
    """Ends the process at one of its writes, before or after it."""

    left = -1
    written = False

    def append(self, record, id, stamp):
        self.left -= 1
        if self.left == 0 and not self.written:
            raise Killed
        done = super().append(record, id, stamp)
        if self.left == 0:
            raise Killed
        return done


@pytest.mark.parametrize("written", [False, True])
def test_a_process_that_is_killed_at_any_write_corrects_the_same(demo_store, written):
    plate = plate_of(demo_store, "cola_can")
    feed = feed_of(demo_store, plate, [2 * grams(demo_store, "cola_can") / 1000.0] * 3)
    expected = outputs_of(demo_store, feed)
    writes = 0
    while True:
        writes += 1
        journal = FragileJournal()
        journal.left, journal.written = writes, written
        try:
            outputs_of(demo_store, feed, journal)
            break
        except Killed:
            half = {each.event for each in journal.read(Weighing)} - {
                each.id.split("#")[0] for each in journal.read(Interaction)
            }
            assert not half
            again = outputs_of(demo_store, feed, journal)
        for of in (interactions, corrections):
            assert {each.id: each for each in of(again)} == {each.id: each for each in of(expected)}
    assert writes > 8 and len(corrections(expected)) == 2

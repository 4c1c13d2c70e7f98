"""What keeps happening though planogram or catalogue say otherwise."""

import pytest
from shelf_scenes import before, event, grams, in_turn, plate_of, still, streams

from just_walk_out.journal import Journal
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stage import PickupStage
from just_walk_out.records import Alert, DecisionState, InteractionArray


def play(store, plate, kilograms_each):
    """Let one person take things of these weights from a plate; returns interactions and what is suspected."""
    events = [event(store, plate, -1000.0 * weight, 2 + 4 * n) for n, weight in enumerate(kilograms_each)]
    stage = PickupStage(store, PickupSettings(), Journal())
    feed = in_turn(streams(store, events, {"ada": still(before(store, plate))}, 6 + 4 * len(events)))
    outputs = [output for record in feed for output in stage.push(record)]
    made = [item for output in outputs if isinstance(output, InteractionArray) for item in output.interactions]
    return made, [item for item in outputs if isinstance(item, Alert) and item.kind.endswith("_suspect")]


def test_a_plate_with_another_product_is_noticed_and_believed(demo_store):
    plate = plate_of(demo_store, "cola_can")
    weight = grams(demo_store, "honey") / 1000.0
    made, suspected = play(demo_store, plate, [weight] * 5)
    (alert,) = suspected
    assert alert.kind == "planogram_suspect"
    assert f"add {plate} to the plates of honey" in alert.text
    assert [(item.sku, item.state) for item in made[-2:]] == [("honey", DecisionState.COMMITTED)] * 2


def test_a_weight_that_no_product_has_is_proposed_and_believed(demo_store):
    plate = plate_of(demo_store, "cola_can")
    made, suspected = play(demo_store, plate, [0.4000, 0.4004, 0.3997, 0.4001])
    (alert,) = suspected
    assert alert.kind == "catalogue_weight_suspect"
    assert "Proposed: weight_g 400 for cola_can" in alert.text
    assert all(item.state is DecisionState.REVIEW for item in made[:3])
    assert (made[3].sku, made[3].quantity, made[3].state) == ("cola_can", 1, DecisionState.COMMITTED)


def test_a_pack_that_was_entered_as_one_unit_is_noticed(demo_store):
    plate = plate_of(demo_store, "cola_can")
    _, suspected = play(demo_store, plate, [2 * grams(demo_store, "cola_can") / 1000.0] * 4)
    (alert,) = suspected
    assert "always 2 or a multiple at once" in alert.text
    assert "Proposed: weight_g 692 for cola_can" in alert.text


@pytest.mark.parametrize("units", [(1, 2, 2, 2, 2), (2, 2, 2, 1), (1, 1, 1, 1)])
def test_what_fits_now_and_then_is_not_suspected(demo_store, units):
    plate, weight = plate_of(demo_store, "cola_can"), grams(demo_store, "cola_can") / 1000.0
    made, suspected = play(demo_store, plate, [count * weight for count in units])
    assert suspected == []
    assert [item.quantity for item in made] == list(units)

"""A store that is started again with another description than the one its journal tells of."""

import dataclasses

import pytest
from shelf_scenes import SECOND, before, event, grams, in_turn, still, streams

from just_walk_out.journal import Journal
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stage import PickupStage
from just_walk_out.records import DecisionState, InteractionArray, Kind

CAN = "g2/s2/p1"


def without(store, sku="", shelf="", plate=""):
    """Return a store without a product, a shelf or a plate."""

    def stays(id):
        return id != plate and id.rpartition("/")[0] != shelf

    def cut(gondola):
        kept = [each for each in gondola.shelves if each.id != shelf]
        plates = [tuple(each for each in one.plates if stays(each.id)) for one in kept]
        shelves = [dataclasses.replace(one, plates=there) for one, there in zip(kept, plates, strict=True)]
        return dataclasses.replace(gondola, shelves=tuple(shelves))

    facings = [dataclasses.replace(each, plates=tuple(filter(stays, each.plates))) for each in store.planogram]
    return dataclasses.replace(
        store,
        products=tuple(each for each in store.products if each.sku != sku),
        planogram=tuple(each for each in facings if each.plates and each.sku != sku),
        gondolas=tuple(map(cut, store.gondolas)),
    )


def play(store, journal, *events):
    plates = [each.plates[0] for each in events]
    feed = in_turn(streams(store, events, {"ada": still(before(store, plates[0]))}, events[-1].end / SECOND + 4))
    stage = PickupStage(store, PickupSettings(), journal)
    outputs = [output for record in feed for output in stage.push(record)]
    return [item for array in outputs if isinstance(array, InteractionArray) for item in array.interactions]


@pytest.mark.parametrize("part", [0.5, 1.0, 1.4])
@pytest.mark.parametrize("gone", [{"sku": "cola_can"}, {"shelf": "g2/s2"}, {"plate": CAN}])
def test_what_the_store_does_not_have_any_more_keeps_nothing_from_being_decided(demo_store, gone, part):
    """Things of half the weight, of the whole, and of none that is known."""
    journal = Journal()
    weight = part * grams(demo_store, "cola_can")
    assert len(play(demo_store, journal, *(event(demo_store, CAN, -weight, 2 + 4 * n) for n in range(4)))) == 4
    store = without(demo_store, **gone)
    plate, sku = ("g3/s2/p4", "honey") if "shelf" in gone else ("g2/s2/p3", "iced_tea_peach")
    weight = grams(store, sku)
    made = play(store, journal, event(store, plate, -weight, 22), event(store, plate, weight, 26))
    assert [(item.kind, item.visit) for item in made] == [(Kind.TAKE, "ada"), (Kind.RETURN, "ada")]


@pytest.mark.parametrize("factor", [0.5, 2.0, 6.0])
@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_so_many_are_charged_as_were_taken_once_the_catalogue_has_been_put_right(demo_store, factor, pieces):
    """An operator follows the proposal: what was learnt of multiples of the old weight is not about the new one."""
    journal = Journal()
    true = factor * grams(demo_store, "cola_can")
    made = play(demo_store, journal, *(event(demo_store, CAN, -true, 2 + 4 * n) for n in range(8)))
    assert made[-1].quantity == 1
    right = tuple(
        dataclasses.replace(each, weight=true / 1000.0) if each.sku == "cola_can" else each
        for each in demo_store.products
    )
    store = dataclasses.replace(demo_store, products=right)
    (made,) = play(store, journal, event(store, CAN, -pieces * true, 40))
    assert (made.sku, made.quantity, made.state) == ("cola_can", pieces, DecisionState.COMMITTED)

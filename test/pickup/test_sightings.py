"""What shelf cameras add to a decision, and that it is made without them."""

import dataclasses

import pytest
from shelf_scenes import SECOND, before, decide, event, in_turn, still, streams

from just_walk_out.benchmark.shelf_view.scenarios import shelf_camera
from just_walk_out.records import DecisionState, ShelfObservation, ShelfObservationArray, Watermark

PLATE = "g5/s3/p3"  # two products
TWINS = ("batteries_aa", "batteries_aaa")


@pytest.fixture
def seen_store(store):
    """Both products of a plate weigh the same, and a camera looks at them."""
    weight = store.product[TWINS[0]].weight
    products = tuple(dataclasses.replace(p, weight=weight) if p.sku in TWINS else p for p in store.products)
    camera = shelf_camera(store.gondola_of[PLATE], -1)
    return dataclasses.replace(store, products=products, cameras=(*store.cameras, camera))


def sights(store, take, until, camera, at=None, **scores):
    """The stream of a shelf camera that answers at a moment, seconds; or never."""
    shelf = take.shelf
    found = []
    for tick in range(0, int(until * 10) + 1):
        now = tick * SECOND // 10
        if at is None:
            found.append(ShelfObservationArray(now, camera))
            continue
        mark = now if now >= at * SECOND else min(now, take.start - 1)
        here = (tick - 1) / 10 < at <= tick / 10
        view = ShelfObservation(f"{camera}:{take.id}", camera, take.id, PLATE, take.start, take.end, **scores)
        found.append(ShelfObservationArray(now, camera, (Watermark(shelf, mark),), (view,) if here else ()))
    return found


def scene(store, people, **scores):
    take = event(store, PLATE, -1000 * store.product[TWINS[0]].weight, at=3.0)
    camera = store.cameras[-1].id
    at = scores.pop("at", 4.0)
    return take, in_turn([*streams(store, [take], people, 8), sights(store, take, 8, camera, at, **scores)])


@pytest.mark.parametrize("sku", TWINS)
def test_of_products_of_equal_weight_the_one_that_is_seen_is_taken(seen_store, sku):
    people = {"ada": still(before(seen_store, PLATE))}
    other = next(each for each in TWINS if each != sku)
    take, feed = scene(seen_store, people, skus=(sku, other), product_scores=(4.0, -2.0))
    (taken,) = decide(seen_store, feed)
    assert (taken.sku, taken.state) == (sku, DecisionState.COMMITTED)
    assert f"{seen_store.cameras[-1].id}:{take.id}" in taken.evidence


def test_of_two_people_the_one_whose_arm_is_seen_took_it(seen_store):
    people = {name: still(before(seen_store, PLATE, aside)) for name, aside in (("ada", -0.2), ("ben", 0.2))}
    for name in people:
        arms = {"tracks": ("t-ada", "t-ben"), "track_scores": (4.0, -4.0) if name == "ada" else (-4.0, 4.0)}
        _, feed = scene(seen_store, people, skus=TWINS, product_scores=(4.0, -2.0), **arms)
        (taken,) = decide(seen_store, feed)
        assert (taken.visit, taken.state) == (name, DecisionState.COMMITTED)


def test_a_camera_that_says_nothing_is_waited_for_a_bounded_time(seen_store, store):
    people = {"ada": still(before(seen_store, PLATE))}
    _, silent = scene(seen_store, people, at=None)
    (dead,) = decide(seen_store, silent)
    blind = dataclasses.replace(seen_store, cameras=store.cameras)
    (without,) = decide(blind, [record for record in silent if not isinstance(record, ShelfObservationArray)])
    # Both cost the same as well, so that nobody has to look.
    assert dead == without and without.state is DecisionState.COMMITTED

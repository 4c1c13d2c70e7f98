import dataclasses
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from just_walk_out.pickup.products import ProductModel, Step
from just_walk_out.pickup.splitting import Splitter


@pytest.fixture(scope="module")
def model(store, settings):
    return ProductModel(store, settings)


@pytest.fixture(scope="module")
def splitter(store, settings, model):
    return Splitter(store, model, settings)


def step(plates, change, sigma=0.001):
    return Step(tuple(plates), np.array(change, float), np.eye(len(plates)) * sigma**2)


def split(splitter, plates, change, sigma=0.001, held=None):
    covariance = (np.eye(len(plates)) * sigma**2).ravel()
    return [(part.plates, round(part.total, 3)) for part in splitter.split(tuple(plates), change, covariance, held)]


def test_one_unit_of_the_product_of_a_plate(model):
    assert model.takes(step(["g3/s2/p4"], [-0.731]), {})[0].items == (("honey", 1),)


@pytest.mark.parametrize("units", [2, 3, 5])
def test_several_units_at_once(model, units):
    assert model.takes(step(["g2/s2/p1"], [-0.346 * units]), {})[0].items == (("cola_can", units),)


def test_neighbours_in_the_catalogue_are_told_apart_by_their_plate(model):
    # black tea weighs 62 g, green tea 63 g: the plate decides
    assert model.takes(step(["g3/s3/p3"], [-0.0625]), {})[0].items == (("tea_black", 1),)
    assert model.takes(step(["g3/s3/p6"], [-0.0625]), {})[0].items == (("tea_green", 1),)


def test_two_products_of_one_plate_taken_in_one_movement(model):
    best, second = model.takes(step(["g5/s3/p5"], [-0.129]), {})[:2]
    assert Counter(dict(best.items)) == Counter(toothpaste=1, toothbrush=1)
    assert best.log_weight - second.log_weight > 2.0


def test_products_of_similar_weight_on_one_plate_stay_in_doubt_between_them(model):
    # 24 g and 26 g with a spread of 0.4 g each: 25 g may be either
    best, second = model.takes(step(["g1/s3/p1"], [-0.025]), {})[:2]
    assert {best.items[0][0], second.items[0][0]} == {"gum_peppermint", "gum_spearmint"}
    assert abs(best.log_weight - second.log_weight) < 0.5


def test_a_product_known_to_lie_there_by_mistake_explains_a_take(model):
    changed = step(["g1/s1/p6"], [-0.733])
    assert model.takes(changed, {"honey": 1})[0].items == (("honey", 1),)


def test_no_more_of_a_misplaced_product_is_taken_than_lies_there(model):
    found = model.takes(step(["g1/s1/p6"], [-1.466]), {"honey": 1})
    assert (("honey", 2),) not in [option.items for option in found]


def test_a_weight_of_no_product_is_unknown(model):
    assert model.takes(step(["g3/s2/p4"], [-0.0085]), {})[0].items == ()


def test_a_return_is_explained_by_what_is_held_even_in_a_wrong_place(model):
    assert model.returns(step(["g1/s1/p6"], [0.733]), Counter(honey=1))[0].items == (("honey", 1),)
    assert model.returns(step(["g3/s2/p6"], [0.733]), Counter(honey=2))[0].items == (("honey", 1),)


def test_no_more_is_returned_than_is_held(model):
    found = model.returns(step(["g2/s2/p1"], [0.692]), Counter(cola_can=1))
    assert (("cola_can", 2),) not in [option.items for option in found]


def test_what_is_not_held_may_come_back_to_its_own_place_only(model):
    nothing = Counter()
    assert model.returns(step(["g3/s2/p6"], [0.733]), nothing)[0].items == (("honey", 1),)
    assert model.returns(step(["g1/s1/p6"], [0.733]), nothing)[0].items == ()


def test_where_nothing_is_ever_put_back_in_a_wrong_place_only_its_own_explains_a_return(store, settings):
    strict = ProductModel(store, dataclasses.replace(settings, wrong_place_prior=0.0))
    assert strict.returns(step(["g3/s2/p6"], [0.733]), Counter(honey=1))[0].items == (("honey", 1),)
    assert strict.returns(step(["g1/s1/p6"], [0.733]), Counter(honey=1))[0].items == ()


def test_neighbouring_plates_of_one_product_are_one_step(splitter):
    assert split(splitter, ["g2/s2/p1", "g2/s2/p2"], [-0.2, -0.146]) == [(("g2/s2/p1", "g2/s2/p2"), -0.346)]


def test_neighbouring_plates_of_two_products_are_two_steps(splitter):
    parts = split(splitter, ["g3/s2/p4", "g3/s2/p5"], [-0.733, -0.43])
    assert parts == [(("g3/s2/p4",), -0.733), (("g3/s2/p5",), -0.43)]


def test_a_thing_moved_along_the_shelf_is_a_loss_and_a_gain(splitter):
    parts = split(splitter, ["g2/s2/p1", "g2/s2/p2"], [-0.346, 0.346])
    assert sorted(total for _, total in parts) == [-0.346, 0.346]


def test_a_faint_change_goes_to_the_stronger_step_of_its_product(splitter):
    parts = split(splitter, ["g1/s1/p1", "g1/s1/p2", "g1/s1/p3"], [-0.19, -0.003, -0.312])
    assert (("g1/s1/p1", "g1/s1/p2"), -0.193) in parts


@given(data=st.data())
@budget(max_examples=60, deadline=None)
def test_steps_partition_the_plates_they_take_and_none_is_empty(splitter, store, data):
    shelf = data.draw(st.sampled_from(sorted(store.shelf)))
    plates = tuple(plate.id for plate in store.shelf[shelf].plates)
    change = data.draw(st.lists(st.floats(-2, 2), min_size=len(plates), max_size=len(plates)))
    steps = splitter.split(plates, change, np.eye(len(plates)).ravel() * 1e-6)
    taken = [plate for part in steps for plate in part.plates]
    assert steps
    assert all(part.plates for part in steps)
    assert len(taken) == len(set(taken))
    assert set(taken) <= set(plates)


def test_what_stands_over_the_edge_of_its_plate_is_one_thing(splitter, model):
    plates, change = ("g3/s2/p4", "g3/s2/p5"), [-0.695, -0.036]
    assert split(splitter, plates, change) == [(plates, -0.731)]
    assert model.takes(step(plates, change), {})[0].items == (("honey", 1),)


def test_what_is_put_down_across_two_plates_is_what_somebody_holds(splitter):
    plates, change = ("g3/s2/p4", "g3/s2/p5"), [0.2, 0.146]
    assert split(splitter, plates, change, held=Counter(cola_can=1)) == [(plates, 0.346)]
    assert len(split(splitter, plates, change)) == 2

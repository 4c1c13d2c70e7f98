"""How goods stand on a plate."""

import numpy as np
import pytest

from just_walk_out.resources import share
from just_walk_out.simulation.packs import goods_on
from just_walk_out.simulation.stock import Unit
from just_walk_out.store.load import load_store

STORE = load_store(share() / "config" / "demo_store")
PLATE = "g1/s2/p3"
OWN = STORE.skus_on[PLATE][0]


def corners(quad):
    return np.array([quad.corner, quad.corner + quad.across, quad.corner + quad.along])


def units(*counts):
    return [Unit(sku, 0.1, PLATE) for sku, count in counts for _ in range(count)]


@pytest.mark.parametrize("own", [0, 1, 5, 14, 20])
def test_what_does_not_belong_there_stands_in_front_and_moves_nothing(own):
    alone = goods_on(STORE, PLATE, units((OWN, own)))
    both = goods_on(STORE, PLATE, units((OWN, own), ("oats", 1)))
    assert len(both) > len(alone)
    for quad, same in zip(alone, both, strict=False):
        assert np.array_equal(corners(quad), corners(same))
    # the front of a gondola is where y is least there
    inverse = np.linalg.inv(STORE.gondola_of[PLATE].pose.matrix())

    def nearest(quads):
        points = np.concatenate([corners(quad) for quad in quads])
        return float((inverse @ np.column_stack([points, np.ones(len(points))]).T)[1].min())

    if alone:
        assert nearest(both[len(alone) :]) <= nearest(alone) + 1e-9

import pytest

from just_walk_out.store.model import Gate, Gondola, Pose, Wall
from just_walk_out.store.walkable import walkable

ROOM = ((0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 3.0))


def test_an_open_room_is_one_region_less_a_body_along_the_walls():
    ground = walkable(ROOM, (), ())

    assert ground.region.max() == 1
    assert ground.area(1) == pytest.approx(3.6 * 2.6, rel=0.03)
    assert ground.region_at((0.1, 1.0)) == 0
    assert ground.region_at((0.1, 1.0), within=0.2) == 1
    assert ground.region_at((9.0, 9.0), within=0.2) == 0


@pytest.mark.parametrize(("gap", "regions"), [(0.5, 1), (0.3, 2)])
def test_a_wall_with_a_gap_parts_the_room_where_nobody_fits_through(gap, regions):
    ground = walkable(ROOM, (Wall((2.0, 0.0), (2.0, 3.0 - gap)),), ())

    assert ground.region.max() == regions


def test_nobody_walks_through_fixtures_or_between_narrow_ones():
    shelves = [Gondola(f"g{i}", Pose(1.8, 1.55 * i, 0.0), 0.45, 1.35, 1.35, ()) for i in range(2)]
    ground = walkable(ROOM, (), shelves)

    assert ground.region.max() == 2
    assert ground.region_at((2.0, 0.7)) == 0
    assert ground.obstructed((1.0, 1.0), (3.0, 1.0))
    assert not ground.obstructed((1.0, 1.0), (1.5, 1.0))


@pytest.mark.parametrize("end", [(4.0, 3.0), (4.0, 0.1), (0.3, 3.0)])
def test_a_gate_across_the_room_parts_it_at_any_angle(end):
    start = (0.0, 0.0)

    assert walkable(ROOM, (), (), [Gate("a", "both", start, end)]).region.max() <= 2
    assert walkable(ROOM, (), (), [Gate("a", "both", (0.0, 1.1), (4.0, 2.3))]).region.max() == 2


def test_a_huge_floor_gets_coarser_cells():
    side = 1000.0
    ground = walkable(((0.0, 0.0), (side, 0.0), (side, side), (0.0, side)), (), ())

    assert ground.free.size <= 1_100_000
    assert ground.region.max() == 1

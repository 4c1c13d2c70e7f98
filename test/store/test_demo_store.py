"""The store that ships: believable, and seen well enough to work in."""

import base64
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization

from just_walk_out.camera.visibility import Coverage
from just_walk_out.store.check_catalogue import check_digit
from just_walk_out.store.concerns import DEMO_KEY
from just_walk_out.store.coverage import floor_points, views
from just_walk_out.store.geometry import distance_outside, edges
from just_walk_out.store.load import load_store
from just_walk_out.store.walkable import walkable

DEMO = Path(__file__).parents[2] / "config" / "demo_store"


@pytest.fixture(scope="module")
def store():
    return load_store(DEMO)


def test_it_is_as_large_as_a_small_urban_store(store):
    assert len(store.gondolas) >= 4
    assert len(store.plate) >= 60
    assert len(store.products) >= 40
    assert [bus.protocol for bus in store.buses] == ["board", "board", "modbus_rtu", "mt_sics"]
    assert sum(camera.role == "overview" for camera in store.cameras) == 4
    assert sorted(gate.kind for gate in store.gates) == ["entry", "entry", "exit"]


def test_weights_crowd_together_as_in_the_field(store):
    """Of 83 products of the reference store 50 have a neighbour within 2 g, 66 within 5 g, 74 within 10 g."""
    weights = np.array(sorted(round(product.weight * 1000) for product in store.products))
    gaps = np.diff(weights)
    nearest = np.minimum(np.append(gaps, 9999), np.insert(gaps, 0, 9999))

    assert weights[0] <= 30
    assert weights[-1] >= 1550
    for grams, field in ((2, 50 / 83), (5, 66 / 83), (10, 74 / 83)):
        assert np.mean(nearest <= grams) == pytest.approx(field, abs=0.08)


def test_neighbours_on_most_shelves_differ_in_weight(store):
    alike = set()
    for shelf in store.shelf.values():
        for one, other in itertools.pairwise(shelf.plates):
            for a, b in itertools.product(store.skus_on[one.id], store.skus_on[other.id]):
                if a != b and abs(store.product[a].weight - store.product[b].weight) < 0.010:
                    alike.add(shelf.id)

    assert alike == {"g4/s2"}


def test_some_products_span_plates_and_some_plates_carry_several_products(store):
    assert sum(len(facing.plates) > 1 for facing in store.planogram) >= 10
    assert sum(len(skus) > 1 for skus in store.skus_on.values()) == 3
    assert all(store.skus_on.values())


def test_every_plate_is_weighed_by_a_channel_of_its_own_calibration(store):
    channels = [channel for bus in store.buses for channel in bus.channels]

    assert {channel.plate for channel in channels} == set(store.plate)
    cells = [channel for bus in store.buses if bus.protocol == "board" for channel in bus.channels]
    assert len({(channel.scale, channel.zero) for channel in cells}) == len(cells)
    for channel in cells:
        assert 1e-6 < channel.scale < 6e-6
        assert abs(channel.zero + 20.0 / channel.scale) < 2**23, "20 kg fit into the converter's 24 bits"


def test_each_board_sits_on_one_shelf(store):
    for bus in store.buses:
        shelves = {}
        for channel in bus.channels:
            shelves.setdefault(channel.board, set()).add(channel.plate.rpartition("/")[0])
        assert all(len(found) == 1 for found in shelves.values())


def test_barcodes_are_in_store_numbers(store):
    assert all(re.fullmatch(r"2\d{12}", product.barcode) for product in store.products)
    assert all(product.barcode[-1] == check_digit(product.barcode[:-1]) for product in store.products)


def test_prices_and_taxes(store):
    assert {product.tax_basis_points for product in store.products} == {700, 1900}
    assert all(0 < product.price < 1000 for product in store.products)
    assert {product.sku for product in store.products if product.minimum_age} == {"beer_can", "wine_red", "wine_white"}


def test_every_floor_point_is_in_the_picture_of_two_cameras_from_foot_to_head(store):
    assert len(floor_points(store)) > 2000
    assert views(store, 0.0).min() >= 2
    assert views(store, 1.8).min() >= 2


@pytest.mark.parametrize("height", [0.9, 1.6])
def test_fixtures_hide_nobodys_upper_body_from_more_than_all_but_two_cameras(store, height):
    overview = [camera for camera in store.cameras if camera.role == "overview"]
    seen = Coverage(store, overview, height).sees(floor_points(store), margin=0.0)

    assert seen.sum(axis=-1).min() >= 2
    assert np.mean(seen.sum(axis=-1) >= 3) > 0.9


def test_people_walk_between_all_gates_in_aisles_of_a_metre(store):
    """A body of 1.1 m across still gets around the island, so the aisles are wide enough."""
    ground = walkable(store.floor, store.walls, store.gondolas, body=0.55)
    before = [(2.0, 3.0), (4.2, 5.2), (7.3, 3.6), (4.2, 2.2), (4.2, 4.7), (3.1, 3.4), (5.4, 3.4)]

    assert len({ground.region_at(point) for point in before}) == 1
    assert ground.region_at(before[0]) > 0


def test_people_are_tracked_on_both_sides_of_each_gate(store):
    for gate in store.gates:
        middle = np.mean([gate.start, gate.end], axis=0)
        for sign in (1, -1):
            assert distance_outside(store.floor, middle + sign * 0.5 * np.array(gate.inward)) <= 0
        outside = middle - 0.65 * np.array(gate.inward)
        assert distance_outside(store.floor, outside) > 0
        assert 0.8 <= np.hypot(*np.subtract(gate.end, gate.start)) <= 1.0


def test_the_entry_reader_looks_at_a_code_held_up_before_the_gate(store):
    camera = store.camera["entry_reader"]
    x, y, z, _ = camera.extrinsic() @ np.array([1.1, 0.2, 1.25, 1.0])

    assert abs(camera.fx * x / z) < 1
    assert abs(camera.fy * y / z) < 1
    assert 0.3 < z < 1.0


def test_the_published_key_pair_belongs_together_and_is_the_one_warned_about(store):
    private = serialization.load_pem_private_key((DEMO / "demo_private_key.pem").read_bytes(), password=None)
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    assert store.entry.public_keys == (base64.b64encode(raw).decode(),) == (DEMO_KEY,)


def test_the_floor_is_as_large_as_it_looks(store):
    corners = np.array(store.floor)

    assert np.ptp(corners, axis=0) == pytest.approx([8.5, 6.5])
    assert len(edges(store.floor)) == 12

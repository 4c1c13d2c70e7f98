"""A store that is given shelf cameras and photos."""

import pytest

from just_walk_out.resources import share
from just_walk_out.simulation.watched import SIDES, shelf_camera, write_watched
from just_walk_out.store.load import load_store

PLAIN = share() / "config" / "demo_store"


def test_a_copy_of_the_store_has_shelf_cameras_and_photos(tmp_path):
    write_watched(PLAIN, tmp_path / "store", ["g1"], photos=1)
    plain, store = load_store(PLAIN), load_store(tmp_path / "store")
    added = [camera for camera in store.cameras if camera.role == "shelf"]
    assert len(added) == len(SIDES) and len(store.cameras) == len(plain.cameras) + len(SIDES)
    for camera, side in zip(added, SIDES, strict=True):
        meant = shelf_camera(plain.gondolas[0], side)
        assert camera.id == meant.id and camera.shelves == meant.shelves
        assert camera.pose.matrix() == pytest.approx(meant.pose.matrix(), abs=1e-3)
        assert (camera.fx, camera.cx) == pytest.approx((meant.fx, meant.cx), abs=1e-3)
    assert set(store.watchers) == {shelf.id for shelf in store.gondolas[0].shelves}
    assert all(product.photos for product in store.products)
    assert (store.gondolas, store.planogram, store.policy) == (plain.gondolas, plain.planogram, plain.policy)


def test_a_gondola_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match="gondola 'g9': expected one of g1, g2"):
        write_watched(PLAIN, tmp_path / "store", ["g9"])
    assert not (tmp_path / "store").exists()

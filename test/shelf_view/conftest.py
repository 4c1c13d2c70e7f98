import dataclasses

import numpy as np
import pytest

from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.simulation.photos import photograph
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.simulation.shelf_camera import ShelfCamera
from just_walk_out.simulation.stock import Stock
from just_walk_out.simulation.watched import shelf_camera


@pytest.fixture(scope="session")
def camera(demo_store):
    """One at the left end of the first gondola, with a lens that bends."""
    camera = shelf_camera(demo_store.gondolas[0], -1)
    return dataclasses.replace(camera, width=480, height=360, fx=257.0, fy=257.0, cx=239.5, cy=179.5)


@pytest.fixture(scope="session")
def over(demo_store):
    """One over the front of the same gondola, which sees hands."""
    camera = shelf_camera(demo_store.gondolas[0], 0)
    return dataclasses.replace(camera, width=320, height=240, fx=160.0, fy=160.0, cx=159.5, cy=119.5)


@pytest.fixture(scope="session")
def store(demo_store, camera):
    return dataclasses.replace(demo_store, cameras=(*demo_store.cameras, camera))


@pytest.fixture(scope="session")
def store_over(demo_store, over):
    return dataclasses.replace(demo_store, cameras=(*demo_store.cameras, over))


@pytest.fixture(scope="session")
def settings():
    return ShelfViewSettings()


@pytest.fixture(scope="session")
def photos(store):
    rng = np.random.default_rng(5)
    shown = {sku for plate in store.plate if plate.startswith("g1/") for sku in store.skus_on[plate]}
    return {sku: [photograph(store.product[sku], rng) for _ in range(3)] for sku in sorted(shown)}


@pytest.fixture(scope="session")
def rendered(store, camera):
    return ShelfCamera(camera, store, 3)


@pytest.fixture(scope="session")
def rendered_over(store_over, over):
    return ShelfCamera(over, store_over, 3)


@pytest.fixture
def stock(store):
    return Stock(store, Scenario("full"), 1)

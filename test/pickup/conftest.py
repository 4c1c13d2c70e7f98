import pytest

from just_walk_out.pickup.settings import PickupSettings


@pytest.fixture(scope="session")
def store(demo_store):
    return demo_store


@pytest.fixture(scope="session")
def settings():
    return PickupSettings()

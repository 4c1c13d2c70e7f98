from pathlib import Path

import pytest

from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.resources import share
from just_walk_out.store.load import load_store


@pytest.fixture(scope="session")
def store():
    return load_store(Path(share()) / "config" / "demo_store")


@pytest.fixture(scope="session")
def settings():
    return PickupSettings()

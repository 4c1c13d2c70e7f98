import sys
from pathlib import Path

import pytest

from just_walk_out.pickup.settings import PickupSettings

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def store(demo_store):
    return demo_store


@pytest.fixture(scope="session")
def settings():
    return PickupSettings()

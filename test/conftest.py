from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from just_walk_out.store.load import load_store

ROOT = Path(__file__).parents[1]

# hypothesis may take its time: on a busy machine a slow draw says nothing about the code
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session")
def demo_path():
    return ROOT / "config" / "demo_store"


@pytest.fixture(scope="session")
def demo_store(demo_path):
    return load_store(demo_path)


@pytest.fixture(scope="session")
def plain_bag():
    """Sensors of config/scenarios/plain.yaml: detections, weights and codes of three shoppers."""
    return ROOT / "test" / "data" / "plain_bag"

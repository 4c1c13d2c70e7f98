from pathlib import Path

import pytest

from just_walk_out.store.load import load_store

ROOT = Path(__file__).parents[1]


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

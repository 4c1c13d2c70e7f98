from __future__ import annotations

from pathlib import Path

import pytest

from just_walk_out.store.load import load_store
from just_walk_out.store.model import Store

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="session")
def store() -> Store:
    return load_store(CONFIG / "demo_store")


@pytest.fixture(scope="session")
def scenarios() -> Path:
    return CONFIG / "scenarios"

"""Lets the tests of this room import the helpers beside them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def server():
    from mjpeg_camera import Server

    made = Server()
    yield made
    made.stop()

import pytest

from just_walk_out.store.model import (
    EntrySettings,
    Facing,
    Gate,
    Gondola,
    Plate,
    Policy,
    Pose,
    Product,
    Shelf,
    Store,
)


def gondola(id, x, y):
    plate = Plate(f"{id}/s1/p1", Pose(0.5, 0.2, 0.0), 1.0, 0.4)
    shelf = Shelf(f"{id}/s1", Pose(0.0, 0.05, 0.8), 1.0, 0.4, (plate,))
    return Gondola(id, Pose(x, y), 1.0, 0.5, 1.5, (shelf,))


@pytest.fixture
def store():
    """A hall of 10 x 8 m: entrance and exit in the south wall, gondola g1 in the west, g2 in the east."""
    return Store(
        id="corner",
        name="Corner",
        currency="EUR",
        floor=((0.0, 0.0), (10.0, 0.0), (10.0, 8.0), (0.0, 8.0)),
        walls=(),
        gates=(
            Gate("in", "entry", (2.0, 0.0), (3.0, 0.0)),
            Gate("out", "exit", (6.0, 0.0), (7.0, 0.0)),
        ),
        cameras=(),
        gondolas=(gondola("g1", 1.0, 6.0), gondola("g2", 8.0, 6.0)),
        buses=(),
        products=(
            Product("apple", "Apple", "", 0.2, 0.005, 50, tax_basis_points=700),
            Product("bread", "Bread", "", 0.5, 0.01, 320, tax_basis_points=1900),
        ),
        planogram=(Facing("apple", ("g1/s1/p1",)), Facing("bread", ("g2/s1/p1",))),
        entry=EntrySettings(()),
        policy=Policy(settle_timeout=10.0),
    )

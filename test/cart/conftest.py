import pytest

from just_walk_out.store.model import EntrySettings, Product, Store

PRICES = {"apple": 50, "bread": 320, "chips": 199}


@pytest.fixture
def store():
    return Store(
        id="corner",
        name="Corner",
        currency="EUR",
        floor=((0.0, 0.0), (8.0, 0.0), (8.0, 6.0), (0.0, 6.0)),
        walls=(),
        gates=(),
        cameras=(),
        gondolas=(),
        buses=(),
        products=tuple(Product(sku, sku.title(), "", 0.2, 0.005, price) for sku, price in PRICES.items()),
        planogram=(),
        entry=EntrySettings(()),
    )

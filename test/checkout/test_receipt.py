import json

from just_walk_out.checkout.receipt import receipt, receipt_line, receipt_text
from just_walk_out.records import CartLine, Charge, ChargeState, DecisionState

CHARGE = Charge(
    stamp=1_700_000_100_000_000_000,
    id="v1/1",
    visit="v1",
    account="ann",
    entered=1_700_000_000_123_456_789,
    exited=1_700_000_100_000_000_000,
    state=ChargeState.CHARGED,
    lines=(
        CartLine("apple", "Apple", 2, 50, 100, DecisionState.COMMITTED, 0.9),
        CartLine("bread", "Bread", 1, 320, 320, DecisionState.REVIEW, 0.6),
    ),
    tax=7,
    total=100,
    currency="EUR",
)


def test_a_receipt_has_its_keys_in_order():
    assert list(receipt(CHARGE)) == ["visit", "account", "entered", "exited", "lines", "total", "currency", "status"]
    assert json.loads(receipt_line(CHARGE)) == {
        "visit": "v1",
        "account": "ann",
        "entered": "2023-11-14T22:13:20.123456Z",
        "exited": "2023-11-14T22:15:00.000000Z",
        "lines": [
            {"sku": "apple", "quantity": 2, "unit_price": 50, "state": "committed"},
            {"sku": "bread", "quantity": 1, "unit_price": 320, "state": "review"},
        ],
        "total": 100,
        "currency": "EUR",
        "status": "charged",
    }
    assert "\n" not in receipt_line(CHARGE)


def test_people_can_read_what_is_charged_and_what_is_not():
    text = receipt_text(CHARGE, "Corner")
    assert "2 x Apple" in text and "1.00 EUR" in text
    assert text.index("Not charged") < text.index("1 x Bread") < text.index("Total")
    assert all(len(line) <= 48 for line in text.splitlines())

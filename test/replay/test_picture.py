from just_walk_out.records import (
    Adjustment,
    AdjustmentState,
    CartLine,
    Charge,
    ChargeState,
    DecisionState,
)
from just_walk_out.replay import picture

COLA = CartLine("cola", "Cola", 1, 109, 109, DecisionState.COMMITTED, 0.99, ())
HONEY = CartLine("honey", "Honey", 1, 549, 549, DecisionState.COMMITTED, 1.0, ())
CHARGE = Charge(5, "v1/1", "v1", "ada", 1, 4, ChargeState.CHARGED, (COLA,), 7, 109, "EUR")


def drawn(monkeypatch, tmp_path, demo_store, **more):
    """The texts of the picture."""
    from matplotlib.axes import Axes

    said = []
    write = Axes.text
    monkeypatch.setattr(Axes, "text", lambda self, x, y, s, **how: said.append(s) or write(self, x, y, s, **how))
    picture.draw(tmp_path / "out" / "picture.png", demo_store, [], {}, [], [CHARGE], **more)
    assert (tmp_path / "out" / "picture.png").stat().st_size > 10_000
    return said


def test_a_receipt_shows_what_was_charged(monkeypatch, tmp_path, demo_store):
    said = drawn(monkeypatch, tmp_path, demo_store)
    assert {"ada", "charged 1.09 EUR", "1 x Cola"} <= set(said)


def test_a_corrected_receipt_shows_what_is_paid_in_the_end(monkeypatch, tmp_path, demo_store):
    corrected = Adjustment(
        9, "v1/1/a1", "v1/1", "v1", "ada", AdjustmentState.CHARGED, (COLA, HONEY), 549, 549, 40, 658, "EUR"
    )
    said = drawn(monkeypatch, tmp_path, demo_store, adjustments=[corrected])
    assert {"corrected 6.58 EUR", "1 x Cola", "1 x Honey"} <= set(said)
    assert "charged 1.09 EUR" not in said

"""Figures of evidence: what is honest is found honest, what claims too much is found out."""

import math

import numpy as np
import pytest

from just_walk_out.benchmark.shelf_view.evidence import WHERE, evidence, evidence_table
from just_walk_out.benchmark.shelf_view.looks import Look

SKUS = tuple("abcdefgh")


def look(rng, sharp, camera="g1_over"):
    """One whose product is drawn from a posterior, and which claims that, ``sharp`` times as surely."""
    scores = rng.normal(0.0, 2.0, len(SKUS))
    shares = np.exp(scores) / np.exp(scores).sum()
    sku = SKUS[rng.choice(len(SKUS), p=shares)]
    products = dict(zip(SKUS, (sharp * scores).tolist(), strict=True))
    person = "one" if rng.random() < 1.0 / (1.0 + math.exp(-1.0)) else "two"
    return Look(camera, "g1/s1/p1", sku, True, person, ("one", "two"), products, {"one": sharp, "two": 0.0}, 0.2)


@pytest.mark.parametrize(("sharp", "low", "high"), [(1.0, 0.0, 0.04), (4.0, 0.1, 1.0), (0.2, 0.1, 1.0)])
def test_what_is_claimed_is_held_against_what_is_right(sharp, low, high):
    rng = np.random.default_rng(1)
    found = evidence([look(rng, sharp) for _ in range(3000)])["over the front"]
    assert low <= found["product"]["calibration_error"] <= high
    assert found["product"]["said"] == found["arm"]["said"] == 1.0
    assert found["arm"]["right"] == pytest.approx(1.0 / (1.0 + math.exp(-1.0)), abs=0.03)
    assert found["arm"]["chance"] == 0.5 and found["product"]["log_loss_of_chance"] == pytest.approx(
        math.log(8), abs=1e-3
    )


def test_silence_is_counted_as_silence_and_cameras_are_told_apart():
    rng = np.random.default_rng(2)
    silent = Look("g1_left", "g1/s1/p1", "a", True, "one", ("one", "two"), {}, {}, math.nan)
    figures = evidence([look(rng, 1.0), silent, silent])
    assert list(figures) == [where for where, _ in WHERE]
    assert figures["at the ends"]["looks"] == 2 and figures["at the ends"]["product"]["said"] == 0.0
    assert figures["at the ends"]["arm"]["right"] is None and figures["at the ends"]["delay_median_s"] is None
    assert figures["over the front"]["delay_median_s"] == 0.2
    lines = evidence_table({"packs": figures}).splitlines()
    assert len(lines) == 1 + 4 + 3 and all(len(line) <= 130 for line in lines)

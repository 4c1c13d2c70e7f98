"""What looks that are about something else do to evidence."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.shelf_view.evidence import allow_astray

SCORES = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.floats(-60.0, 60.0), min_size=1, max_size=8)


@given(SCORES, st.floats(0.01, 0.9), st.floats(0.5, 20.0))
def test_evidence_stays_within_bounds_and_keeps_its_order(scores, astray, limit):
    found = allow_astray(scores, astray, limit)
    assert list(found) == sorted(scores) and all(abs(value) <= limit + 1e-4 for value in found.values())
    # nobody gets further ahead than a look that may be astray allows
    furthest = math.log((1.0 - astray) * len(scores) / astray + 1.0)
    assert max(found.values()) - min(found.values()) <= furthest + 1e-3
    for one in scores:
        for other in scores:
            if scores[one] >= scores[other]:
                assert found[one] >= found[other]


@given(st.floats(-5.0, 5.0), st.integers(1, 6))
def test_what_says_the_same_of_all_goes_on_saying_it(score, count):
    found = allow_astray({str(number): score for number in range(count)}, 0.2, 6.0)
    assert list(found.values()) == pytest.approx([score] * count, abs=1e-3)

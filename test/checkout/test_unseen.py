import itertools

from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.checkout.unseen import UnseenTimes
from just_walk_out.records import Watermark

SHELF = "g1/s1"


def told(*marks):
    unseen = UnseenTimes()
    for stamp, since in marks:
        unseen.take(Watermark(SHELF, stamp, since))
    return unseen


@given(
    moments=st.lists(st.integers(1, 1000), min_size=2, max_size=12, unique=True).map(sorted),
    span=st.tuples(st.integers(0, 1100), st.integers(0, 1100)).map(sorted),
    repeats=st.integers(1, 3),
)
def test_what_no_promise_covers_is_unseen_and_nothing_else(moments, span, repeats):
    seen = list(itertools.zip_longest(moments[::2], moments[1::2], fillvalue=1000))
    marks = [(stamp, since) for since, end in seen for stamp in {since, (since + end) // 2, end}]
    unseen = told(*(mark for mark in sorted(marks) for _ in range(repeats)))
    begins = [0, *(end for _, end in seen)]
    holes = zip(begins, (since for since, _ in seen), strict=False)
    most = max(max(0, min(end, span[1]) - max(begin, span[0])) for begin, end in holes)
    assert unseen.longest(SHELF, [tuple(span)]) == most


def test_a_hole_grows_while_a_plate_learns_what_it_weighs():
    unseen = told((100, 10), (130, 130), (131, 132), (140, 135), (150, 135))
    assert unseen.longest(SHELF, [(0, 1000)]) == 35
    assert unseen.longest(SHELF, [(110, 120), (132, 1000)]) == 10


def test_a_stage_that_starts_again_and_promises_less_leaves_no_hole():
    assert told((100, 10), (50, 10), (120, 110)).longest(SHELF, [(20, 1000)]) == 10
    assert told((100, 10), (120, 90)).longest(SHELF, [(20, 1000)]) == 0


def test_what_is_long_over_is_forgotten():
    unseen = told((100, 10), (150, 140), (200, 190))
    unseen.forget_before(140)
    assert unseen.longest(SHELF, [(0, 150)]) == 0
    assert unseen.longest(SHELF, [(0, 1000)]) == 40

"""Boxes follow what is seen of people to the sides."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.camera.detectors.extent import measure

TALL = 60


def boxes(*lefts, wide=16):
    return np.array([[left, 20.0, left + wide, 20.0 + TALL] for left in lefts])


def test_arms_and_strides_are_within_and_thin_people_have_thin_boxes():
    mask = np.zeros((100, 160), np.uint8)
    mask[20:80, 54:66] = 1
    mask[40:48, 50:72] = 1  # an arm to the right, a shorter one to the left
    (box,) = measure(mask, boxes(52), [5.0])
    assert box.tolist() == [50.0, 20.0, 72.0, 80.0]
    mask[40:48] = 0
    (box,) = measure(mask, boxes(52), [5.0])
    assert box.tolist() == [54.0, 20.0, 66.0, 80.0]


def test_nobody_reaches_farther_than_arms_do():
    mask = np.ones((100, 160), np.uint8)
    (box,) = measure(mask, boxes(72), [5.0])
    assert 72 - 0.27 * TALL < box[0] < 72 and 88 < box[2] < 88 + 0.27 * TALL


def test_what_a_nearer_person_covers_is_not_of_the_one_behind():
    mask = np.zeros((100, 160), np.uint8)
    mask[20:80, 50:80] = 1
    behind, before = measure(mask, boxes(50, 64), [9.0, 5.0])
    assert behind[2] <= 64 and before[0] <= 64 <= before[2]
    again = measure(mask, boxes(64, 50), [5.0, 9.0])
    assert np.array_equal(again, np.array([before, behind]))


bodies = st.tuples(st.integers(-20, 90), st.integers(-20, 60), st.integers(1, 40), st.integers(1, 80), st.floats(1, 9))


@given(st.lists(bodies, max_size=5), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_boxes_keep_their_height_and_stay_around_their_middle(people, seed, share):
    mask = (np.random.default_rng(seed).random((60, 80)) < share).astype(np.uint8)
    given_boxes = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in people], float).reshape(-1, 4)
    found = measure(mask, given_boxes, [away for *_, away in people])
    assert np.array_equal(found[:, 1::2], given_boxes[:, 1::2])
    middle, tall = given_boxes[:, ::2].mean(axis=1), given_boxes[:, 3] - given_boxes[:, 1]
    assert (found[:, 0] <= found[:, 2]).all() and found.shape == given_boxes.shape
    reach = np.maximum(0.27 * tall + 2, 0.5 * (given_boxes[:, 2] - given_boxes[:, 0]))
    assert (np.abs(found[:, ::2] - middle[:, None]) <= reach[:, None] + 1e-9).all()

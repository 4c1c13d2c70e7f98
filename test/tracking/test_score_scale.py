"""Scores by what the surest boxes of their detector have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.tracking.score_scale import ScoreScale

frames = st.lists(st.lists(st.floats(0.0, 1.0), max_size=5), min_size=1, max_size=20)


def stretched(full, frames):
    scale = ScoreScale(full)
    return [scale.stretched(np.array(scores), 0.1).tolist() for scores in frames]


@given(frames)
def test_order_is_kept_and_no_score_falls_or_passes_1(frames):
    for before, after in zip(frames, stretched(0.9, frames), strict=True):
        assert all(a <= b <= 1.0 for a, b in zip(before, after, strict=True))
        assert sorted(after) == [after[index] for index in np.argsort(before, kind="stable")]


@given(st.floats(0.62, 0.88), frames)
def test_detectors_that_differ_by_a_factor_alone_are_the_same(factor, frames):
    frames = [[1.0, *scores] for scores in frames]
    full = np.concatenate(stretched(0.9, frames)), np.concatenate(frames)
    assert np.array_equal(*full), "a detector that is sure of somebody is left alone"
    weak = stretched(0.9, [[factor * score for score in scores] for scores in frames])
    assert np.concatenate(weak) == pytest.approx(0.9 * np.concatenate(frames))


def test_a_scene_without_anybody_is_no_reason_to_think_less_of_a_detector():
    scale = ScoreScale(0.9)
    assert scale.stretched(np.array([0.95, 0.3]), 0.1).tolist() == [0.95, 0.3]
    for _ in range(1000):
        assert scale.stretched(np.array([0.4, 0.2]), 0.1).tolist() == [0.4, 0.2]


def test_doubtful_boxes_alone_do_not_become_sure_ones():
    assert stretched(0.9, [[0.4]] * 100)[-1] == pytest.approx([0.6])


def test_frames_without_boxes_and_scores_that_are_no_numbers_are_borne():
    scale = ScoreScale(0.9)
    assert scale.stretched(np.zeros(0), 0.1).shape == (0,)
    found = scale.stretched(np.array([np.nan, 0.75, -1.0]), 0.1)
    assert np.isnan(found[0]) and found[1:] == pytest.approx([0.9, -1.2])

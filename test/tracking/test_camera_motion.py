"""What people's boxes say about the camera that sees them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.tracking.camera_motion import CameraMotion


def play(motion, steps, rng, people=6, own=3.0):
    """Feed errors of people whose picture moves by steps; returns what was said of each frame."""
    said = []
    for step in steps:
        expected = motion.predict(0.1)
        guess = np.zeros(2) if expected is None else expected
        more = motion.learn((step - guess)[:, None] + rng.normal(0.0, own, (2, people)))
        said.append(guess + (0.0 if more is None else more))
    return np.array(said)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 30))
def test_a_fixed_camera_is_left_alone(seed, people):
    said = play(CameraMotion(), np.zeros((150, 2)), np.random.default_rng(seed), people)
    assert (said == 0.0).all(axis=1).mean() > 0.9 and np.abs(said).max() < 6.0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_one_that_turns_is_followed_and_left_alone_once_it_stands(seed):
    rng = np.random.default_rng(seed)
    motion = CameraMotion()
    steps = np.concatenate([np.tile((30.0, 0.0), (60, 1)), np.zeros((200, 2))])
    said = play(motion, steps, rng)
    assert np.abs(said[10:60] - steps[10:60]).max() < 12.0
    assert not said[-20:].any()


def test_one_runner_among_those_who_stand_moves_no_picture():
    motion, rng = CameraMotion(), np.random.default_rng(1)
    for _ in range(60):
        motion.predict(0.1)
        errors = rng.normal(0.0, 2.0, (2, 5))
        errors[0, 2] += 60.0
        assert motion.learn(errors) is None


@pytest.mark.parametrize("people", [0, 1, 3])
def test_few_people_say_nothing(people):
    motion = CameraMotion()
    assert motion.learn(np.full((2, people), 50.0)) is None and motion.predict(0.1) is None


def test_errors_beyond_all_measure_raise_nothing():
    motion = CameraMotion()
    for size in (1e300, 1e300, 1.0, 1.0):
        motion.predict(0.1)
        motion.learn(size * np.arange(10.0).reshape(2, 5))

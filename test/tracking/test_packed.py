"""Filters that are packed by rows do what those of one matrix a track do."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.tracking import kalman, packed

FIRST, SECOND = (list(each) for each in zip(*packed.PAIRS, strict=True))


def positive(rng, count, size):
    root = rng.normal(size=(count, size, size))
    return root @ root.transpose(0, 2, 1) + 0.01 * np.eye(size)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 8), st.floats(0.0, 5.0), st.floats(0.1, 10.0))
def test_packed_filters_agree_with_plain_ones(seed, count, elapsed, memory):
    rng = np.random.default_rng(seed)
    means, covariances, noise = rng.normal(size=(count, 4)), positive(rng, count, 4), rng.uniform(0.01, 2.0, count)
    points, noises = rng.normal(size=(count, 2)), positive(rng, count, 2)
    plain = kalman.predict(means, covariances, elapsed, noise, memory)
    found = packed.predict(means.T, covariances[:, FIRST, SECOND].T, elapsed, noise, memory)
    np.testing.assert_allclose(found[0], plain[0].T, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[1], plain[1][:, FIRST, SECOND].T, rtol=1e-9, atol=1e-12)
    plain = kalman.update(*plain, points, noises)
    found = packed.update(*found, points.T, noises[:, [0, 0, 1], [0, 1, 1]].T)
    np.testing.assert_allclose(found[0], plain[0].T, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found[1], plain[1][:, FIRST, SECOND].T, rtol=1e-7, atol=1e-9)


def test_a_sight_without_error_leaves_variances_above_zero():
    covariance = np.array([1.0, 0.0, 1.0, 0.5, 0.0, 0.0, 0.5, 1.0, 0.0, 1.0])[:, None]
    _, kept = packed.update(np.zeros((4, 1)), covariance, np.ones((2, 1)), np.zeros((3, 1)))
    assert (kept[[0, 2, 7, 9]] > 0.0).all()

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.scale.calibration import CalibrationError, Load, fit
from just_walk_out.scale.reading import Reading, ReadingError, summarise

PERIOD = 1 / 60
COUNTS = st.integers(-(2**31), 2**31 - 1)


def channel(load=0.0, zero=20_000.0, scale=4.6e-6, noise=100.0, seed=0, samples=120):
    rng = np.random.default_rng(seed)
    return np.round(zero + load / scale + rng.normal(0.0, noise, samples)).astype(np.int32)


def test_noise_at_rest_is_summed_up():
    reading = summarise(channel(), PERIOD)
    assert reading.mean == pytest.approx(20_000, abs=40)
    assert reading.deviation == pytest.approx(100, rel=0.3)
    assert reading.uncertainty == pytest.approx(100 / 120**0.5, rel=0.8)
    assert (reading.samples, reading.duration) == (120, pytest.approx(119 * PERIOD))
    assert reading.steady


def test_spikes_change_nothing():
    counts = channel()
    clean = summarise(counts, PERIOD)
    counts[[7, 40, 90, 119]] = [8_388_607, -8_388_608, 0, 5_000_000]
    spiked = summarise(counts, PERIOD)
    assert spiked.mean == pytest.approx(clean.mean, abs=10) and spiked.steady


@pytest.mark.parametrize(
    "course",
    [
        lambda t: np.where(t > 1.0, 50_000, 0),  # something was put there
        lambda t: 3000 * t,  # it creeps
        lambda t: 20_000 * np.sin(2 * np.pi * 0.8 * t),  # it sways
    ],
)
def test_a_load_that_moves_is_not_steady(course):
    counts = channel() + course(np.arange(120) * PERIOD).astype(np.int32)
    assert not summarise(counts, PERIOD).steady


def test_a_scale_that_rounds_is_steady_while_it_flickers_between_two_steps():
    counts = np.full(120, 1000, np.int32)
    counts[60:80] += 1
    assert summarise(counts, PERIOD).steady
    assert summarise(counts, PERIOD).uncertainty >= 12**-0.5


@given(st.lists(COUNTS, min_size=4, max_size=200))
def test_any_samples_have_a_mean_among_them(values):
    reading = summarise(np.array(values, np.int32), PERIOD)
    assert min(values) - 1e-3 <= reading.mean <= max(values) + 1e-3
    assert reading.spread >= 0 and reading.deviation >= 0 and reading.uncertainty > 0


def test_too_few_samples_are_refused():
    with pytest.raises(ReadingError, match="3 samples so far"):
        summarise(np.zeros(3, np.int32), PERIOD)


def loads(*weights, scale=4.6e-6, zero=20_000.0, noise=100.0):
    return [
        Load(weight, summarise(channel(weight, zero, scale, noise, seed), PERIOD))
        for seed, weight in enumerate(weights)
    ]


@pytest.mark.parametrize("scale", [4.6e-6, -4.6e-6, 1e-3])
def test_two_weights_give_zero_and_scale_within_what_is_stated(scale):
    noise = abs(0.0005 / scale)
    result = fit(loads(0.0, 2.0, scale=scale, noise=noise))
    assert abs(result.zero - 20_000) < 5 * result.zero_uncertainty
    assert abs(result.scale / scale - 1) < 5 * result.scale_uncertainty
    assert result.scale_uncertainty < 1e-3
    assert result.noise == pytest.approx(0.0005, rel=0.4)
    assert result.nonlinearity < 1e-9


def test_a_third_weight_shows_how_far_the_cell_is_from_linear():
    good = fit(loads(0.0, 1.0, 2.0, 5.0))
    assert good.nonlinearity < 0.0005
    bent = loads(0.0, 2.0, 5.0)
    bent[1] = Load(2.0, summarise(channel(2.05, seed=1), PERIOD))
    assert fit(bent).nonlinearity > 0.015


def test_the_statement_of_uncertainty_holds():
    """Over many calibrations the errors are as large as they are said to be."""
    errors = []
    for seed in range(60):
        pair = [Load(w, summarise(channel(w, seed=1000 * seed + k), PERIOD)) for k, w in enumerate((0.0, 2.0))]
        result = fit(pair)
        errors.append((result.scale / 4.6e-6 - 1) / result.scale_uncertainty)
    assert 0.5 < np.std(errors) < 2.0


@given(
    st.lists(st.floats(0.1, 20.0), min_size=1, max_size=5), st.floats(-1e6, 1e6), st.floats(1e-7, 1e-2), st.booleans()
)
def test_readings_without_error_give_back_the_line(weights, zero, scale, flipped):
    scale = -scale if flipped else scale
    exact = [Load(w, Reading(zero + w / scale, 0.0, 0.0, 1e-3, 120, 2.0)) for w in [0.0, *weights]]
    result = fit(exact)
    assert result.scale == pytest.approx(scale, rel=1e-6)
    assert result.zero == pytest.approx(zero, abs=1e-3 + 1e-6 * abs(zero))
    assert result.nonlinearity < 1e-6


def test_a_weight_that_nobody_felt_is_no_calibration():
    with pytest.raises(CalibrationError, match=r"moved by .* counts between 0 kg and 2 kg.*within its noise"):
        fit([Load(weight, summarise(channel(0.0, seed=int(weight)), PERIOD)) for weight in (0.0, 2.0)])


@pytest.mark.parametrize("weights", [[], [0.0], [2.0, 2.0]])
def test_one_weight_is_no_calibration(weights):
    with pytest.raises(CalibrationError, match="at least two different weights"):
        fit(loads(*weights))


def test_kilograms_of_a_scale_that_rounds_are_read_like_counts():
    values = np.round(2.0 + np.random.default_rng(0).normal(0, 0.0004, 40), 3)
    reading = summarise(values, 0.1)
    assert reading.mean == pytest.approx(2.0, abs=0.0005) and reading.resolution == pytest.approx(0.001)
    assert 0.0002 < reading.uncertainty < 0.001 and reading.steady
    values[20:] += 0.02
    assert not summarise(values, 0.1).steady
    still = summarise(np.full(40, 2.0), 0.1)
    assert still.steady and 0 < still.uncertainty < 1e-6


def test_a_scale_in_kilograms_can_be_calibrated():
    quiet = [Load(w, summarise(np.full(20, 0.010 + 1.02 * w), 0.1)) for w in (0.0, 2.0, 5.0)]
    result = fit(quiet)
    assert (result.zero, result.scale) == (pytest.approx(0.010, abs=1e-6), pytest.approx(1 / 1.02, rel=1e-6))

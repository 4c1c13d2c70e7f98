from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from just_walk_out.simulation.handling import draw_handling, draw_touch
from just_walk_out.simulation.plan import Noise
from just_walk_out.simulation.scales import DISTURBANCES, PlateGroup
from just_walk_out.simulation.scenario import load_scenario, parse_scenario
from just_walk_out.simulation.world import World
from just_walk_out.store.model import Store

RATE = 60.0
SHELVES = ("g1/s1", "g1/s2", "g4/s1")


def record(
    store: Store, plates: list[str], seconds: float, noise: Noise, world: World | None = None, seed: int = 1
) -> NDArray[np.float64]:
    """Sample plates for a while in batches of six; (samples, plates) kilograms."""
    if world is None:
        world = World(store, parse_scenario({"shoppers": [{"id": "a", "arrival": 1e6}]}, store), seed)
    group = PlateGroup(store, plates, noise, seed, "test")
    batches = []
    for first in range(0, int(seconds * RATE), 6):
        clock = (first + np.arange(6)) / RATE
        world.advance(float(clock[-1]))
        batches.append(group.sample(clock, world, 0.0))
    return np.concatenate(batches)


def plates_of(store: Store, shelf: str) -> list[str]:
    return [plate.id for plate in store.shelf[shelf].plates]


@pytest.mark.parametrize("noise", ["quiet", "normal", "rough"])
def test_a_resting_plate_scatters_as_much_as_it_is_said_to(store: Store, noise: Noise) -> None:
    signal = record(store, plates_of(store, "g1/s2"), 60.0, noise)
    # Differences over one sample see neither drift nor the offset; medians see neither bursts nor spikes.
    step = np.abs(np.diff(signal, axis=0))
    deviation = np.median(step) / 0.6745 / np.sqrt(2.0)
    assert deviation == pytest.approx(DISTURBANCES[noise].white, rel=0.25)
    spread = np.median(np.abs(signal.sum(axis=1) - np.median(signal.sum(axis=1)))) / 0.6745
    assert spread < 4.0 * DISTURBANCES[noise].white * np.sqrt(signal.shape[1])


def test_bursts_line_up_along_a_gondola_and_leave_its_mean_alone(store: Store) -> None:
    plates = [plate for shelf in SHELVES for plate in plates_of(store, shelf)]
    signal = record(store, plates, 240.0, "rough")
    sums = {}
    for shelf in SHELVES:
        columns = [index for index, plate in enumerate(plates) if plate.startswith(shelf)]
        total = np.median(signal[:, columns], axis=1) * len(columns)
        sums[shelf] = total - np.median(total)
    shaken = np.abs(sums["g1/s1"]) > 0.05
    assert 0.002 < shaken.mean() < 0.2
    together = np.corrcoef(sums["g1/s1"][shaken], sums["g1/s2"][shaken])[0, 1]
    apart = np.corrcoef(sums["g1/s1"][shaken], sums["g4/s1"][shaken])[0, 1]
    assert together > 0.8 > 0.5 > abs(apart)
    seconds = sums["g1/s1"][: len(sums["g1/s1"]) // 60 * 60].reshape(-1, 60).mean(axis=1)
    assert np.abs(np.diff(seconds)).max() < 0.05


def test_spikes_are_rare_and_single(store: Store) -> None:
    signal = record(store, plates_of(store, "g1/s1"), 300.0, "rough")
    away = np.abs(signal - np.median(signal, axis=0)) > 1.0
    assert 1 <= away.sum() < 60
    assert not (away[1:] & away[:-1]).any()


def test_the_step_left_behind_is_the_weight_of_the_units(store: Store, scenarios: Path) -> None:
    world = World(store, load_scenario(scenarios / "demo.yaml", store), 1)
    touched = ["g2/s2/p2", "g3/s1/p3", "g5/s2/p5", "g2/s2/p3", "g2/s2/p4", "g2/s2/p5"]
    signal = record(store, touched, 66.0, "quiet", world)
    for column, plate in enumerate(touched):
        change = sum(handling.change for handling in world.handlings if handling.plate == plate)
        before, after = np.median(signal[:60, column]), np.median(signal[-60:, column])
        assert after - before == pytest.approx(change, abs=0.004)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    change=st.floats(-2.0, 2.0).filter(lambda value: abs(value) > 0.02),
    manner=st.sampled_from(["normal", "quick", "slow", "together"]),
)
def test_a_hand_moves_the_load_once_and_wholly(seed: int, change: float, manner: str) -> None:
    rng = np.random.default_rng(seed)
    handling = draw_handling("take", "a", "p", "s", 1, change, 10.0, manner, rng)  # type: ignore[arg-type]
    before = handling.load(np.array([0.0, 9.999]))
    after = handling.load(np.array([handling.settled + 1.0, handling.settled + 100.0]))
    assert before == pytest.approx([0.0, 0.0], abs=1e-9)
    assert after == pytest.approx([change, change], abs=2e-3)
    assert handling.start <= handling.lift <= handling.moved <= handling.settled
    during = handling.load(np.linspace(handling.start, handling.settled, 400))
    assert np.abs(during).max() < abs(change) * 1.6 + 0.8
    length = handling.moved - handling.lift
    assert (length > 1.0) if manner == "slow" else (length < 1.1)


def test_touching_and_leaning_leave_nothing() -> None:
    rng = np.random.default_rng(0)
    touch, lean = draw_touch("a", "p", 5.0, rng), draw_touch("a", "p", 5.0, rng, 4.0)
    for handling in (touch, lean):
        assert handling.load(np.array([20.0])) == pytest.approx([0.0], abs=1e-6)
    assert lean.load(np.array([7.0]))[0] > 0.5


def test_noise_follows_the_seed(store: Store) -> None:
    plates = plates_of(store, "g1/s1")
    first, again, other = (record(store, plates, 2.0, "normal", seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_waiting_store_carries_its_first_stock(store: Store) -> None:
    plates = plates_of(store, "g2/s1")
    world = World(store, parse_scenario({"shoppers": [{"id": "a", "arrival": 0}]}, store), 1)
    group = PlateGroup(store, plates, "quiet", 1, "test")
    signal = group.sample(np.arange(6) / RATE, world, None) - group.zero
    assert signal.mean(axis=0) == pytest.approx([world.initial_weight[plate] for plate in plates], abs=0.02)

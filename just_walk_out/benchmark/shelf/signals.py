"""Signals of weighing plates for the shelf benchmark, from forces, mechanics and noise.

Forces of hands and goods act on plates that are damped springs, so that a plate rings by itself when a
load leaves it; to what the cells show come white and 1/f noise, drift, temperature, garbage conversions
and vibration of the whole gondola, whose share on a plate goes with the load on it. Nothing here but the
planogram is known to the detector, and nothing of the detector is known here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from just_walk_out.benchmark.shelf.stock import Stock

Array = NDArray[np.float64]

RATE = 60.0
_MODES = 3


@dataclass(frozen=True)
class NoiseLevel:
    """How much the cells of a gondola are disturbed.

    Attributes:
        white: standard deviation of one sample of one plate, kilograms.
        flicker: standard deviation of the 1/f noise over a minute, kilograms.
        drift: standard deviation of the drift after an hour, kilograms.
        bursts: vibration bursts a minute and gondola.
        burst: smallest and largest peak of a burst on the sum of a shelf, kilograms.
        spikes: probability that a single conversion is garbage.
    """

    white: float
    flicker: float
    drift: float
    bursts: float
    burst: tuple[float, float]
    spikes: float


NOISES: dict[str, NoiseLevel] = {
    "quiet": NoiseLevel(0.0005, 0.0002, 0.010, 0.1, (0.02, 0.05), 2e-6),
    "normal": NoiseLevel(0.0015, 0.0005, 0.030, 0.8, (0.05, 0.17), 1e-5),
    "rough": NoiseLevel(0.0040, 0.0010, 0.100, 4.0, (0.05, 0.30), 1e-4),
}


@dataclass(frozen=True)
class Truth:
    """One change of weight that happened.

    Attributes:
        start: when the load begins to move, seconds of the signal.
        end: when all of it has moved.
        free: when the last hand is off the plates; latency counts from here.
        change: kilograms by plate column.
    """

    start: float
    end: float
    free: float
    change: dict[int, float]

    @property
    def total(self) -> float:
        """Change of the sum of the shelf, kilograms."""
        return sum(self.change.values())


class ShelfSignal:
    """The plates of one shelf over time: forces are added, then the cells are read."""

    def __init__(self, seconds: float, plates: int, rng: np.random.Generator, stock: Stock | None = None) -> None:
        """Draw loads and mechanics of ``plates`` plates, on which ``stock`` stands, for ``seconds`` of signal."""
        self.stock = stock or Stock(())
        self.times: Array = np.arange(int(seconds * RATE)) / RATE
        self.plates = plates
        self.rng = rng
        self.truths: list[Truth] = []
        self._load = rng.uniform(1.5, 6.0, plates)
        self._force = np.zeros((len(self.times), plates))
        self._frequency = rng.uniform(8.0, 20.0, plates)
        self._damping = rng.uniform(0.10, 0.30, plates)
        self._coupling = rng.uniform(0.01, 0.05, plates)

    def press(self, plate: int, start: float, seconds: float, force: Callable[[Array], Array]) -> None:
        """Add a force that passes; the plates beside feel a little of it, through the shelf.

        Args:
            plate: column.
            start: seconds.
            seconds: how long it acts.
            force: kilograms at times since ``start``.
        """
        first, last = np.searchsorted(self.times, (start, start + seconds))
        course = force(self.times[first:last] - start)
        self._force[first:last, plate] += course
        for beside in (plate - 1, plate + 1):
            if 0 <= beside < self.plates:
                self._force[first:last, beside] += self._coupling[plate] * course

    def transfer(self, plate: int, start: float, seconds: float, change: float, support: Array | None = None) -> None:
        """Let a load leave a plate or come to it.

        Args:
            plate: column.
            start: seconds.
            seconds: how long the transfer takes.
            change: kilograms; negative leaves.
            support: shares of the load that have moved, evenly spaced over the transfer, instead of a smooth course.
        """
        first = int(np.searchsorted(self.times, start))
        share = np.clip((self.times[first:] - start) / seconds, 0.0, 1.0)
        if support is None:
            moved = share * share * (3.0 - 2.0 * share)
        else:
            moved = np.interp(share, np.linspace(0.0, 1.0, len(support)), support)
        self._force[first:, plate] += change * moved

    def shake(self, start: float, amplitude: float, low: float = 3.0, high: float = 25.0) -> Array:
        """Return the vibration of a gondola, (samples,), peak ``amplitude``: a few modes that rise and die away."""
        rng = self.rng
        since = self.times - start
        wave = np.zeros(len(since))
        inside = (since > 0.0) & (since < 4.0)
        at = since[inside]
        rise, fall = rng.uniform(0.02, 0.25), rng.uniform(0.12, 0.45)
        sound = sum(
            rng.uniform(0.3, 1.0) * np.sin(2.0 * np.pi * rng.uniform(low, high) * at + rng.uniform(0.0, 2.0 * np.pi))
            for _ in range(_MODES)
        )
        wave[inside] = sound * (1.0 - np.exp(-at / rise)) * np.exp(-at / fall)
        peak = float(np.abs(wave).max(initial=0.0))
        return wave * (amplitude / peak) if peak else wave

    def bursts(self, noise: NoiseLevel) -> Array:
        """Draw the vibration of the gondola over the whole signal, (samples,), on the sum of a shelf."""
        wave = np.zeros(len(self.times))
        for _ in range(self.rng.poisson(noise.bursts * self.times[-1] / 60.0)):
            wave += self.shake(float(self.rng.uniform(0.0, self.times[-1])), float(self.rng.uniform(*noise.burst)))
        return wave

    def read(self, noise: NoiseLevel, vibration: Array) -> NDArray[np.float32]:
        """Return what the cells show, (samples, plates) kilograms.

        Args:
            noise: how much they are disturbed.
            vibration: (samples,) of the gondola, on the sum of the shelf.
        """
        rng = self.rng
        shown = self._ring() + self._load
        share = self._load * rng.uniform(0.7, 1.3, self.plates)
        shown += vibration[:, None] * (share / share.sum())
        shown += rng.normal(0.0, 0.05, self.plates)
        hours = self.times[:, None] / 3600.0
        shown += rng.normal(0.0, noise.drift, self.plates) * hours
        shown += noise.flicker * _flicker((len(shown), self.plates), rng)
        shown += rng.normal(0.0, noise.white, shown.shape)
        garbage = rng.random(shown.shape) < noise.spikes
        shown[garbage] += rng.choice([-1.0, 1.0], int(garbage.sum())) * rng.uniform(0.2, 40.0, int(garbage.sum()))
        return shown.astype(np.float32)

    def warm(self, kilograms_per_hour: float) -> None:
        """Add the warming of the room: all plates drift alike, and each a little differently."""
        slope = kilograms_per_hour * self.rng.uniform(0.5, 1.5, self.plates)
        self._force += slope * (self.times[:, None] / 3600.0)

    def creep(self, plate: int, start: float, change: float, share: float) -> None:
        """Let a cell creep after a change of load: a share of it comes late, over tens of seconds."""
        first = int(np.searchsorted(self.times, start))
        since = self.times[first:] - start
        self._force[first:, plate] += share * change * (1.0 - np.exp(-since / self.rng.uniform(8.0, 40.0)))

    def _ring(self) -> Array:
        """Return how the springs follow the forces: a damped oscillator a plate, sampled exactly for held input."""
        shown = np.empty_like(self._force)
        for plate in range(self.plates):
            pole = np.exp(
                2.0 * np.pi * self._frequency[plate] / RATE
                * complex(-self._damping[plate], np.sqrt(1.0 - self._damping[plate] ** 2))
            )  # fmt: skip
            feedback = [1.0, -2.0 * pole.real, abs(pole) ** 2]
            shown[:, plate] = lfilter([sum(feedback)], feedback, self._force[:, plate])
        return shown


def _flicker(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Return 1/f noise of unit deviation with nothing slower than a minute."""
    count = shape[0]
    frequency = np.fft.rfftfreq(count, 1.0 / RATE)
    height = np.where(frequency >= 1.0 / 60.0, 1.0 / np.sqrt(np.maximum(frequency, 1e-9)), 0.0)
    spectrum = height[:, None] * np.fft.rfft(rng.normal(0.0, 1.0, shape), axis=0)
    noise: Array = np.fft.irfft(spectrum, count, axis=0)
    return noise / max(float(noise.std()), 1e-12)

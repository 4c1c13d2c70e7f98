"""Span calibration of one plate, step by step: what to put on it, when it rests, and what follows.

The steps do not care who reads the plate: a ``load_cells`` node asked over ROS, or this process with
the port to itself. Nor do they care who handles the weights: a person who presses Enter, or one with
both hands full, whose next load is noticed by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from just_walk_out.scale.calibration import CalibrationError, Load
from just_walk_out.scale.reading import Reading, ReadingError

# A load that is new: so many deviations of a sample, and steps of what is read, from the one before, and such a share
# of what is expected: the scale in force may be far off before a calibration.
_NEW_DEVIATIONS = 10.0
_NEW_STEPS = 4.0
_NEW_SHARE = 0.02


@dataclass(frozen=True)
class Measurement:
    """What a plate reads, and the zero (counts) and scale (kg per count) in force for it."""

    reading: Reading
    zero: float
    scale: float


class Meter(Protocol):
    """Whoever reads the plates of a bus."""

    def measure(self, plate: str) -> Measurement:
        """Return what a plate reads now.

        Raises:
            ReadingError: nothing can be said now; it may be asked again.
        """
        ...

    def calibrate(self, plate: str, zero: float, scale: float) -> str:
        """Put zero and scale in force and keep them; returns one line for people.

        Raises:
            ValueError, OSError: nothing was changed.
        """
        ...

    def tare(self) -> str:
        """Zero all plates of the bus by what they read; returns one line for people.

        Raises:
            ValueError, OSError: nothing was changed.
        """
        ...

    def pause(self) -> None:
        """Let a fraction of a second go by."""
        ...

    def elapsed(self) -> float:
        """Return the time since an arbitrary moment, seconds."""
        ...

    def close(self) -> None:
        """Let go of the bus."""
        ...


def steps(weights: Sequence[float]) -> list[tuple[float, str]]:
    """Return the loads of a calibration and what to tell the person: empty, each weight, empty again."""
    told = [(0.0, "take everything off the plate")]
    told += [(weight, f"put {weight:g} kg on the middle of the plate, nothing else") for weight in weights]
    return [*told, (0.0, "take it off again")]


def wait_at_rest(
    meter: Meter, plate: str, timeout: float, other_than: Reading | None = None, change: float = 0.0
) -> Measurement:
    """Wait until a plate has rested since this call, and return what it reads.

    Args:
        meter: who reads it.
        plate: its id.
        timeout: longest wait, seconds.
        other_than: the load before; given, a load that reads the same is waited out.
        change: how far the new load is from it, kilograms.

    Raises:
        CalibrationError: it did not come to rest in time; says what was wrong last.
    """
    begin = meter.elapsed()
    deadline = begin + timeout
    trouble = "it was not heard of"
    while True:
        try:
            found = meter.measure(plate)
        except ReadingError as error:
            trouble = str(error)
        else:
            reading = found.reading
            if meter.elapsed() - begin < reading.duration:
                trouble = "what it reads is from before"
            elif not reading.steady:
                trouble = f"it moved by {reading.spread:.3g} counts within {reading.duration:.1f} s"
            elif other_than is not None and not _differs(found, other_than, change):
                trouble = "the load stayed the same"
            else:
                return found
        if meter.elapsed() > deadline:
            raise CalibrationError(f"plate {plate} gave no reading at rest within {timeout:g} s: {trouble}")
        meter.pause()


def collect(
    meter: Meter,
    plate: str,
    weights: Sequence[float],
    timeout: float,
    hands_free: bool,
    prompt: Callable[[str], None],
) -> Iterator[tuple[Load, Measurement]]:
    """Go through the steps and yield each load as it is measured.

    Args:
        meter: who reads the plate.
        plate: its id.
        weights: known weights, kilograms.
        timeout: longest wait for rest at each step, seconds.
        hands_free: a step ends when the plate rests at another load, without a key.
        prompt: tells the person what to do; returns when it is done, unless ``hands_free``.

    Raises:
        CalibrationError: a step took too long.
    """
    last: Reading | None = None
    before = 0.0
    for weight, told in steps(weights):
        prompt(told)
        found = wait_at_rest(meter, plate, timeout, last if hands_free else None, abs(weight - before))
        last, before = found.reading, weight
        yield Load(weight, found.reading), found


def _differs(found: Measurement, other: Reading, change: float) -> bool:
    reading = found.reading
    noise = _NEW_DEVIATIONS * max(reading.deviation, other.deviation)
    steps = _NEW_STEPS * max(reading.resolution, other.resolution)
    return abs(reading.mean - other.mean) > max(noise, steps, _NEW_SHARE * change / abs(found.scale))

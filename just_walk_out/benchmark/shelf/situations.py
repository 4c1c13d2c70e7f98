"""What people do at a shelf, one generator a situation, as forces on its plates and the changes they leave."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.shelf.signals import NOISES, Array, NoiseLevel, ShelfSignal, Truth
from just_walk_out.benchmark.shelf.stock import HEAVIEST, LIGHTEST, Good, any_weight, draw_stock

Act = Callable[[ShelfSignal, float], float]
"""Adds one act that begins at a second to a signal; returns when the last hand is gone."""

# What is taken at once: one thing, seldom two or three of the same.
_PIECES, _PIECE_ODDS = (1, 2, 3), (0.90, 0.08, 0.02)
# Of the things taken, so many stand where the planogram does not know of them; of those put, so many are put there.
_MISPLACED, _PUT_ANYWHERE = 0.02, 0.3
# So many things that may stand over the edge of two plates do.
_OVER_THE_EDGE = 0.25
# Shelves on which the lightest and the heaviest product of all stand side by side.
_EXTREME = 0.3
_LIGHTEST_QUICK = 0.05


def _good(signal: ShelfSignal, plate: int) -> Good:
    goods = signal.stock.on(plate)
    return goods[int(signal.rng.integers(len(goods)))]


def _weight(signal: ShelfSignal, plate: int) -> float:
    """Return what a piece of a product of a plate weighs, kilograms."""
    return _good(signal, plate).piece(signal.rng)


def _plate(signal: ShelfSignal, span: int = 1) -> int:
    return int(signal.rng.integers(signal.plates - span + 1))


def _hand(signal: ShelfSignal, plate: int, start: float, seconds: float, peak: float) -> None:
    """A hand that touches: it presses (or, negative, lifts), most in the middle."""
    skew = signal.rng.uniform(0.7, 1.5)
    signal.press(plate, start, seconds, lambda t: peak * np.sin(np.pi * np.clip(t / seconds, 0, 1) ** skew) ** 2)


def _grip(signal: ShelfSignal) -> float:
    """How hard a hand presses while it grasps, kilograms."""
    return float(signal.rng.uniform(0.03, 0.4) * signal.rng.choice([1.0, 1.0, 1.0, -0.4]))


def _move(
    signal: ShelfSignal,
    plates: list[int],
    shares: list[float],
    start: float,
    change: float,
    seconds: float | None = None,
    support: Array | None = None,
) -> Truth:
    """Move a load: taken, it is grasped first; put down, the hand lets go afterwards."""
    rng = signal.rng
    seconds = float(rng.uniform(0.10, 0.35)) if seconds is None else seconds
    grasp = float(rng.uniform(0.08, 0.35))
    begin = start + grasp * float(rng.uniform(0.5, 0.9)) if change < 0 else start
    touch = start if change < 0 else begin + 0.5 * seconds
    peak = _grip(signal)
    for plate, share in zip(plates, shares, strict=True):
        lag = float(rng.uniform(0.0, 0.04)) if len(plates) > 1 else 0.0
        signal.transfer(plate, begin + lag, seconds, share * change, support)
        _hand(signal, plate, touch, grasp, share * peak)
    late = 0.04 if len(plates) > 1 else 0.0
    end = begin + seconds + late
    return Truth(
        begin,
        end,
        max(end, touch + grasp),
        {plate: share * change for plate, share in zip(plates, shares, strict=True)},
    )


def _add(signal: ShelfSignal, *truths: Truth) -> float:
    signal.truths += truths
    return max(truth.free for truth in truths)


def take(signal: ShelfSignal, start: float) -> float:
    """Something is taken: one thing, or a few of the same, from one plate or from the edge of two."""
    rng, plate = signal.rng, _plate(signal)
    if rng.random() < _MISPLACED:
        return _add(signal, _move(signal, [plate], [1.0], start, -any_weight(rng)))
    good = _good(signal, plate)
    pieces = int(rng.choice(_PIECES, p=_PIECE_ODDS))
    weight = sum(good.piece(rng) for _ in range(pieces))
    if pieces == 1 and plate + 1 in good.plates and rng.random() < _OVER_THE_EDGE:
        share = float(rng.uniform(0.1, 0.9))
        return _add(signal, _move(signal, [plate, plate + 1], [share, 1.0 - share], start, -weight))
    return _add(signal, _move(signal, [plate], [1.0], start, -weight))


def put(signal: ShelfSignal, start: float) -> float:
    """Something is put on one plate, where it belongs or anywhere."""
    plate = _plate(signal)
    elsewhere = signal.rng.random() < _PUT_ANYWHERE
    weight = any_weight(signal.rng) if elsewhere else _weight(signal, plate)
    return _add(signal, _move(signal, [plate], [1.0], start, weight))


def touch(signal: ShelfSignal, start: float) -> float:
    """A hand touches something and lets go."""
    seconds = float(signal.rng.uniform(0.15, 1.2))
    _hand(signal, _plate(signal), start, seconds, float(signal.rng.uniform(0.03, 1.2)) * signal.rng.choice([1.0, -0.2]))
    return start + seconds


def lean(signal: ShelfSignal, start: float) -> float:
    """Somebody leans on the shelf: kilograms over two or three plates, swaying."""
    rng = signal.rng
    seconds, plate = float(rng.uniform(1.0, 6.0)), _plate(signal, 3)
    _sway(
        signal, [plate, plate + 1, plate + 2][: int(rng.integers(2, 4))], start, seconds, float(rng.uniform(0.8, 4.0))
    )
    return start + seconds


def lift_edge(signal: ShelfSignal, start: float) -> float:
    """Somebody lifts the edge of the shelf: every plate loses a share, and has it back afterwards."""
    seconds = float(signal.rng.uniform(0.5, 3.0))
    _sway(signal, list(range(signal.plates)), start, seconds, -float(signal.rng.uniform(0.3, 2.0)))
    return start + seconds


def _sway(signal: ShelfSignal, plates: list[int], start: float, seconds: float, force: float) -> None:
    rng = signal.rng
    shares = rng.dirichlet(np.full(len(plates), 3.0))
    slow, fast = rng.uniform(0.3, 1.2), rng.uniform(1.5, 4.0)
    phase = rng.uniform(0.0, 2.0 * np.pi)
    edge = float(rng.uniform(0.1, 0.4)) * min(1.0, seconds)

    def course(t: Array) -> Array:
        hold = np.clip(np.minimum(t, seconds - t) / edge, 0.0, 1.0)
        steady = 1.0 + 0.12 * np.sin(2 * np.pi * slow * t + phase) + 0.05 * np.sin(2 * np.pi * fast * t)
        return np.asarray(force * hold * hold * (3.0 - 2.0 * hold) * steady)

    for plate, share in zip(plates, shares.tolist(), strict=True):
        signal.press(plate, start, seconds, partial(_scaled, share, course))


def _scaled(share: float, course: Callable[[Array], Array], t: Array) -> Array:
    return share * course(t)


def slow_lift(signal: ShelfSignal, start: float) -> float:
    """Something leaves its plate over up to five seconds, not quite evenly."""
    rng = signal.rng
    seconds = float(rng.uniform(2.0, 5.0))
    steps = np.cumsum(rng.uniform(0.3, 1.0, 12))
    support = np.concatenate(([0.0], steps / steps[-1]))
    plate = _plate(signal)
    return _add(signal, _move(signal, [plate], [1.0], start, -_weight(signal, plate), seconds, support))


def held(signal: ShelfSignal, start: float) -> float:
    """Something is held half lifted over its plate for seconds, then taken, or let down again."""
    rng = signal.rng
    plate, seconds = _plate(signal), float(rng.uniform(1.0, 4.0))
    weight = _weight(signal, plate)
    level, tremor = float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.03, 0.10))
    t = np.arange(0.0, seconds, 0.05)
    support = level + tremor * np.sin(2 * np.pi * rng.uniform(0.5, 2.0) * t) + 0.3 * tremor * rng.normal(size=len(t))
    support[0] = 0.0
    if rng.random() < 0.5:
        signal.press(plate, start, seconds, lambda at: -weight * np.interp(at, t, support) * (at < seconds - 0.1))
        return start + seconds
    support[-2:] = 1.0
    return _add(signal, _move(signal, [plate], [1.0], start, -weight, seconds, support))


def quick_takes(signal: ShelfSignal, start: float) -> float:
    """Two takes 0.3 s apart, of one plate or of neighbouring ones."""
    rng = signal.rng
    heavy = [at for at in range(signal.plates) if all(g.weight >= _LIGHTEST_QUICK for g in signal.stock.on(at))]
    plate = int(rng.choice(heavy))
    other = plate + 1 if plate + 1 in heavy and rng.random() < 0.5 else plate
    first = _good(signal, plate)
    truths = []
    for where, at in ((plate, start), (other, start + 0.3)):
        mass = (first if where == plate else _good(signal, where)).piece(rng)
        seconds = float(rng.uniform(0.06, 0.12))
        signal.transfer(where, at, seconds, -mass)
        truths.append(Truth(at, at + seconds, at + seconds, {where: -mass}))
    return _add(signal, *truths)


def two_shoppers(signal: ShelfSignal, start: float) -> float:
    """Two hands take from neighbouring plates at once, each in its own time."""
    plate = _plate(signal, 2)
    later = start + float(signal.rng.uniform(0.0, 0.6))
    return _add(
        signal,
        _move(signal, [plate], [1.0], start, -_weight(signal, plate)),
        _move(signal, [plate + 1], [1.0], later, -_weight(signal, plate + 1)),
    )


def spread(signal: ShelfSignal, start: float) -> float:
    """One product that lies over three plates is taken or put."""
    rng = signal.rng
    wide = [good for good in signal.stock.goods if len(good.plates) == 3]
    good = wide[int(rng.integers(len(wide)))]
    shares = [float(share) for share in rng.dirichlet([4.0, 6.0, 4.0])]
    change = good.piece(rng) * float(rng.choice([-1.0, -1.0, 1.0]))
    return _add(signal, _move(signal, list(good.plates), shares, start, change))


def swap(signal: ShelfSignal, start: float) -> float:
    """One out, and a second or so later another in, on the same plate: another piece of it or another product."""
    plate, rng = _plate(signal), signal.rng
    out = _move(signal, [plate], [1.0], start, -_weight(signal, plate))
    other = _weight(signal, plate) if rng.random() < 0.5 else any_weight(rng)
    return _add(signal, out, _move(signal, [plate], [1.0], out.free + rng.uniform(0.5, 1.5), other))


def light_beside_heavy(signal: ShelfSignal, start: float) -> float:
    """24 g are taken beside 1.6 kg, which are taken soon before or after, where a shelf has both."""
    rng = signal.rng
    pair = [good for good in signal.stock.goods if good.weight in (LIGHTEST, HEAVIEST)]
    if not pair:
        return take(signal, start)
    first, second = ((good.plates[0], -good.piece(rng)) for good in pair[:: int(rng.choice([-1, 1]))])
    one = _move(signal, [first[0]], [1.0], start, first[1])
    two = _move(signal, [second[0]], [1.0], one.free + float(rng.uniform(0.6, 2.0)), second[1])
    return _add(signal, one, two)


ORDINARY: tuple[tuple[Act, float], ...] = (
    (take, 0.41), (put, 0.15), (touch, 0.10), (lean, 0.04), (lift_edge, 0.03), (slow_lift, 0.05),
    (held, 0.04), (quick_takes, 0.02), (two_shoppers, 0.04), (spread, 0.05), (swap, 0.03), (light_beside_heavy, 0.04),
)  # fmt: skip
"""How often each thing is done where a noise level is measured."""

SITUATIONS: dict[str, tuple[Act, ...]] = {
    "bursts": (take, put),
    "spikes": (take, put),
    "drift and creep": (take, put),
    "temperature": (take, put),
    "leaning, lifting the edge": (lean, lift_edge, take),
    "touch and let go": (touch,),
    "slow lift": (slow_lift,),
    "held on the plate": (held,),
    "takes 0.3 s apart": (quick_takes,),
    "two shoppers": (two_shoppers,),
    "spread over three": (spread,),
    "swap": (swap,),
    "24 g beside 1.6 kg": (light_beside_heavy,),
}
"""What is done in each named situation."""


def situation_signal(
    name: str, seconds: float, plates: int, rng: np.random.Generator
) -> tuple[ShelfSignal, NoiseLevel, Array]:
    """Make the signal of one situation: acts every few seconds in normal noise.

    Args:
        name: a key of ``SITUATIONS``, or of ``NOISES`` for the ordinary mix in that noise.
        seconds: length.
        plates: of the shelf.
        rng: source of chance.

    Returns:
        The signal with its truths, the noise to read it in, and the vibration of its gondola.
    """
    extremes = light_beside_heavy in SITUATIONS.get(name, ()) or bool(rng.random() < _EXTREME)
    signal = ShelfSignal(seconds, plates, rng, draw_stock(plates, rng, extremes))
    noise = NOISES.get(name, NOISES["normal"])
    if name == "bursts":
        noise = NoiseLevel(noise.white, noise.flicker, noise.drift, 12.0, (0.05, 0.17), noise.spikes)
    if name == "spikes":
        noise = NoiseLevel(noise.white, noise.flicker, noise.drift, noise.bursts, noise.burst, 1e-3)
    if name == "temperature":
        signal.warm(float(rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.0)))
    acts = [act for act, _ in ORDINARY] if name in NOISES else list(SITUATIONS[name])
    odds = np.array([share for _, share in ORDINARY]) if name in NOISES else np.ones(len(acts))
    at = 4.0
    while at < seconds - 12.0:
        before = len(signal.truths)
        at = acts[int(rng.choice(len(acts), p=odds / odds.sum()))](signal, at)
        if name == "drift and creep":
            for truth in signal.truths[before:]:
                for plate, change in truth.change.items():
                    signal.creep(plate, truth.end, change, float(rng.uniform(-0.002, 0.004)))
        at += float(rng.uniform(2.0, 5.0))
    return signal, noise, signal.bursts(noise)


def idle_signal(noise: NoiseLevel, seconds: float, plates: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return (samples, plates) kilograms of a shelf that nobody touches."""
    signal = ShelfSignal(seconds, plates, rng)
    return signal.read(noise, signal.bursts(noise))


def shop_signal(seconds: float, plates: int, rng: np.random.Generator) -> ShelfSignal:
    """Return the signal of a shelf in a busy shop: something is taken about once in 100 s."""
    signal = ShelfSignal(seconds, plates, rng, draw_stock(plates, rng, False))
    at = 5.0 + float(rng.uniform(0.0, 90.0))
    while at < seconds - 5.0:
        at = take(signal, at) + float(rng.exponential(100.0))
    return signal

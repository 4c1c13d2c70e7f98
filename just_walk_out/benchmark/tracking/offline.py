"""What places alone can tell of who is who: the most likely paths of everybody, all moments weighed at once.

A bound for trackers of places, not a tracker: it sees the annotated places themselves and the whole recording, its
motion model is fitted to the annotated paths, and where people come and go it takes from them, too. What it exchanges
nevertheless, only appearance could tell apart.

A path costs minus the logarithm of its probability: it begins and ends at the rates of its places, moves as a filter of
constant velocity expects, and now and then, by a surprise, as none does. Paths are improved by exchanging what follows
a moment between two of them, and by cutting one, for as long as that makes all paths together likelier; once from
what a tracker found and once from the truth, as such a search may end in a hollow. The likelier end counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment, minimize
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Path = tuple[int, ...]

_KERNEL = 1.0  # metres, over which rates of coming and going are alike
_LEAST_ARRIVALS = 0.0005  # people who come anywhere, 1/m^2/s
_LEAST_PRESENCE = 0.2  # seconds people must have been about for a place's rate of departures to be its own, 1/m^2
_FEWEST_DEPARTURES = 0.01  # 1/s
_AT_FIRST = 0.1  # people who are there at the first moment, 1/m^2
_SPEED = 1.0  # standard deviation of the speed of somebody new, m/s
_GUESS = {"acceleration": 0.1, "memory": 5.0, "error": 0.06, "surprise": 0.05, "jump": 1.0}
_EVALUATIONS = 150  # of the likelihood, to fit these
_GAP = 5  # moments within which a path may go on
_STRIDE = 3.0  # metres in a moment that are tried
_ROUNDS = 100  # a search ends long before
_BLOCK = 500  # places that are compared with all others at once
_SAME = 0.5  # metres from a place to what a tracker reports of it


def likeliest(
    truth: Floats, interval: float, found: list[tuple[Ints, Floats]]
) -> tuple[list[tuple[Ints, Floats]], float]:
    """Find the most likely paths through annotated places.

    Args:
        truth: (R, 4) moment from 0, person, x, y in metres.
        interval: seconds from one moment to the next.
        found: what a tracker reported at each moment, numbers and places (N, 2): where one search begins.

    Returns:
        The paths, as ``found``, and by how much the logarithm of their probability is above that of the annotated ones.
    """
    places = Places(truth, interval)
    ends = [places.improve(each) for each in (places.followed(found), places.annotated)]
    best = max(ends, key=places.total)
    return places.reported(best, len(found)), places.total(best) - places.total(places.annotated)


@dataclass(frozen=True)
class Motion:
    """How people move, and how exactly their places are known.

    Attributes:
        acceleration: spectral density, m^2/s^3.
        memory: time constant of the velocity, seconds.
        error: standard deviation of a place, metres.
        surprise: how often somebody moves as no walking explains.
        jump: standard deviation of the place then, metres.
    """

    acceleration: float
    memory: float
    error: float
    surprise: float
    jump: float


class Places:
    """Places of people at moments, and how likely a path through them is."""

    def __init__(self, truth: Floats, interval: float) -> None:
        """Take annotated places and learn from them where people come and go, and how they move.

        Args:
            truth: (R, 4) moment from 0, person, x, y in metres.
            interval: seconds from one moment to the next.
        """
        rows = truth[np.lexsort((truth[:, 1], truth[:, 0]))]
        self.moments: list[int] = rows[:, 0].astype(int).tolist()
        self.points = rows[:, 2:]
        self._xy: list[list[float]] = self.points.tolist()
        self._interval, self._last = interval, max(self.moments, default=0)
        persons: dict[float, list[int]] = {}
        for row, person in enumerate(rows[:, 1].tolist()):
            persons.setdefault(person, []).append(row)
        self.annotated: list[Path] = [tuple(each) for each in persons.values()]
        missing = sum(self._span(each) - len(each) for each in self.annotated)
        self._unseen = math.log(max(missing, 1) / (missing + len(rows)))
        self._learn_rates()
        self._kept: dict[Path, float] = {}
        guess = np.log(list(_GUESS.values()))
        fitted = minimize(self._misfit, guess, method="Nelder-Mead", options={"maxfev": _EVALUATIONS})
        self.motion = Motion(*np.exp(fitted.x).tolist())
        self._kept.clear()

    def _span(self, path: Path | list[int]) -> int:
        return self.moments[path[-1]] - self.moments[path[0]] + 1

    def _learn_rates(self) -> None:
        """Find for each place how many come there a second and square metre, and at which rate people leave there."""
        births = [each[0] for each in self.annotated if self.moments[each[0]] > 0]
        deaths = [each[-1] for each in self.annotated if self.moments[each[-1]] < self._last]
        seconds = max(self._last * self._interval, self._interval)
        arrivals = self._density(births) / seconds + _LEAST_ARRIVALS
        presence = self._density(range(len(self.points))) * self._interval + _LEAST_PRESENCE
        departures = (self._density(deaths) + _FEWEST_DEPARTURES * _LEAST_PRESENCE) / presence
        self._born: list[float] = np.log(arrivals * self._interval).tolist()
        self._stays: list[float] = (-departures * self._interval).tolist()

    def _density(self, which: Sequence[int]) -> Floats:
        """Return how many (R,) of some places are about each place, 1/m^2."""
        result = np.zeros(len(self.points))
        for start in range(0, len(which), _BLOCK):
            away = cdist(self.points, self.points[list(which[start : start + _BLOCK])]) / _KERNEL
            result += np.exp(-0.5 * away**2).sum(axis=1) / (2.0 * math.pi * _KERNEL**2)
        return result

    def _misfit(self, logarithms: Floats) -> float:
        values = np.exp(logarithms)
        if values[3] >= 0.5:
            return math.inf
        self.motion = Motion(*values.tolist())
        self._kept.clear()
        return -self.total(self.annotated)

    def total(self, paths: Iterable[Path]) -> float:
        """Return the logarithm of the probability density of paths that share no place."""
        return sum(self.likelihood(each) for each in paths)

    def likelihood(self, path: Path) -> float:
        """Return the logarithm of the probability density of one path: places in the order of their moments."""
        if not path:
            return 0.0
        known = self._kept.get(path)
        if known is None:
            known = self._kept[path] = self._begins(path[0]) + self._moves(path) + self._ends(path[-1])
        return known

    def _begins(self, place: int) -> float:
        return self._born[place] if self.moments[place] > 0 else math.log(_AT_FIRST)

    def _ends(self, place: int) -> float:
        """Whoever is not seen again has gone, now or after having been hidden."""
        stay, gone, here = math.exp(self._stays[place]), 0.0, 1.0
        for _ in range(self._last - self.moments[place]):
            gone += here * (1.0 - stay)
            here *= stay * math.exp(self._unseen)
        return math.log(gone + here)

    def _moves(self, path: Path) -> float:
        """Weigh all steps; both coordinates have the same variances, so numbers are quicker than matrices."""
        motion, step = self.motion, self._interval
        error, jump = motion.error**2, motion.jump**2
        usual, unusual = math.log1p(-motion.surprise), math.log(motion.surprise)
        fade = math.exp(-step / motion.memory)
        far = motion.memory * (1.0 - fade)
        drift = [motion.acceleration * each for each in (step**3 / 3.0, step**2 / 2.0, step)]
        (x, y), vx, vy = self._xy[path[0]], 0.0, 0.0
        place, both, speed = error, 0.0, _SPEED**2
        result = 0.0
        for before, now in pairwise(path):
            gap = self.moments[now] - self.moments[before]
            result += gap * self._stays[before] + (gap - 1) * self._unseen
            for _ in range(gap):
                x, y, vx, vy = x + far * vx, y + far * vy, fade * vx, fade * vy
                place += 2.0 * far * both + far * far * speed + drift[0]
                both, speed = fade * (both + far * speed) + drift[1], fade * fade * speed + drift[2]
            away_x, away_y = self._xy[now][0] - x, self._xy[now][1] - y
            squared = away_x * away_x + away_y * away_y
            narrow, wide = place + error, place + error + jump
            walked = usual - 0.5 * squared / narrow - math.log(2.0 * math.pi * narrow)
            jumped = unusual - 0.5 * squared / wide - math.log(2.0 * math.pi * wide)
            result += max(walked, jumped) + math.log1p(math.exp(-abs(walked - jumped)))
            if jumped > walked:
                place += jump
            share, pull = place / (place + error), both / (place + error)
            x, y, vx, vy = x + share * away_x, y + share * away_y, vx + pull * away_x, vy + pull * away_y
            speed -= pull * both
            place, both = place * (1.0 - share), both * (1.0 - share)
        return result

    def improve(self, paths: Iterable[Path]) -> list[Path]:
        """Exchange what follows a moment between two paths, and cut paths, until nothing makes them likelier."""
        result = [each for each in paths if each]
        for _ in range(_ROUNDS):
            moves = sorted(self._moves_of(result), key=lambda each: -each[0])
            taken: set[int] = set()
            cut: list[Path] = []
            for _, one, two, first, second in moves:
                if one in taken or two in taken:
                    continue
                taken |= {one, two}
                a, b = result[one], () if one == two else result[two]
                result[one], rest = a[:first] + b[second:], b[:second] + a[first:]
                if one == two:
                    cut.append(rest)
                else:
                    result[two] = rest
            result = [each for each in result + cut if each]
            if not moves:
                break
        return result

    def _moves_of(self, paths: list[Path]) -> list[tuple[float, int, int, int, int]]:
        """Return what each worthwhile exchange gains, between which paths, and where each of them is cut."""
        moves = []
        moments = [[self.moments[place] for place in path] for path in paths]
        for one, a in enumerate(paths):
            alone = self.likelihood(a)
            for k in range(1, len(a)):
                moves.append((self.likelihood(a[:k]) + self.likelihood(a[k:]) - alone, one, one, k, 0))
            for two in range(one + 1, len(paths)):
                b, cuts = paths[two], set()
                early = max(moments[one][0], moments[two][0]) - _GAP
                late = min(moments[one][-1], moments[two][-1]) + _GAP
                for moment in range(early, late + 1):
                    first, second = (sum(each < moment for each in moments[k]) for k in (one, two))
                    cuts.add((first, second))
                for first, second in sorted(cuts - {(0, 0), (len(a), len(b))}):
                    if self._near(a[:first], b[second:]) and self._near(b[:second], a[first:]):
                        new = self.likelihood(a[:first] + b[second:]) + self.likelihood(b[:second] + a[first:])
                        moves.append((new - alone - self.likelihood(b), one, two, first, second))
        return [each for each in moves if each[0] > 1e-6]

    def _near(self, head: Path, tail: Path) -> bool:
        """Whether one person may have gone on like this."""
        if not head or not tail:
            return True
        gap = self.moments[tail[0]] - self.moments[head[-1]]
        return gap <= _GAP and math.dist(self._xy[head[-1]], self._xy[tail[0]]) <= _STRIDE * math.sqrt(gap)

    def followed(self, found: list[tuple[Ints, Floats]]) -> list[Path]:
        """Return the paths a tracker found: places by the number of whoever it reports nearest."""
        paths: dict[tuple[int, int], list[int]] = {}
        moments = np.array(self.moments)
        for moment, (ids, places) in enumerate(found):
            rows = np.flatnonzero(moments == moment)
            away = cdist(self.points[rows], places) if len(places) else np.zeros((len(rows), 0))
            whose = dict(zip(*linear_sum_assignment(np.minimum(away, 1e3)), strict=True))
            for k, row in enumerate(rows.tolist()):
                near = k in whose and away[k, whose[k]] < _SAME
                paths.setdefault((1, int(ids[whose[k]])) if near else (0, row), []).append(row)
        return [tuple(each) for each in paths.values()]

    def reported(self, paths: Iterable[Path], count: int) -> list[tuple[Ints, Floats]]:
        """Return paths as a tracker reports them: numbers and places (N, 2) at each of so many moments."""
        ids: list[list[int]] = [[] for _ in range(count)]
        rows: list[list[int]] = [[] for _ in range(count)]
        for number, path in enumerate(paths):
            for row in path:
                ids[self.moments[row]].append(number)
                rows[self.moments[row]].append(row)
        return [
            (np.array(who, dtype=np.int64), self.points[np.array(where, dtype=np.intp)])
            for who, where in zip(ids, rows, strict=True)
        ]

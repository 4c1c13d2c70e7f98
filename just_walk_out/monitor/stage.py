"""What is wrong in the store: diagnostics of drivers and nodes become alerts, and alerts are summed up."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from just_walk_out.monitor.steady import Level, SteadyLevel
from just_walk_out.records import Alert, Severity
from just_walk_out.settings import setting, validate

NANOSECONDS = 1_000_000_000
_READINGS = 10  # of a node's clock, one a second: messages may be held up on their way, not so many in a row


SEVERITY = {Level.WARN: Severity.WARNING, Level.ERROR: Severity.ERROR, Level.STALE: Severity.ERROR}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """The state of one part of the store, e.g. ``load_cells: bus_a``, at one moment of that part's own clock."""

    stamp: int
    name: str
    level: Level
    message: str


@dataclass(frozen=True, slots=True)
class Tick:
    """The monitor's clock, nanoseconds: what is pushed next arrives now."""

    stamp: int


@dataclass(frozen=True)
class MonitorSettings:
    """When silence is a fault, when a clock is, and how long something lasts until it is told."""

    stale_after: float = setting(
        5.0, "a part that has said nothing for so long is stale", unit="s", minimum=0.1, maximum=3600.0
    )
    clock_limit: float = setting(
        0.25, "how far the clock of a node's computer may be from the monitor's", unit="s", minimum=0.05, maximum=60.0
    )
    warn_after: float = setting(
        5.0, "how long a part must warn until that is an alert; an error is one at once", unit="s", minimum=0.0,
        maximum=3600.0,
    )  # fmt: skip
    well_after: float = setting(
        10.0, "how long a part must be well until that is told", unit="s", minimum=0.0, maximum=3600.0
    )


@dataclass(frozen=True, slots=True)
class Summary:
    """How the store is doing: parts that are not well, by name, as was told, and alerts so far, by kind."""

    faults: Mapping[str, Level]
    alerts: Mapping[str, int]


def standing(alerts: Iterable[Alert]) -> list[Alert]:
    """Return the alerts that call for somebody now: what has recovered since, and mere notes, are left out.

    Args:
        alerts: of all stages, in the order they came.
    """
    found: dict[str, Alert] = {}
    for alert in alerts:
        part = alert.kind.startswith("part_")
        found.pop(alert.source if part else alert.id, None)
        if alert.severity is not Severity.INFO:
            found[alert.source if part else alert.id] = alert
    return list(found.values())


class MonitorStage:
    """Raises one alert when a part is not well, clears it with one, and counts all alerts.

    An error is told at once, a warning when it has lasted for ``warn_after``, and that a part is well again when that
    has lasted for ``well_after``: what goes to and fro at the limit of a warning is no news. The first diagnostic of a
    part that is well raises nothing. A part that is expected, or that has spoken once, is stale when it has been silent
    for ``stale_after``. All that is by the monitor's clock, which ticks alone move: parts may stamp with another one (a
    recorder on the wall clock beside nodes that follow ``/clock``), and a clock may be set back (a bag that is played
    again).

    Where all follow the clocks of their computers, a node whose clock is apart from the monitor's is a part that is not
    well, too: what cameras and scales say is brought together by their stamps. A diagnostic takes time on its way and
    never comes early, so that the least delays of several tell how far clocks are apart.
    """

    inputs: ClassVar[tuple[type, ...]] = (Diagnostic, Alert, Tick)
    outputs: ClassVar[tuple[type, ...]] = (Alert,)

    def __init__(self, settings: MonitorSettings, expected: Iterable[str] = (), clocks: bool = True) -> None:
        """Start with nothing known.

        Args:
            settings: see ``MonitorSettings``.
            expected: names of parts that must speak.
            clocks: whether parts stamp by the clocks of their computers, which must agree.

        Raises:
            ValueError: a setting is out of range.
        """
        validate(settings)
        self._stale_after = round(settings.stale_after * NANOSECONDS)
        self._patience = round(settings.warn_after * NANOSECONDS), round(settings.well_after * NANOSECONDS)
        self._levels: dict[str, SteadyLevel] = {}
        self._heard: dict[str, int | None] = dict.fromkeys(expected)
        self._newest: dict[str, int] = {}
        self._limit = round(settings.clock_limit * NANOSECONDS) if clocks else None
        self._delays: dict[str, deque[tuple[int, int]]] = {}
        self._now: int | None = None
        self._alerts: dict[str, Alert] = {}

    def restore(self) -> list[Any]:
        """Nothing is kept: diagnostics repeat themselves."""
        return []

    def push(self, record: Diagnostic | Alert | Tick) -> list[Any]:
        """Take a diagnostic, an alert of another stage, or the time; returns the alerts that follow."""
        alerts: list[Alert] = []
        if isinstance(record, Alert):
            self._alerts.setdefault(record.id, record)
        elif isinstance(record, Tick):
            alerts += self._tick(record.stamp)
        else:
            alerts += self._hear(record)
        self._alerts.update((alert.id, alert) for alert in alerts)
        return list(alerts)

    def _tick(self, now: int) -> list[Alert]:
        self._now = now
        alerts = []
        for name, heard in sorted(self._heard.items()):
            if heard is None or heard > now:  # silence counts from here: the first tick, or the clock was set back
                self._heard[name] = now
            elif now - heard > self._stale_after:
                silent = f"has said nothing for {self._stale_after / NANOSECONDS:g} s"
                alerts += self._change(heard + self._stale_after, name, Level.STALE, silent)
        return alerts

    def _hear(self, said: Diagnostic) -> list[Alert]:
        alerts = self._compare_clocks(said)
        newest = self._newest.get(said.name, said.stamp)
        self._heard[said.name] = self._now
        if newest - self._stale_after < said.stamp < newest:
            return alerts  # overtaken on the way; older than that, the part's clock was set back
        self._newest[said.name] = said.stamp
        stamp = said.stamp
        if self._now is not None and abs(stamp - self._now) > self._stale_after:
            stamp = self._now  # the part's clock is not ours
        return [*alerts, *self._change(stamp, said.name, said.level, said.message)]

    def _compare_clocks(self, said: Diagnostic) -> list[Alert]:
        """Look at the clock of the node that said something: all its parts have one stamp a message."""
        if self._limit is None or self._now is None:
            return []
        node = said.name.partition(":")[0]
        delays = self._delays.setdefault(node, deque(maxlen=_READINGS))
        if delays and delays[-1][0] == said.stamp:
            return []
        delays.append((said.stamp, self._now - said.stamp))
        if len(delays) < _READINGS:
            return []
        # not the least: one message was on its way when a clock was set
        apart = sorted(delay for _, delay in delays)[1]
        part = f"{node}: clock"
        if abs(apart) <= self._limit:
            return self._change(self._now, part, Level.OK, "it agrees with the monitor's")
        way = "behind" if apart > 0 else "ahead of"
        message = f"it is {abs(apart) / NANOSECONDS:.1f} s {way} the monitor's; the clocks of all computers must agree"
        return self._change(self._now, part, Level.WARN, message)

    def summary(self) -> Summary:
        """Return the parts that are not well, and how many alerts of each kind there were."""
        counts = Counter(alert.kind for alert in self._alerts.values())
        faults = {name: level.told for name, level in sorted(self._levels.items()) if level.told is not Level.OK}
        return Summary(faults, dict(sorted(counts.items())))

    def _change(self, stamp: int, name: str, level: Level, message: str) -> list[Alert]:
        steady = self._levels.setdefault(name, SteadyLevel(*self._patience))
        if not steady.hear(level, stamp if self._now is None else self._now):
            return []
        if level is Level.OK:
            kind, severity, text = "part_recovered", Severity.INFO, f"{name} is well again: {message}."
        else:
            kind, severity = f"part_{level.name.lower()}", SEVERITY[level]
            text = f"{name}: {message}."
        return [Alert(stamp, f"{kind}/{name}@{stamp}", severity, kind, name, text)]

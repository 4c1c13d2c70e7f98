"""What truly happened, written where no node looks."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from just_walk_out.simulation.world import Moment, World

TRUTH = "truth.jsonl"
POSITIONS = "positions.jsonl"
_TIMES = ("start", "settled", "entered", "exited")
_POSITION_PERIOD = 0.1


def describe(moment: Moment, start: int) -> dict[str, Any]:
    """Turn a moment into a line of the truth: seconds become nanoseconds.

    Args:
        moment: of the world.
        start: stamp of second 0 of the scenario, nanoseconds.
    """
    facts = {key: stamp_of(value, start) if key in _TIMES else value for key, value in moment.facts.items()}
    return {"kind": moment.kind, "stamp": stamp_of(moment.time, start), **facts}


def stamp_of(time: float | None, start: int) -> int | None:
    """Convert seconds of the scenario to a stamp in nanoseconds."""
    return None if time is None else start + round(time * 1e9)


class TruthWriter:
    """Writes ``truth.jsonl`` and ``positions.jsonl`` as things happen, a flushed line each."""

    def __init__(self, run_dir: Path, start: int) -> None:
        """Open the files anew.

        Args:
            run_dir: where they lie.
            start: stamp of second 0 of the scenario, nanoseconds.
        """
        self._start = start
        self._truth = (run_dir / TRUTH).open("w", encoding="utf-8", buffering=1)
        self._positions = (run_dir / POSITIONS).open("w", encoding="utf-8", buffering=1)
        self._written = 0
        self._waiting: list[Moment] = []
        self._tick = 0

    def update(self, world: World) -> None:
        """Write what has become true since the last call."""
        # A moment is noted when it is decided; it is true only once its time has come.
        waiting = []
        for moment in self._pending(world):
            if moment.time <= world.now:
                self._truth.write(json.dumps(describe(moment, self._start)) + "\n")
            else:
                waiting.append(moment)
        self._waiting = waiting
        if world.now >= self._tick * _POSITION_PERIOD:
            self._tick = int(world.now / _POSITION_PERIOD) + 1
            people = [
                {"id": figure.id, "x": round(figure.x, 3), "y": round(figure.y, 3), "heading": round(figure.heading, 3)}
                for figure in world.figures(world.now)
            ]
            line = {"stamp": stamp_of(world.now, self._start), "people": people}
            self._positions.write(json.dumps(line) + "\n")

    def close(self) -> None:
        """Close the files."""
        self._truth.close()
        self._positions.close()

    def __enter__(self) -> TruthWriter:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files."""
        self.close()

    def _pending(self, world: World) -> list[Moment]:
        fresh = world.moments[self._written :]
        self._written = len(world.moments)
        return sorted([*self._waiting, *fresh], key=lambda moment: moment.time)

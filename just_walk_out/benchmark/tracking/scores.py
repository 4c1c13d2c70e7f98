"""HOTA, MOTA, IDF1 and identity switches by the TrackEval library, which MOTChallenge uses."""

from __future__ import annotations

import contextlib
import io
import statistics
import tempfile
from collections.abc import Sequence as Several
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.tracking.data import Sequence

Floats = NDArray[np.float64]
# frame, id, left, top, width, height, score
Row = tuple[int, int, float, float, float, float, float]


@dataclass(frozen=True)
class Score:
    """Figures of one tracker on one sequence; shares in per cent, frames a second of the tracker alone."""

    hota: float
    mota: float
    idf1: float
    ids: int
    fps: float

    def figures(self) -> dict[str, float]:
        """Return them for a JSON file."""
        shares = {name: round(getattr(self, name), 2) for name in ("hota", "mota", "idf1")}
        return {**shares, "ids": self.ids, "fps": round(self.fps, 1)}


def averages(runs: Several[dict[str, float]]) -> dict[str, float]:
    """Return means of several runs' figures, and the standard error of that of IDF1 (``idf1_error``)."""
    means = {name: round(statistics.fmean(run[name] for run in runs), 2) for name in runs[0]}
    spread = statistics.stdev(run["idf1"] for run in runs) if len(runs) > 1 else 0.0
    return {**means, "idf1_error": round(spread / len(runs) ** 0.5, 2)}


def missing(error: ImportError) -> ValueError:
    """Say which extra holds what the benchmark needs."""
    return ValueError(f"needs the extra 'benchmark' (pip install 'just_walk_out[benchmark]'): {error}")


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write a result file of MOTChallenge."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        f"{frame},{who},{left:.2f},{top:.2f},{width:.2f},{height:.2f},{score:.4f},-1,-1,-1\n"
        for frame, who, left, top, width, height, score in rows
    )
    path.write_text("".join(lines), encoding="utf-8")


def score(sequence: Sequence, rows: list[Row], fps: float) -> Score:
    """Score what a tracker reports.

    The truth is read as TrackEval reads it: with classes (MOT16 and later), boxes on distractors are neither right nor
    wrong and only pedestrians that are not ignored count; MOT15 has no classes, all that its flag keeps counts.

    Args:
        sequence: what was tracked.
        rows: in any order.
        fps: is passed on.

    Raises:
        ValueError: TrackEval is not installed, or does not take the files.
    """
    trackeval = _trackeval()
    with tempfile.TemporaryDirectory() as folder:
        truth = Path(folder, "truth", sequence.name, "gt.txt")
        truth.parent.mkdir(parents=True)
        np.savetxt(truth, sequence.truth, fmt="%g", delimiter=",")
        write_rows(Path(folder, "results", "tracker", "data", f"{sequence.name}.txt"), rows)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                dataset = trackeval.datasets.MotChallenge2DBox(
                    {
                        "GT_FOLDER": str(Path(folder, "truth")),
                        "TRACKERS_FOLDER": str(Path(folder, "results")),
                        "TRACKERS_TO_EVAL": ["tracker"],
                        "BENCHMARK": "MOT17" if sequence.classes else "MOT15",
                        "SEQ_INFO": {sequence.name: len(sequence.frames)},
                        "SKIP_SPLIT_FOL": True,
                        "GT_LOC_FORMAT": "{gt_folder}/{seq}/gt.txt",
                        "PRINT_CONFIG": False,
                    }
                )
                raw = dataset.get_raw_seq_data("tracker", sequence.name)
                data = dataset.get_preprocessed_seq_data(raw, "pedestrian")
        except trackeval.utils.TrackEvalException as error:
            raise ValueError(f"{sequence.name}: TrackEval does not take it: {error}") from error
    hota = trackeval.metrics.HOTA().eval_sequence(data)
    clear, identity = clear_and_identity(data)
    return Score(
        100.0 * float(np.mean(hota["HOTA"])),
        100.0 * float(clear["MOTA"]),
        100.0 * float(identity["IDF1"]),
        int(clear["IDSW"]),
        fps,
    )


def clear_and_identity(data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the CLEAR and the identity figures of TrackEval for data in its form (similarity at least 0.5 matches).

    Raises:
        ValueError: TrackEval is not installed.
    """
    metrics = _trackeval().metrics
    quiet = {"PRINT_CONFIG": False}
    return metrics.CLEAR(quiet).eval_sequence(data), metrics.Identity(quiet).eval_sequence(data)


def _trackeval() -> Any:
    try:
        import trackeval
    except ImportError as error:
        raise missing(error) from error
    return trackeval

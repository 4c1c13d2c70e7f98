"""How far sights of one person and of two people are apart, by the colours of clothes: simulated, and in a real video.

Sights are what the camera room counts of people, more than a second apart. Their distance is 1 - Bhattacharyya's
coefficient, summed over upper body and legs (0 to 2). Told apart is how often a sight of somebody is nearer to
another one of the same person than to one of somebody else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.detect.data import open_clip
from just_walk_out.benchmark.receipts.clothes import Clothes
from just_walk_out.benchmark.receipts.people import Onlookers
from just_walk_out.benchmark.tracking.data import read_sequence
from just_walk_out.camera.appearance import AppearanceSampler
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.person import BoxPlacer
from just_walk_out.camera.visibility import Occluders
from just_walk_out.simulation.figure import Figure
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.simulation.world import World
from just_walk_out.store.model import Store
from just_walk_out.tracking.looks import known, looks

Floats = NDArray[np.float64]

_EVERY = 0.5  # seconds from one simulated picture to the next
_EVERY_FRAME = 3  # of a video
_APART = 1.0  # seconds
_PAIRS = 100_000
VIDEO = Path("data") / "people" / "pets09_s2l1"
"""Where the video is, in ``JWO_DATA``."""


@dataclass(frozen=True)
class Sight:
    """Somebody in a picture.

    Attributes:
        person: who.
        camera: which.
        time: seconds.
        look: ``PersonDetection.appearance``.
    """

    person: str
    camera: int
    time: float
    look: bytes


class _Noted(Clothes):
    """Notes whose clothes are looked at."""

    def __init__(self, store: Store, seed: int) -> None:
        super().__init__(store, [camera for camera in store.cameras if camera.role == "overview"], seed)
        self.now = 0.0
        self.sights: list[Sight] = []

    def look(
        self, index: int, figures: Sequence[Figure], rows: NDArray[np.intp], positions: Floats
    ) -> tuple[Floats, list[bytes]]:
        boxes, found = super().look(index, figures, rows, positions)
        pairs = zip(rows.tolist(), found, strict=True)
        self.sights += [Sight(figures[row].id, index, self.now, look) for row, look in pairs]
        return boxes, found


def simulated(store: Store, scenario: Scenario, seed: int, seconds: float) -> list[Sight]:
    """Look at the people of a scenario as the cameras of the row "by cameras" do.

    Args:
        store: where.
        scenario: who comes.
        seed: of everything drawn.
        seconds: for how long.
    """
    world, noted = World(store, scenario, seed), _Noted(store, seed)
    onlookers = Onlookers(store, np.random.default_rng(seed), None, noted)
    for tick in range(round(seconds / _EVERY)):
        noted.now = tick * _EVERY
        world.advance(noted.now)
        onlookers.report(round(noted.now * 1e9), world.figures(noted.now))
    return noted.sights


def filmed() -> list[Sight] | None:
    """Look at the annotated people of the real video in ``JWO_DATA``; None where it is not."""
    folder = Path(os.environ.get("JWO_DATA", "../shared")) / VIDEO
    if not (folder / "video.avi").is_file():
        return None
    sequence, clip = read_sequence(folder), open_clip(folder)
    assert clip.camera is not None
    projector = FloorProjector(clip.camera)
    placer, sampler = BoxPlacer(projector), AppearanceSampler(projector, Occluders(()))
    found = []
    for frame, image in clip.pictures(None):
        rows = sequence.truth[sequence.truth[:, 0] == frame]
        if frame % _EVERY_FRAME or not len(rows):
            continue
        boxes = rows[:, 2:6] - np.array([1.0, 1.0, 0.0, 0.0])  # files of MOTChallenge count pixels from 1
        positions = placer.place(boxes).positions
        sound = np.isfinite(positions).all(axis=1)
        described = sampler.sample(image, boxes[sound], positions[sound])
        for person, look in zip(rows[sound, 1].tolist(), described, strict=True):
            found.append(Sight(f"{person:.0f}", 0, frame / sequence.rate, look.tobytes()))
    return found


def figures(sights: Sequence[Sight], seed: int) -> dict[str, dict[str, float | list[float]]]:
    """Compare sights with each other.

    Args:
        sights: in which both parts of the body are seen count.
        seed: of the pairs that are compared.

    Returns:
        By ``one_camera`` and ``two_cameras``, as far as there are such pairs: ``same`` and ``other``, the distances of
        sights of one person and of two at 10, 50 and 90 %, and ``told_apart``; under ``all`` the number of ``sights``
        and the share in which ``both_parts`` are seen.
    """
    look = looks([each.look for each in sights])
    whole = known(look).all(axis=1)
    result: dict[str, dict[str, float | list[float]]] = {
        "all": {"sights": len(sights), "both_parts": round(float(whole.mean()), 3) if len(sights) else 0.0}
    }
    if not whole.any():
        return result
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(whole)
    one, two = rng.choice(rows, _PAIRS), rng.choice(rows, _PAIRS)
    who, camera, time = (np.array([getattr(each, key) for each in sights]) for key in ("person", "camera", "time"))
    apart = np.abs(time[one] - time[two]) > _APART
    away = (1.0 - np.einsum("npk,npk->np", look[one], look[two])).sum(axis=1)
    for name, chosen in (("one_camera", camera[one] == camera[two]), ("two_cameras", camera[one] != camera[two])):
        same, other = (away[apart & chosen & each] for each in (who[one] == who[two], who[one] != who[two]))
        if len(same) and len(other):
            quantiles = [np.percentile(each, (10, 50, 90)).round(2).tolist() for each in (same, other)]
            nearer = np.searchsorted(np.sort(other), same, side="right").mean() / len(other)
            result[name] = {"same": quantiles[0], "other": quantiles[1], "told_apart": round(1.0 - float(nearer), 3)}
    return result


def table(measured: dict[str, dict[str, dict[str, float | list[float]]]]) -> str:
    """Return what ``figures`` says of several sources as text."""
    lines = [f"{'sights of clothes':<34}{'sights':>8}{'one person':>22}{'two people':>22}{'told apart':>12}"]
    for source, parts in measured.items():
        for name, part in parts.items():
            if name != "all":
                spreads = ["{1:.2f} ({0:.2f} to {2:.2f})".format(*_three(part[key])) for key in ("same", "other")]
                label = f"{source}, {name.replace('_', ' ')}"
                lines.append(f"{label:<34}{parts['all']['sights']:8}{spreads[0]:>22}{spreads[1]:>22}"
                             f"{part['told_apart']:12.3f}")  # fmt: skip
    lines.append("Distance of two sights, 0 to 2: median (10 to 90 %), where both upper body and legs are seen.")
    return "\n".join(lines)


def _three(values: float | list[float]) -> list[float]:
    return values if isinstance(values, list) else [values] * 3

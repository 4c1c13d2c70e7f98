"""How a standing person looks to a calibrated camera, and where a box says that the person stands.

The body is a stack of level discs from the soles to the crown (average adult proportions, e.g.
NASA-STD-3000 / DIN 33402 shoulder and hip breadths). A box is matched to the outline of that body by
a maximum a posteriori fit of floor position and body height (Gauss-Newton), so that feet and head are
fused with their own uncertainties, wide-angle tilt is accounted for, and an edge that cannot be
trusted (cut by the picture's border, hidden by a fixture) is simply left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.visibility import Occluders
from just_walk_out.settings import setting

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Disc heights as a share of the body height, and their radii in metres (half breadths, clothed).
DISC_HEIGHTS: Floats = np.array([0.0, 0.25, 0.50, 0.70, 0.81, 0.88, 0.95, 1.0])
DISC_RADII: Floats = np.array([0.13, 0.13, 0.18, 0.22, 0.22, 0.09, 0.09, 0.05])
_ANGLES = np.linspace(0.0, 2.0 * np.pi, 8, endpoint=False)
# A head tells the place if people who are taller by a standard deviation would be nearer by less than this, metres.
_TELLING = 0.5
_RING: Floats = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])


@dataclass(frozen=True)
class PersonSettings:
    """What is assumed about people, and how far a box is trusted."""

    height: float = setting(1.70, "Assumed body height", unit="m", minimum=0.5, maximum=2.5)
    height_deviation: float = setting(0.10, "Standard deviation of the body height", unit="m", minimum=0.01)
    edge_deviation: float = setting(0.03, "Standard deviation of a box edge, share of the box height", minimum=0.001)
    edge_pixels: float = setting(1.5, "Least standard deviation of a box edge", unit="px", minimum=0.1)
    floor_deviation: float = setting(
        0.06, "Least standard deviation of a position: posture, calibration", unit="m", minimum=0.0
    )
    border: float = setting(3.0, "A box edge this near the picture's border is taken for cut", unit="px", minimum=0.0)


@dataclass(frozen=True)
class Placement:
    """Where boxes stand.

    Attributes:
        positions: (N, 2) metres, ``map``; NaN where a box cannot be placed.
        covariances: (N, 2, 2) m^2.
        heights: (N,) fitted body heights, metres.
        feet: (N,) whether the feet were used.
    """

    positions: Floats
    covariances: Floats
    heights: Floats
    feet: Bools


def outline(projector: FloorProjector, positions: ArrayLike, heights: ArrayLike) -> Floats:
    """Project the rim of each body disc.

    Args:
        projector: the camera.
        positions: (..., 2) metres, ``map``.
        heights: (...) body heights, metres.

    Returns:
        (..., discs, 8, 2) pixels, NaN behind the camera.
    """
    centre = np.asarray(positions, dtype=np.float64)
    tall = np.asarray(heights, dtype=np.float64)
    shape = (*centre.shape[:-1], len(DISC_HEIGHTS), len(_RING))
    points = np.empty((*shape, 3))
    points[..., :2] = centre[..., None, None, :] + DISC_RADII[:, None, None] * _RING
    points[..., 2] = (tall[..., None] * DISC_HEIGHTS)[..., None]
    return projector.to_pixels(points)


def edges(projector: FloorProjector, positions: ArrayLike, heights: ArrayLike) -> Floats:
    """Return the (left, top, right, bottom) edges of standing bodies, pixels, shape (..., 4)."""
    rims = outline(projector, positions, heights)
    flat = rims.reshape(*rims.shape[:-3], rims.shape[-3] * rims.shape[-2], 2)
    return np.concatenate([flat.min(axis=-2), flat.max(axis=-2)], axis=-1)


class BoxPlacer:
    """Places boxes of one camera on the floor."""

    def __init__(
        self, projector: FloorProjector, occluders: Occluders | None = None, settings: PersonSettings | None = None
    ) -> None:
        """Take the camera, the fixtures that may hide feet, and the assumptions."""
        self._projector = projector
        self._occluders = occluders or Occluders(())
        self._settings = settings or PersonSettings()

    def place(self, boxes: ArrayLike) -> Placement:
        """Find where people with these boxes stand.

        Args:
            boxes: (N, 4) left, top, width, height, pixels.
        """
        given = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
        target = np.concatenate([given[:, :2], given[:, :2] + given[:, 2:]], axis=1)
        sound = np.isfinite(given).all(axis=1) & (given[:, 2:] > 0).all(axis=1)
        target[~sound] = (0.0, 0.0, 1.0, 1.0)
        use = self._uncut(target)
        from_head = self._start(target, use)
        first = self._fit(target, use, from_head)
        hidden = self._feet_hidden(target, use, from_head)
        if hidden.any():
            use = use.copy()
            use[hidden, 3] = False
            again = self._fit(target[hidden], use[hidden], from_head[hidden])
            for old, new in zip(first, again, strict=True):
                old[hidden] = new
        positions, covariances, heights = first
        bad = ~sound | ~np.isfinite(positions).all(axis=1) | ~np.isfinite(covariances).all(axis=(1, 2))
        positions[bad] = np.nan
        covariances[bad] = np.nan
        return Placement(positions, covariances, heights, use[:, 3] & ~bad)

    def _uncut(self, target: Floats) -> Bools:
        """Which edges (left, top, right, bottom) are not cut by the picture's border."""
        margin = self._settings.border
        last = (self._projector.width - 1, self._projector.height - 1)
        return np.concatenate([target[:, :2] > margin, target[:, 2:] < np.subtract(last, margin)], axis=1)

    def _start(self, target: Floats, use: Bools) -> Floats:
        """First guess from the head where it is seen and tells the place, else from the feet; metres."""
        middle = 0.5 * (target[:, 0] + target[:, 2])
        top = np.column_stack([middle, target[:, 1]])
        head = self._projector.to_floor(top, self._settings.height)
        taller = self._projector.to_floor(top, self._settings.height + self._settings.height_deviation)
        foot = self._projector.to_floor(np.column_stack([middle, target[:, 3]]))
        # A camera hardly above the heads sees them alike near and far.
        with np.errstate(invalid="ignore"):
            tells = np.linalg.norm(taller - head, axis=1) < _TELLING
        by_feet = use[:, 3] & np.isfinite(foot).all(axis=1)
        by_head = use[:, 1] & np.isfinite(head).all(axis=1) & (tells | ~by_feet)
        return np.where(by_head[:, None], head, foot)

    def _spread(self, target: Floats) -> Floats:
        tall = np.maximum(target[:, 3] - target[:, 1], 1.0)
        sigma = np.maximum(self._settings.edge_deviation * tall, self._settings.edge_pixels)
        # Arms make the sides of a box less certain than its head and feet.
        return np.asarray(sigma[:, None] * np.array([2.0, 1.0, 2.0, 1.0]))

    def _fit(self, target: Floats, use: Bools, start: Floats) -> tuple[Floats, Floats, Floats]:
        """Gauss-Newton for (x, y, height) of each box; returns positions, covariances, heights."""
        settings = self._settings
        state = np.column_stack([start, np.full(len(start), settings.height)])
        weight = np.where(use, 1.0 / self._spread(target), 0.0)
        prior = np.diag([0.0, 0.0, settings.height_deviation**-2])
        # A weak pull to the start keeps boxes with hardly any usable edge solvable.
        weak = np.diag([0.04, 0.04, 0.0])
        information = np.broadcast_to(prior + weak, (len(state), 3, 3))
        offsets = np.concatenate([np.zeros((1, 3)), 0.01 * np.eye(3)])
        for _ in range(5):
            trial = state[:, None] + offsets
            seen = edges(self._projector, trial[..., :2], trial[..., 2])
            slope = np.swapaxes(seen[:, 1:] - seen[:, :1], 1, 2) / 0.01 * weight[..., None]
            residual = np.where(use, (target - seen[:, 0]) * weight, 0.0)
            slope = np.where(use[..., None], slope, 0.0)
            information = np.swapaxes(slope, 1, 2) @ slope + prior + weak
            pull = np.column_stack([np.zeros((len(state), 2)), settings.height - state[:, 2]]) @ prior
            gradient = np.einsum("nij,ni->nj", slope, residual) + pull
            good = np.isfinite(information).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
            information = np.where(good[:, None, None], information, np.eye(3))
            step = np.linalg.solve(information, np.where(good[:, None], gradient, np.nan)[..., None])[..., 0]
            state = state + np.clip(step, -1.5, 1.5)
        covariance = np.linalg.inv(information)[:, :2, :2] + settings.floor_deviation**2 * np.eye(2)
        return state[:, :2], covariance, state[:, 2]

    def _feet_hidden(self, target: Floats, use: Bools, from_head: Floats) -> Bools:
        """Which boxes end above the feet: too short for a person under that head, or a fixture is in between."""
        candidates = use[:, 1] & use[:, 3] & np.isfinite(from_head).all(axis=1)
        expected = edges(self._projector, from_head, np.full(len(target), self._settings.height))
        full = expected[:, 3] - expected[:, 1]
        with np.errstate(invalid="ignore"):
            spread = 3.0 * self._settings.height_deviation / self._settings.height + self._settings.edge_deviation
            short = (target[:, 3] - target[:, 1]) < (1.0 - spread) * full
        soles = np.column_stack([from_head, np.full(len(target), 0.05)])
        covered = self._occluders.hidden(self._projector.centre, np.where(np.isfinite(soles), soles, 0.0))
        return candidates & (short | covered)


def position_covariance(
    projector: FloorProjector,
    positions: Floats,
    heights: Floats,
    feet: Bools,
    pixels: Floats,
    settings: PersonSettings,
) -> Floats:
    """Covariance of floor positions seen by head and, where visible, feet.

    Args:
        projector: the camera.
        positions: (N, 2) metres.
        heights: (N,) body heights, metres.
        feet: (N,) whether the feet are seen.
        pixels: (N,) standard deviation of an image point, pixels.
        settings: spread of body heights and least deviation.

    Returns:
        (N, 2, 2) m^2; long along the view ray where only the head is seen.
    """
    variance = (pixels**2)[:, None, None] * np.eye(2)
    head = projector.floor_jacobian(np.column_stack([positions, heights]))
    rise = head[..., 2:]
    spread = variance + settings.height_deviation**2 * rise @ np.swapaxes(rise, 1, 2)
    flat = head[..., :2]
    information = np.swapaxes(flat, 1, 2) @ np.linalg.solve(spread, flat)
    foot = projector.floor_jacobian(np.column_stack([positions, np.zeros(len(positions))]))[..., :2]
    usable = (feet & np.isfinite(foot).all(axis=(1, 2)))[:, None, None]
    information = information + np.where(usable, np.swapaxes(foot, 1, 2) @ foot / variance[:, :1, :1], 0.0)
    good = np.isfinite(information).all(axis=(1, 2))[:, None, None]
    weak = 0.04 * np.eye(2)
    return np.linalg.inv(np.where(good, information, 0.0) + weak) + settings.floor_deviation**2 * np.eye(2)

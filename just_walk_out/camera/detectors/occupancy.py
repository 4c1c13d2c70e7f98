"""Explains a foreground mask by people who stand on the floor.

A generative fit in the spirit of the probabilistic occupancy map (Fleuret et al. 2008), made greedy
and cheap: every place where somebody could stand predicts which pixels that person would cover, as a
few stacked rectangles, less what fixtures hide. The place that explains most foreground at least
background is taken, its pixels are explained away, and so on until what is left is too little for a
person. So merged people come apart and hidden feet do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from just_walk_out.camera.detectors import stance as stances
from just_walk_out.camera.detectors.silhouette import SECOND, Silhouettes, areas, integrals, sums
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.person import PersonSettings, position_covariance
from just_walk_out.camera.visibility import Occluders
from just_walk_out.settings import setting
from just_walk_out.store.geometry import distance_outside, distance_to_segment
from just_walk_out.store.model import Camera, Store

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Mask = NDArray[np.uint8]

# What a doubtful pixel counts for where a silhouette ends: less than the half that would be foreground.
_DOUBTFUL_EDGE = np.float32(0.4)
_FARTHEST_CORRECTION = 0.8
# The place itself, and those around it.
_AROUND: Floats = np.array([(0, 0), (-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)], np.float64)
# Places are tried on the mask at this fraction of its size; the ends of silhouettes are measured at full size.
_COARSE = 2.0
# Places whose soles and crowns are this near in the coarse mask are told apart by measuring alone, pixels.
_SAME_PIXELS = 1.5


@dataclass(frozen=True)
class OccupancySettings:
    """Where people are looked for and how much evidence makes a person."""

    step: float = setting(0.15, "Spacing of the places that are tried", unit="m", minimum=0.05, maximum=0.5)
    margin: float = setting(0.15, "How far beyond the floor plan people are looked for", unit="m", minimum=0.0)
    gate_depth: float = setting(2.0, "How far beyond the line of a gate people are looked for", unit="m", minimum=0.0)
    miss_cost: float = setting(0.6, "Cost of a background pixel within a person, in foreground pixels", minimum=0.0)
    doubtful_body: float = setting(
        0.5, "Worth of a pixel that may be a shadow, at the upper body, in foreground pixels", minimum=-1.0, maximum=1.0
    )
    doubtful_legs: float = setting(
        -0.3, "The same at the legs, where shadows lie on the floor", minimum=-1.0, maximum=1.0
    )
    least_gain: float = setting(0.22, "Least gain, share of the person's visible pixels", minimum=0.01, maximum=1.0)
    least_new: float = setting(
        0.30, "Least share of a person's visible pixels that nobody else explains", minimum=0.01, maximum=1.0
    )
    least_visible: float = setting(0.2, "Least visible share of a person who is looked for", minimum=0.01, maximum=1.0)
    least_pixels: float = setting(15.0, "Least foreground of a person, coarse pixels", unit="px", minimum=1.0)
    image_deviation: float = setting(0.02, "Standard deviation of head and feet, share of the body", minimum=0.0)
    image_pixels: float = setting(1.5, "Least standard deviation of head and feet", unit="px", minimum=0.1)
    separation: float = setting(0.35, "Least distance between two people", unit="m", minimum=0.0)
    most: int = setting(20, "Most people one camera reports", minimum=1)


@dataclass(frozen=True)
class Occupant:
    """One person of the fit.

    Attributes:
        position: x, y, metres.
        covariance: (2, 2) m^2.
        height: fitted body height, metres.
        share: of the visible body that is foreground, 0..1.
        rectangles: (slices, 4) left, top, right, bottom, pixels of the coarse mask.
        visible: (slices,) which slices no fixture hides.
    """

    position: Floats
    covariance: Floats
    height: float
    share: float
    rectangles: Floats
    visible: Bools


class Occupancy:
    """Finds the people that explain the foreground of one camera."""

    def __init__(
        self,
        camera: Camera,
        store: Store,
        scale: float,
        settings: OccupancySettings | None = None,
        person: PersonSettings | None = None,
    ) -> None:
        """Precompute what a person at each place would cover.

        Args:
            camera: calibration.
            store: floor plan and fixtures.
            scale: pixels of the mask per pixel of the camera.
            settings: what is looked for.
            person: assumed body height.
        """
        self._settings = settings or OccupancySettings()
        self._person = person or PersonSettings()
        self._projector = FloorProjector(camera)
        self._fine = scale
        self._scale = scale / _COARSE
        self._size = (round(camera.width * self._scale), round(camera.height * self._scale))
        self._body = Silhouettes(self._projector, self._scale, self._size)
        self._occluders = Occluders(store.gondolas, store.walls)
        places = self._distinct(self._places(store))
        visible = self._body.visible(self._occluders, places, self._person.height)
        whole = self._body.rectangles(places, np.full(len(places), self._person.height))
        covers = areas(self._body.clip(whole))
        with np.errstate(invalid="ignore", divide="ignore"):
            share = (covers * visible).sum(axis=1) / areas(whole).sum(axis=1)
        keep = np.isfinite(whole).all(axis=(1, 2)) & (share > self._settings.least_visible)
        self._keep(places[keep], visible[keep], whole[keep])

    def fit(self, mask: Mask, doubtful: Mask) -> list[Occupant]:
        """Explain a foreground by people; they come nearest (largest) first.

        Args:
            mask: 1 where the picture shows something that is not the empty store.
            doubtful: 1 where it may, or may be in somebody's shadow.
        """
        settings = self._settings
        found: list[Occupant] = []
        if not len(self._positions) or not mask.any():
            return found
        sure, maybe = (
            cv2.resize(part, self._size, interpolation=cv2.INTER_AREA).astype(np.float32)
            for part in (255 * mask, 255 * doubtful)
        )
        # what a pixel is worth to a person, and how much of it nobody explains yet
        worth = np.empty((*sure.shape, 4), dtype=np.float32)
        legs, body = settings.doubtful_legs, settings.doubtful_body
        self._weigh(worth[..., :SECOND], sure, maybe, -settings.miss_cost, legs, body)
        self._weigh(worth[..., SECOND:], sure, maybe, 0.0, max(legs, 0.0), max(body, 0.0))
        evidence = mask + _DOUBTFUL_EDGE * doubtful
        table = covered = integrals(worth)
        raw = sums(covered, self._corners + SECOND, self._shown)
        active = np.flatnonzero((raw > settings.least_new * self._area) & (raw > settings.least_pixels))
        gain, new = self._worths(table, active)
        while active.size and len(found) < settings.most:
            area = self._area[active]
            enough = (gain > settings.least_gain * area) & (new > settings.least_new * area)
            enough &= new > settings.least_pixels
            if not enough.any():
                break
            active, gain, new = active[enough], gain[enough], new[enough]
            best = int(gain.argmax())
            occupant = self._refine(int(active[best]), table, covered, evidence)
            found.append(occupant)
            self._fill(worth, occupant, 0.0, 1.25, 1.0)
            self._fill(evidence, occupant, np.nan, 1.0, _COARSE)
            table = integrals(worth)
            apart = np.linalg.norm(self._positions[active] - occupant.position, axis=1) > settings.separation
            active, gain, new = active[apart], gain[apart], new[apart]
            # only bodies that overlap the person's explain less than before
            low, high = occupant.rectangles[:, :2].min(axis=0), occupant.rectangles[:, 2:].max(axis=0)
            spare = 1.0 + 0.125 * (high - low)
            reach = self._reach[active]
            touched = ((reach[:, :2] <= high + spare) & (reach[:, 2:] >= low - spare)).all(axis=1)
            gain[touched], new[touched] = self._worths(table, active[touched])
        return found

    def _worths(self, table: NDArray[np.float32], places: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Return what people at places would be worth, and how much of it nobody explains yet."""
        corners, shown = self._corners[places], self._shown[places]
        return sums(table, corners, shown), sums(table, corners + SECOND, shown)

    def paint(self, target: NDArray[np.generic], occupant: Occupant, value: float, widen: float) -> None:
        """Fill the visible slices of a person in a mask, widened by a factor, with a value."""
        self._fill(target, occupant, value, widen, _COARSE)

    @staticmethod
    def _fill(target: NDArray[np.generic], occupant: Occupant, value: float, widen: float, zoom: float) -> None:
        for rectangle, shown in zip(occupant.rectangles, occupant.visible, strict=True):
            if shown:
                left, top, right, bottom = zoom * rectangle
                spare = 0.5 * (widen - 1.0) * (right - left)
                x0, x1 = max(0, int(left - spare)), max(0, int(np.ceil(right + spare)))
                y0, y1 = max(0, int(top - 0.3 * spare)), max(0, int(np.ceil(bottom + 0.3 * spare)))
                target[y0:y1, x0:x1] = value

    @staticmethod
    def _weigh(
        pair: NDArray[np.float32],
        sure: NDArray[np.float32],
        maybe: NDArray[np.float32],
        empty: float,
        legs: float,
        body: float,
    ) -> None:
        """Fill in worths of pixels (height, width, 2), for legs and for the body above, from shares in 1/255."""
        plain = empty + sure * np.float32((1.0 - empty) / 255.0)
        for part, doubt in enumerate((legs, body)):
            pair[..., part] = plain + maybe * np.float32((doubt - empty) / 255.0)

    def _places(self, store: Store) -> Floats:
        settings = self._settings
        corners = np.asarray(store.floor, dtype=np.float64)
        reach = max(settings.margin, settings.gate_depth)
        low, high = corners.min(axis=0) - reach, corners.max(axis=0) + reach
        xs, ys = np.arange(low[0], high[0], settings.step), np.arange(low[1], high[1], settings.step)
        grid = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)
        near = distance_outside(store.floor, grid) <= settings.margin
        for gate in store.gates:
            behind = (grid - gate.start) @ np.asarray(gate.inward) < 0.0
            near |= behind & (distance_to_segment(grid, gate.start, gate.end) <= settings.gate_depth)
        return np.asarray(grid[near & ~self._occluders.blocked(grid)])

    def _distinct(self, places: Floats) -> Floats:
        """Keep one of all places whose bodies fall on the same pixels, as far from the camera they do."""
        person = self._person
        soles = np.column_stack([places, np.zeros(len(places))])
        crowns = np.column_stack([places, np.full(len(places), person.height)])
        ends = np.concatenate([self._projector.to_pixels(soles), self._projector.to_pixels(crowns)], axis=1)
        sound = np.isfinite(ends).all(axis=1)
        bins = np.rint(np.where(sound[:, None], ends, 0.0) * self._scale / _SAME_PIXELS).astype(np.int64)
        _, first = np.unique(bins, axis=0, return_index=True)
        chosen = np.zeros(len(places), dtype=bool)
        chosen[first] = True
        return np.asarray(places[chosen & sound])

    def _keep(self, positions: Floats, visible: Bools, rectangles: Floats) -> None:
        self._positions = positions
        aside = self._projector.floor_jacobian(np.column_stack([positions, np.zeros(len(positions))]))[..., :2]
        reach = np.linalg.norm(aside, axis=1).max(axis=1) * 0.5 * self._settings.step * self._scale
        self._apart = ~(reach < 1.0)
        self._shown = visible
        self._corners = self._body.indices(rectangles)
        self._reach = np.concatenate([rectangles[..., :2].min(axis=1), rectangles[..., 2:].max(axis=1)], axis=1)
        self._area = (areas(np.rint(self._body.clip(rectangles))) * visible).sum(axis=1)

    def _refine(
        self,
        index: int,
        table: NDArray[np.float32],
        covered: NDArray[np.float32],
        evidence: NDArray[np.float32],
    ) -> Occupant:
        """Search around a place of the grid, then measure the ends of the silhouette."""
        person = self._person
        shown = self._shown[index]
        position = self._positions[index]
        size = max(self._area[index], 1.0)
        # far from the camera, places between those of the grid are no other pixels
        trial = position + (_AROUND * 0.5 * self._settings.step if self._apart[index] else _AROUND[:1])
        rectangles = self._body.rectangles(trial, np.full(len(trial), person.height))
        sound = np.isfinite(rectangles).all(axis=(1, 2))
        gain = sums(table, self._body.indices(rectangles), np.broadcast_to(shown, (len(trial), len(shown))))
        best = int(np.where(sound, gain / size, -np.inf).argmax())
        position, height = trial[best], person.height
        tall = float(rectangles[best, 0, 3] - rectangles[best, -1, 1]) / self._scale
        pixels = max(self._settings.image_deviation * tall, self._settings.image_pixels / self._fine)
        feet = bool(shown[0]) and float(rectangles[best, 0, 3]) < self._size[1] - 1
        stance = stances.refine(self._projector, self._fine, evidence, position, feet, person, pixels)
        if stance is not None and float(np.linalg.norm(stance.position - position)) < _FARTHEST_CORRECTION:
            position, height, feet, covariance = stance.position, stance.height, stance.feet, stance.covariance
        else:
            blind = np.array([False])
            covariance = position_covariance(
                self._projector, position[None], np.array([height]), blind, np.array([2.0 * pixels]), person
            )[0]
        rectangles = self._body.rectangles(position[None], np.array([height]))
        area = max(float((areas(self._body.clip(rectangles)) * shown).sum()), 1.0)
        share = float(sums(covered, self._body.indices(rectangles) + SECOND, shown[None])[0]) / area
        return Occupant(position, covariance, height, min(share, 1.0), rectangles[0], shown)

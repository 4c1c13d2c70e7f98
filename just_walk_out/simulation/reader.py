"""What the camera of an entry reader sees: a hand that brings a phone with a QR code."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import segno
from numpy.typing import NDArray

from just_walk_out.simulation.codes import CodeBook
from just_walk_out.simulation.sensor import SensorNoise
from just_walk_out.simulation.world import Showing
from just_walk_out.store.model import Camera

Image = NDArray[np.uint8]
Array = NDArray[np.float64]

_PIXEL = 0.00025
_CARD = (0.15, 0.20)
_PHONE = (0.074, 0.155)
_SCREEN = (0.069, 0.14)
_CODE = 0.060
_APPROACH, _WITHDRAW = 0.5, 0.4


@dataclass(frozen=True)
class Pose:
    """Where the phone is, in the optical frame: metres, and radians about x, y, z."""

    x: float
    y: float
    z: float
    pitch: float
    yaw: float
    roll: float


class ReaderCamera:
    """Draws the phone of whoever shows a code at the gate; otherwise the idle view."""

    def __init__(self, camera: Camera, codes: CodeBook, seed: int) -> None:
        """Draw the idle view once.

        Args:
            camera: with intrinsics; what is behind the phone is out of focus anyway.
            codes: what the phones show.
            seed: of the simulation.
        """
        self.camera = camera
        self._codes = codes
        self._seed = seed
        rng = np.random.default_rng([seed, zlib.crc32(camera.id.encode())])
        self._idle = _idle_view(camera, rng)
        self._noise = SensorNoise(camera, rng)
        self._phones: dict[str, tuple[Image, Image]] = {}

    def render(self, showings: Sequence[Showing], time: float) -> Image:
        """Return a frame (height, width, 3), BGR, at a second of the scenario."""
        image = self._idle
        for showing in showings:
            if showing.start <= time < showing.start + showing.seconds:
                image = self._with_phone(showing, time)
        return self._noise.add(image)

    def _with_phone(self, showing: Showing, time: float) -> Image:
        if showing.shopper not in self._phones:
            self._phones = {showing.shopper: draw_phone(self._codes.of(showing.shopper))}
        picture, mask = self._phones[showing.shopper]
        rng = np.random.default_rng([self._seed, zlib.crc32(f"phone {showing.shopper}".encode())])
        gain = float(rng.uniform(0.75, 1.12))
        hold = _draw_hold(self.camera, rng)
        moves = min(time - showing.start - _APPROACH, showing.start + showing.seconds - _WITHDRAW - time) < 0.0
        # A shutter of 1/30 s smears the picture while the phone moves.
        instants = (time - 0.011, time, time + 0.011) if moves else (time,)
        blend = np.zeros(self._idle.shape, np.float32)
        for instant in instants:
            pose = _pose_at(hold, showing, instant)
            cv2.accumulate(compose(self._idle, self.camera, picture, mask, pose, gain), blend)
        return np.asarray(cv2.convertScaleAbs(blend, alpha=1.0 / len(instants)), np.uint8)


def draw_phone(text: str) -> tuple[Image, Image]:
    """Draw a hand with a phone that shows a code.

    Returns:
        A picture of the plane around the phone, 0.25 mm a pixel, and its mask (0 or 255).
    """
    width, height = (round(side / _PIXEL) for side in _CARD)
    picture = np.zeros((height, width, 3), np.uint8)
    mask = np.zeros((height, width), np.uint8)
    cx, cy = width // 2, height // 2
    skin = (135, 165, 210)
    half = round(_PHONE[0] / 2 / _PIXEL)
    for canvas, colour in ((picture, skin), (mask, 255)):
        cv2.rectangle(canvas, (cx - half + 30, cy + 200), (cx + half + 40, height), colour, -1)
        cv2.ellipse(canvas, (cx + half, cy + 170), (48, 120), 12.0, 0.0, 360.0, colour, -1)
        for step in range(4):
            cv2.ellipse(canvas, (cx - half - 4, cy + 40 + step * 62), (46, 26), 8.0, 0.0, 360.0, colour, -1)
    _slab(picture, mask, _PHONE, (34, 32, 30))
    _slab(picture, mask, _SCREEN, (250, 250, 250))
    top = cy - round(_SCREEN[1] / 2 / _PIXEL)
    cv2.rectangle(picture, (cx - 60, top + 34), (cx + 60, top + 48), (90, 90, 90), -1)
    cv2.rectangle(picture, (cx - 90, top + 62), (cx + 90, top + 72), (190, 190, 190), -1)
    modules = np.array(segno.make(text, error="l", micro=False).matrix, np.uint8)
    side = round(_CODE / _PIXEL)
    code = cv2.resize((1 - modules) * np.uint8(250), (side, side), interpolation=cv2.INTER_NEAREST)
    picture[cy - side // 2 : cy - side // 2 + side, cx - side // 2 : cx - side // 2 + side] = code[..., None]
    # The lens and the pixels average over what warping alone would sample.
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5), np.uint8), mask


def compose(background: Image, camera: Camera, picture: Image, mask: Image, pose: Pose, gain: float) -> Image:
    """Lay the phone's plane over the background in perspective.

    Args:
        background: (height, width, 3).
        camera: whose intrinsics project it.
        picture: of ``draw_phone``.
        mask: of ``draw_phone``.
        pose: of the plane's centre.
        gain: brightness of the phone as a factor.
    """
    rotation, _ = cv2.Rodrigues(np.array([0.0, 0.0, pose.roll]))
    tilt, _ = cv2.Rodrigues(np.array([pose.pitch, pose.yaw, 0.0]))
    turn = tilt @ rotation
    high, wide = mask.shape
    centred = np.array([[_PIXEL, 0.0, -_PIXEL * wide / 2], [0.0, _PIXEL, -_PIXEL * high / 2], [0.0, 0.0, 1.0]])
    plane = np.column_stack([turn[:, 0], turn[:, 1], np.array([pose.x, pose.y, pose.z])])
    homography = camera.intrinsic @ plane @ centred
    size = (background.shape[1], background.shape[0])
    laid = cv2.convertScaleAbs(cv2.warpPerspective(picture, homography, size, flags=cv2.INTER_LINEAR), alpha=gain)
    there = cv2.warpPerspective(mask, homography, size, flags=cv2.INTER_LINEAR).astype(np.float32) / 255.0
    return np.asarray(cv2.blendLinear(laid, background, there, 1.0 - there), np.uint8)


def _draw_hold(camera: Camera, rng: np.random.Generator) -> Pose:
    """Draw how somebody holds the phone: near enough that the code nearly fills the picture."""
    fill = float(rng.uniform(0.66, 0.76))
    return Pose(
        x=float(rng.uniform(-0.004, 0.004)),
        y=float(rng.uniform(-0.003, 0.003)),
        z=camera.fx * _CODE / (fill * min(camera.height, camera.width)),
        pitch=float(rng.uniform(-0.2, 0.2)),
        yaw=float(rng.uniform(-0.22, 0.22)),
        roll=float(rng.uniform(-0.2, 0.2)),
    )


def _pose_at(hold: Pose, showing: Showing, time: float) -> Pose:
    since, left = time - showing.start, showing.start + showing.seconds - time
    away = max(0.0, 1.0 - since / _APPROACH) ** 2 + max(0.0, 1.0 - left / _WITHDRAW) ** 2
    sway = [math.sin(2.0 * math.pi * rate * time + rate) for rate in (0.9, 1.3, 1.7, 0.7)]
    return Pose(
        x=hold.x + 0.03 * away + 0.0015 * sway[0],
        y=hold.y + 0.16 * away + 0.001 * sway[1],
        z=hold.z * (1.0 + 0.8 * away + 0.05 * sway[2]),
        pitch=hold.pitch + 0.5 * away + 0.05 * sway[3],
        yaw=hold.yaw + 0.05 * sway[0],
        roll=hold.roll + 0.4 * away + 0.04 * sway[1],
    )


def _slab(picture: Image, mask: Image, size: tuple[float, float], colour: tuple[int, int, int]) -> None:
    """Draw a rectangle with round corners in the middle."""
    high, wide = mask.shape
    half_w, half_h = round(size[0] / 2 / _PIXEL), round(size[1] / 2 / _PIXEL)
    corner = 24
    for canvas, value in ((picture, colour), (mask, 255)):
        for dx, dy in ((corner, 0), (0, corner)):
            low = (wide // 2 - half_w + dx, high // 2 - half_h + dy)
            cv2.rectangle(canvas, low, (wide // 2 + half_w - dx, high // 2 + half_h - dy), value, -1)
        for sx in (-1, 1):
            for sy in (-1, 1):
                centre = (wide // 2 + sx * (half_w - corner), high // 2 + sy * (half_h - corner))
                cv2.circle(canvas, centre, corner, value, -1)


def _idle_view(camera: Camera, rng: np.random.Generator) -> Image:
    """Draw what is far behind: a hall, out of focus."""
    rows, columns = camera.height, camera.width
    picture = np.full((rows, columns, 3), (150, 155, 158), np.uint8)
    picture[: rows // 3] = (205, 208, 210)
    for _ in range(9):
        x, y = int(rng.integers(columns)), int(rng.integers(rows // 4, rows))
        size = (int(rng.integers(15, 70)), int(rng.integers(20, 110)))
        colour = tuple(int(value) for value in rng.integers(60, 200, 3))
        cv2.rectangle(picture, (x, y), (x + size[0], y + size[1]), colour, -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 9.0), np.uint8)

"""Pictures of flat things, drawn ray by ray with a lens model of the tests' own."""

from functools import lru_cache

import cv2
import numpy as np


@lru_cache
def rays(size, lens, model, d, fine=2):
    """A ray (h, w, 3) of the optical frame for each sub-pixel; plain inversion by bisection on the radius."""
    fx, fy, cx, cy = lens
    u, v = np.meshgrid(*((np.arange(n * fine) + 0.5) / fine - 0.5 for n in size))
    x, y = (u - cx) / fx, (v - cy) / fy
    if model == "equidistant":
        k = [*d, 0, 0, 0, 0][:4]
        radius, low, high = np.hypot(x, y), np.zeros_like(x), np.full_like(x, 1.7)
        for _ in range(34):
            middle = (low + high) / 2
            bent = middle * (1 + k[0] * middle**2 + k[1] * middle**4 + k[2] * middle**6 + k[3] * middle**8)
            low, high = np.where(bent < radius, middle, low), np.where(bent < radius, high, middle)
        scale = np.sin(low) / np.maximum(radius, 1e-12)
        return np.dstack([x * scale, y * scale, np.cos(low)])
    k1, k2, p1, p2, k3 = [*d, 0, 0, 0, 0, 0][:5]
    a, b = x.copy(), y.copy()
    for _ in range(25):
        r = a * a + b * b
        radial = 1 + r * (k1 + r * (k2 + r * k3))
        a, b = (
            (x - 2 * p1 * a * b - p2 * (r + 2 * a * a)) / radial,
            (y - p1 * (r + 2 * b * b) - 2 * p2 * a * b) / radial,
        )
    return np.dstack([a, b, np.ones_like(a)])


def chessboard(columns, rows, dots=40):
    """A texture of (columns + 1) x (rows + 1) squares with a white margin of one square."""
    parity = np.add.outer(np.arange(rows + 1), np.arange(columns + 1)) % 2
    squares = np.where(parity == 0, 20, 235).astype(np.uint8)
    squares = np.pad(squares, 1, constant_values=235)
    return np.kron(squares, np.ones((dots, dots), np.uint8))


def look(seen, layers, fine=2, blur=0.6, noise=2.0, seed=0, back=110):
    """Render textured planes.

    Args:
        seen: of ``rays``.
        layers: (texture, metres a texel, origin, rotation, shift): texel (0, 0)'s corner lies at ``origin`` of the
            plane's frame (x along columns, y along rows); rotation (3, 3) and shift take that frame to the optical one.
        fine: sub-pixels a pixel and axis.
        blur: sigma, pixels.
        noise: sigma, grey levels.
        seed: of the noise.
        back: grey level of what is not hit.
    """
    picture = np.full(seen.shape[:2], back, np.uint8)
    for texture, texel, origin, rotation, shift in layers:
        far = _hit(seen[::8, ::8], texture.shape, texel, origin, rotation, shift)[2]
        rows, columns = (np.flatnonzero(far.any(axis=axis)) * 8 for axis in (1, 0))
        if not len(rows):
            continue
        part = (slice(max(0, rows[0] - 16), rows[-1] + 24), slice(max(0, columns[0] - 16), columns[-1] + 24))
        column, row, inside = _hit(seen[part], texture.shape, texel, origin, rotation, shift)
        drawn = cv2.remap(
            texture,
            column.astype(np.float32),
            row.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        picture[part] = np.where(inside, drawn, picture[part])
    small = cv2.resize(picture, (seen.shape[1] // fine, seen.shape[0] // fine), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), blur).astype(float)
    small += np.random.default_rng(seed).normal(0.0, noise, small.shape)
    return np.clip(np.round(small), 0, 255).astype(np.uint8)


def _hit(seen, shape, texel, origin, rotation, shift):
    local, centre = seen @ rotation, -rotation.T @ shift
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = -centre[2] / local[..., 2]
    hit = np.isfinite(reach) & (reach > 0)
    reach = np.where(hit, reach, 0.0)
    column = (centre[0] + reach * local[..., 0] - origin[0]) / texel - 0.5
    row = (centre[1] + reach * local[..., 1] - origin[1]) / texel - 0.5
    inside = hit & (column > -0.5) & (row > -0.5) & (column < shape[1] - 0.5) & (row < shape[0] - 0.5)
    return column, row, inside


def board_poses(count, distance, spread, seed=1):
    """Poses of a board held in front of a camera: tilted by up to 40 degrees, its middle about the picture."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        tilt = rng.uniform(-0.7, 0.7, 2)
        rotation = cv2.Rodrigues(np.array([tilt[0], tilt[1], rng.uniform(-0.4, 0.4)]))[0]
        column, row = number % 4, (number // 4) % 3
        aside = np.array([(column - 1.5) / 1.5, row - 1.0]) * spread + rng.uniform(-0.05, 0.05, 2) * spread
        z = distance * rng.uniform(0.9, 1.3)
        yield rotation, np.array([aside[0] * z, aside[1] * z, z])

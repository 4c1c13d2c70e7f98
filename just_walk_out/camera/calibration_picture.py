"""What a calibration looks like: corners, residuals and coverage of a lens; floor grid and floor plan of poses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Polygon
from numpy.typing import NDArray

from just_walk_out.camera.calibrate_intrinsics import Intrinsics, covered
from just_walk_out.camera.calibration import pose_of
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.survey import CameraPose, Poses
from just_walk_out.store.model import Camera, Store

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

_SEEN, _SHOULD, _GRID = "#00c2ff", "#ff3b6b", "#ffd23f"


def draw_intrinsics(path: Path, title: str, result: Intrinsics, example: Image, example_name: str) -> None:
    """Draw a calibration of a lens.

    Args:
        path: PNG, SVG or PDF.
        title: e.g. the camera's id.
        result: of the calibration.
        example: one of the pictures, (height, width[, 3]) uint8.
        example_name: its name among the views.
    """
    figure = Figure(figsize=(13.0, 9.6), layout="constrained")
    axes = figure.subplots(2, 2)
    fx, fy, cx, cy = result.lens
    figure.suptitle(
        f"{title}: {result.model}, fx {fx:.1f}, fy {fy:.1f}, cx {cx:.1f}, cy {cy:.1f}; "
        f"error {result.rms:.3f} px RMS, {result.worst:.2f} px at most, {100 * result.coverage:.0f} % covered"
    )
    _draw_example(axes[0, 0], result, example, example_name)
    _draw_straight(axes[0, 1], result, example)
    _draw_corners(axes[1, 0], result)
    _draw_views(axes[1, 1], result)
    figure.savefig(path, dpi=110)


def _show(axes: Any, image: Image) -> None:
    axes.imshow(image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2RGB), cmap="gray", vmin=0, vmax=255)
    axes.set_xticks([])
    axes.set_yticks([])


def _draw_example(axes: Any, result: Intrinsics, example: Image, name: str) -> None:
    _show(axes, example)
    number = [view.name for view in result.views].index(name)
    pixels, off = result.views[number].pixels, result.residuals[number]
    scale = _arrow_scale(off, result.size)
    axes.plot(*pixels.T, "o", ms=5, mfc="none", mec=_SEEN, mew=1.2)
    axes.quiver(*pixels.T, *(scale * off).T, angles="xy", scale_units="xy", scale=1.0, color=_SHOULD, width=0.003)
    axes.set_title(f"{name}: corners found, and how far off they are ({scale:.0f} times)")


def _arrow_scale(off: Floats, size: tuple[int, int]) -> float:
    """Make the median residual a fortieth of the picture's width."""
    usual = float(np.median(np.linalg.norm(off, axis=1))) or 1e-3
    return float(np.clip(round(size[0] / 40.0 / usual), 1, 400))


def _draw_straight(axes: Any, result: Intrinsics, example: Image) -> None:
    """Show the picture as a camera without distortion would have taken it: straight things are straight."""
    width, height = result.size
    focal = 0.55 * max(result.lens[:2]) if result.model == "equidistant" else 0.85 * max(result.lens[:2])
    u, v = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    flat = np.column_stack([((u - (width - 1) / 2) / focal).ravel(), ((v - (height - 1) / 2) / focal).ravel()])
    source = result.optics().project(np.column_stack([flat, np.ones(len(flat))]))
    places = np.where(np.isfinite(source), source, -1.0).astype(np.float32).reshape(height, width, 2)
    _show(axes, np.asarray(cv2.remap(example, places, None, cv2.INTER_LINEAR), np.uint8))
    axes.set_title("the same without distortion")


def _draw_corners(axes: Any, result: Intrinsics) -> None:
    pixels = np.concatenate([view.pixels for view in result.views])
    off = np.linalg.norm(np.concatenate(result.residuals), axis=1)
    cells = covered(pixels, result.size)
    width, height = result.size
    axes.imshow(
        np.where(cells, 1.0, 0.75), cmap="gray", vmin=0.0, vmax=1.0, extent=(-0.5, width - 0.5, height - 0.5, -0.5)
    )
    drawn = axes.scatter(*pixels.T, c=off, s=9, cmap="viridis", vmin=0.0, vmax=max(float(np.percentile(off, 98)), 0.1))
    axes.get_figure().colorbar(drawn, ax=axes, label="error, px", shrink=0.8)
    axes.set_title("corners of all views; grey cells have none")
    axes.set_xticks([])
    axes.set_yticks([])


def _draw_views(axes: Any, result: Intrinsics) -> None:
    errors = [float(np.sqrt((off**2).sum(axis=1).mean())) for off in result.residuals]
    axes.bar(range(len(errors)), errors, color=_SEEN)
    axes.axhline(result.rms, color="black", lw=0.8)
    axes.set_xticks(range(len(errors)), [view.name for view in result.views], rotation=90, fontsize=6)
    axes.set_ylabel("error of a view, px RMS")
    lines = [f"{name}: {why}" for name, why in list(result.left_out.items())[:4]]
    axes.set_title("\n".join([f"{len(errors)} views, {len(result.left_out)} left out", *lines]), fontsize=8)


def draw_poses(path: Path, store: Store, poses: Poses, pictures: Mapping[str, Image]) -> None:
    """Draw where the cameras hang, and the floor as each of them sees it.

    Args:
        path: PNG, SVG or PDF.
        store: floor plan and cameras.
        poses: of the calibration.
        pictures: by camera id, where there are any; the others are drawn on grey.
    """
    names = list(poses.cameras)
    rows = (len(names) + 2) // 2
    figure = Figure(figsize=(14.0, 5.2 * rows), layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, 2)).ravel()
    for at, name in zip(axes, names, strict=False):
        _draw_camera(at, store.camera[name], poses.cameras[name], pictures.get(name))
    _draw_plan(axes[len(names)], store, poses)
    for at in axes[len(names) + 1 :]:
        at.axis("off")
    figure.savefig(path, dpi=100)


def _draw_camera(axes: Any, camera: Camera, pose: CameraPose, picture: Image | None) -> None:
    grey = np.full((camera.height, camera.width), 70, np.uint8)
    _show(axes, grey if picture is None else picture)
    placed = replace(camera, pose=pose_of(pose.extrinsic))
    projector = FloorProjector(placed)
    seen = projector.to_floor(np.array([[camera.width / 2, camera.height * 0.75]]))[0]
    middle = np.round(np.where(np.isfinite(seen), seen, projector.centre[:2]))
    run = np.linspace(-10.0, 10.0, 401)
    for offset in range(-10, 11):
        for fixed in (0, 1):
            line = np.zeros((len(run), 3))
            line[:, fixed], line[:, 1 - fixed] = middle[fixed] + offset, middle[1 - fixed] + run
            pixels = projector.to_pixels(line)
            pixels[~projector.inside(pixels, -20.0)] = np.nan
            axes.plot(*pixels.T, color=_GRID, lw=0.6, alpha=0.7)
    should = pose.pixels - pose.residuals
    scale = min(_arrow_scale(pose.residuals, (camera.width, camera.height)), 30.0)
    axes.plot(*pose.pixels.T, "o", ms=6, mfc="none", mec=_SEEN, mew=1.3, label="seen")
    axes.plot(*should.T, "+", ms=6, mec=_SHOULD, mew=1.2, label="should be")
    axes.quiver(
        *pose.pixels.T,
        *(scale * pose.residuals).T,
        angles="xy",
        scale_units="xy",
        scale=1.0,
        color=_SHOULD,
        width=0.0025,
    )
    axes.set_xlim(-0.5, camera.width - 0.5)
    axes.set_ylim(camera.height - 0.5, -0.5)
    axes.legend(loc="lower right", fontsize=7)
    axes.set_title(f"{camera.id}: {len(should)} points, {pose.rms:.2f} px RMS (arrows {scale:.0f} times), grid of 1 m")


def _draw_plan(axes: Any, store: Store, poses: Poses) -> None:
    axes.add_patch(Polygon(store.floor, fc="#f4f4f4", ec="black", lw=1.0))
    for gondola in store.gondolas:
        axes.add_patch(Polygon(gondola.footprint(), fc="#d8d8d8", ec="#909090"))
    for wall in store.walls:
        axes.plot(*np.array([wall.start, wall.end]).T, color="black", lw=2.0)
    for name, pose in poses.cameras.items():
        rotation = pose.extrinsic[:3, :3]
        x, y, z = -rotation.T @ pose.extrinsic[:3, 3]
        was = store.camera[name].pose
        axes.plot([was.x, x], [was.y, y], ":", color="#909090")
        axes.plot(was.x, was.y, "x", color="#909090")
        axes.arrow(x, y, *(0.5 * rotation[2, :2]), width=0.03, color=_SHOULD)
        axes.plot(x, y, "o", color=_SHOULD)
        # 10 sigma: a pose that is known to a centimetre can be seen
        slope = np.hstack([np.zeros((3, 3)), -rotation.T])
        values, vectors = np.linalg.eigh((slope @ pose.covariance @ slope.T)[:2, :2])
        wide, high = 20.0 * np.sqrt(np.maximum(values, 0.0))
        angle = np.rad2deg(np.arctan2(vectors[1, 0], vectors[0, 0]))
        axes.add_patch(Ellipse((x, y), wide, high, angle=angle, fill=False, ec=_SHOULD))
        axes.annotate(f"{name}, {z:.2f} m up", (x, y), (0, 7), textcoords="offset points", ha="center", fontsize=8)
        axes.plot(*pose.places[:, :2].T, "o", ms=3, color=_SEEN)
    for number, (x, y, turn) in poses.tags.items():
        axes.plot([x, x + 0.2 * np.cos(turn)], [y, y + 0.2 * np.sin(turn)], color="black", lw=1.0)
        axes.annotate(str(number), (x, y), fontsize=7)
    axes.set_aspect("equal")
    axes.margins(0.12)
    axes.autoscale_view()
    axes.set_title("plan: cameras (crosses: as described so far), ellipses of 10 sigma, marks")

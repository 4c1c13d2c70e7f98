"""Which cameras of a store description a calibration is of, and what it changes there, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from just_walk_out.camera.calibration import CameraInfo, camera_info
from just_walk_out.store.edit import difference, edit_cameras, write_checked
from just_walk_out.store.model import Camera, Pose, Store


def check_cameras(store: Store, names: Iterable[str]) -> None:
    """Check what ``--camera`` names.

    Raises:
        ValueError: the store has no such camera; names those it has.
    """
    unknown = [name for name in names if name not in store.camera]
    if unknown:
        raise ValueError(f"--camera: expected one of {', '.join(store.camera)}, got {', '.join(unknown)}")


def change_store(store: Path, changes: Mapping[str, Mapping[str, str]], write: bool) -> None:
    """Print what changes in a store description, and change it where that is wished.

    Args:
        store: folder or file.
        changes: by camera id: key and new value as YAML in one line.
        write: whether to change the files.

    Raises:
        StoreError: the store would not be valid; nothing is changed.
    """
    changed = edit_cameras(store, changes, {"intrinsics": "horizontal_fov_deg"})
    print(difference(changed) or "the store description says the same already")
    if write:
        write_checked(store, changed)
        print(f"written: {', '.join(file.name for file in changed)}")
    else:
        print("nothing changed: --write writes it")


def intrinsics_text(info: CameraInfo) -> str:
    """Return intrinsics as the value of a store's key ``intrinsics``."""
    fx, fy, cx, cy = info.k[0], info.k[4], info.k[2], info.k[5]
    terms = ", ".join(f"{value:.7g}" for value in info.d)
    return (
        f"{{fx: {fx:.3f}, fy: {fy:.3f}, cx: {cx:.3f}, cy: {cy:.3f}, "
        f"distortion_model: {info.standard_model}, distortion: [{terms}]}}"
    )


def pose_text(pose: Pose) -> str:
    """Return a pose as the value of a camera's key ``pose``."""
    roll, pitch, yaw = np.rad2deg([pose.roll, pose.pitch, pose.yaw])
    return f"{{xyz: [{pose.x:.4f}, {pose.y:.4f}, {pose.z:.4f}], rpy_deg: [{roll:.4f}, {pitch:.4f}, {yaw:.4f}]}}"


def camera_text(camera: Camera) -> str:
    """Return a camera as an entry of ``cameras.yaml``."""
    return (
        f"- id: {camera.id}\n  source: {camera.source or '???'}\n  width: {camera.width}\n"
        f"  height: {camera.height}\n  rate: {camera.rate:g}\n"
        f"  intrinsics: {intrinsics_text(camera_info(camera))}\n  pose: {pose_text(camera.pose)}\n"
    )

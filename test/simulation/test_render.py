from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from just_walk_out.simulation.figure import Figure, draw_appearance
from just_walk_out.simulation.raycast import cast, pixel_rays, project
from just_walk_out.simulation.render import OverviewCamera
from just_walk_out.simulation.scene import Quad, build_scene
from just_walk_out.store.model import Camera, Store, Wall

LOOK = replace(draw_appearance(np.random.default_rng(0), 0), height=1.75, girth=1.0)


@pytest.fixture(scope="module")
def scene(store: Store) -> list[Quad]:
    return build_scene(store)


@pytest.fixture(scope="module")
def overview(store: Store, scene: list[Quad]) -> OverviewCamera:
    return OverviewCamera(store.cameras[0], scene, 1)


def person(x: float, y: float, **changes: object) -> Figure:
    return replace(Figure("a", x, y, 0.0, 0.0, 0.0, None, 0.0, 0, False, LOOK), **changes)  # type: ignore[arg-type]


def changed(overview: OverviewCamera, figures: list[Figure]) -> NDArray[np.bool_]:
    empty, full = overview.render([]).astype(int), overview.render(figures).astype(int)
    return np.abs(full - empty).max(axis=2) > 58


def pixel_of(camera: Camera, x: float, y: float, z: float) -> NDArray[np.float64]:
    return project(camera, camera.extrinsic(), np.array([[x, y, z]]))[0][0]


@pytest.mark.parametrize(("x", "y"), [(2.5, 2.0), (3.0, 3.5), (2.0, 4.5)])
def test_a_person_stands_where_the_calibration_says(store: Store, overview: OverviewCamera, x: float, y: float) -> None:
    rows, columns = np.nonzero(changed(overview, [person(x, y)]))
    feet, head = pixel_of(store.cameras[0], x, y, 0.0), pixel_of(store.cameras[0], x, y, 1.75)
    assert np.median(columns) == pytest.approx((feet[0] + head[0]) / 2, abs=6.0)
    assert rows.min() == pytest.approx(head[1], abs=6.0)
    assert rows.max() == pytest.approx(feet[1], abs=12.0)


def test_fixtures_hide_who_stands_behind_them(store: Store, overview: OverviewCamera) -> None:
    eye = np.array([store.cameras[0].pose.x, store.cameras[0].pose.y])
    middle = np.array([4.25, 3.45])
    away = float(np.hypot(*(middle - eye)))
    x, y = (eye + (middle - eye) * (away + 0.85) / away).tolist()
    hidden = changed(overview, [person(x, y)])
    open_floor = changed(overview, [person(eye[0] + away + 0.85, eye[1] + 0.3)])
    assert 0 < hidden.sum() < 0.5 * open_floor.sum()
    low, high = (pixel_of(store.cameras[0], x, y, z)[1] for z in (0.3, 1.75))
    assert np.nonzero(hidden)[0].min() == pytest.approx(high, abs=6.0)
    assert np.nonzero(hidden)[0].max() < low


def test_the_nearer_person_hides_the_farther(store: Store, overview: OverviewCamera) -> None:
    near, far = person(1.5, 1.6), person(2.2, 2.1, appearance=replace(LOOK, top=(0, 255, 0), stripe=None))
    for order in ([near, far], [far, near]):
        image = overview.render(order)
        chest = np.round(pixel_of(store.cameras[0], 1.5, 1.6, 1.2)).astype(int)
        b, g, r = image[chest[1], chest[0]].astype(int)
        assert not (g > 150 and r < 100 and b < 100)


def test_a_reaching_arm_gets_to_the_plate(store: Store, overview: OverviewCamera) -> None:
    hand = (2.95, 2.5, 1.1)
    still = person(2.4, 2.5)
    reaching = replace(still, hand=hand, reach=1.0)
    where = np.round(pixel_of(store.cameras[0], *hand)).astype(int)
    window = (slice(where[1] - 4, where[1] + 5), slice(where[0] - 4, where[0] + 5))
    assert changed(overview, [reaching])[window].sum() > changed(overview, [still])[window].sum() + 10


def test_nobody_means_nothing_but_noise(overview: OverviewCamera) -> None:
    first, second = overview.render([]).astype(float), overview.render([]).astype(float)
    assert 1.0 < np.abs(first - second).mean() < 6.0
    assert first.std() > 20.0


def test_people_outside_the_picture_cost_nothing(overview: OverviewCamera) -> None:
    assert not changed(overview, [person(-30.0, -30.0), person(0.15, 0.75)]).any()


def test_depth_of_the_floor_is_that_of_the_calibration(store: Store, scene: list[Quad]) -> None:
    camera = replace(store.cameras[0], width=120, height=90, fx=58.0, fy=58.0, cx=59.5, cy=44.5)
    _, depth, floor = cast(camera, scene)
    rows, columns = np.nonzero(floor)
    rays = pixel_rays(camera, 1)[rows, columns] * depth[rows, columns][:, None]
    pose = np.linalg.inv(camera.extrinsic())
    heights = rays @ pose[:3, :3].T[:, 2] + pose[2, 3]
    assert np.abs(heights).max() < 0.1


@pytest.mark.parametrize(
    ("model", "distortion"),
    [("plumb_bob", (-0.25, 0.06, 0.001, -0.001, 0.0)), ("equidistant", (0.05, -0.01, 0.0, 0.0))],
)
def test_distorted_lenses_see_and_project_alike(store: Store, model: str, distortion: tuple[float, ...]) -> None:
    camera = replace(store.cameras[0], distortion_model=model, distortion=distortion)  # type: ignore[arg-type]
    rays = pixel_rays(camera, 1)
    pose = np.linalg.inv(camera.extrinsic())
    for row, column in ((180, 240), (60, 80), (300, 420)):
        point = pose[:3, :3] @ (rays[row, column] * 4.0) + pose[:3, 3]
        assert pixel_of(camera, *point) == pytest.approx([column, row], abs=0.6)


def test_frames_follow_the_seed(store: Store, scene: list[Quad]) -> None:
    small = replace(store.cameras[1], width=120, height=90, fx=58.0, fy=58.0, cx=59.5, cy=44.5)
    frames = [OverviewCamera(small, scene, seed).render([person(3.0, 2.0)]) for seed in (1, 1, 2)]
    assert np.array_equal(frames[0], frames[1]) and not np.array_equal(frames[0], frames[2])


@pytest.mark.parametrize(("height", "share"), [(None, (0.0, 0.0)), (1.0, (0.2, 0.9))])
def test_walls_hide_who_stands_behind_them_up_to_their_height(
    store: Store, overview: OverviewCamera, height: float | None, share: tuple[float, float]
) -> None:
    camera = store.cameras[0]
    eye, person_at = np.array([camera.pose.x, camera.pose.y]), np.array([3.0, 2.0])
    towards = (eye - person_at) / np.hypot(*(eye - person_at))
    middle, aside = person_at + 0.5 * towards, np.array([-towards[1], towards[0]])
    start, end = (tuple((middle + sign * aside).tolist()) for sign in (-1.0, 1.0))
    walled = OverviewCamera(camera, build_scene(replace(store, walls=(Wall(start, end, height),))), 1)
    seen, before = changed(walled, [person(*person_at.tolist())]), changed(overview, [person(*person_at.tolist())])
    assert share[0] * before.sum() <= seen.sum() <= share[1] * before.sum()

import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from just_walk_out.camera.detectors.motion import MotionDetector
from just_walk_out.camera.finder import PersonFinder
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.person import outline
from just_walk_out.store.load import load_store

DATA = Path(os.environ.get("JWO_DATA", Path(__file__).parents[3] / "shared"))
VIDEO = DATA / "data" / "video" / "one-by-one-person-detection.mp4"
STORE = load_store(Path(__file__).parents[2] / "config" / "demo_store")
CAMERA = STORE.camera["cam_sw"]
SECOND = 1_000_000_000
COLOURS = [((40, 40, 190), (90, 50, 40)), ((150, 120, 20), (40, 40, 45)), ((40, 160, 60), (30, 30, 90))]


class Scene:
    """A textured room with people drawn as stacks of discs; noise on every picture."""

    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)
        rough = self.rng.normal(150.0, 18.0, (CAMERA.height // 12, CAMERA.width // 12, 3)).astype(np.float32)
        self.empty = cv2.resize(rough, (CAMERA.width, CAMERA.height), interpolation=cv2.INTER_CUBIC)
        self.projector = FloorProjector(CAMERA)

    def picture(self, people=(), light=1.0):
        image = self.empty.copy()
        order = sorted(range(len(people)), key=lambda n: -np.hypot(*(np.array(people[n]) - self.projector.centre[:2])))
        for n in order:
            rims = outline(self.projector, np.array(people[n]), np.array(1.72))
            for low, high, colour in ((0, 2, 1), (2, 4, 0), (5, 7, None)):
                hull = cv2.convexHull(rims[low : high + 1].reshape(-1, 2).astype(np.float32)).astype(np.int32)
                cv2.fillConvexPoly(image, hull, (140, 170, 210) if colour is None else COLOURS[n % 3][colour])
        image = light * image + self.rng.normal(0.0, 2.0, image.shape)
        return np.clip(image, 0, 255).astype(np.uint8)


def run(finder, scene, people_at, seconds, rate=10.0, start=0.0, light=lambda t: 1.0):
    found = []
    for k in range(int(seconds * rate)):
        t = start + k / rate
        found.append((t, finder.process(round(t * SECOND), scene.picture(people_at(t), light(t))).detections))
    return found


def nearest(detections, place):
    return min((np.hypot(d.x - place[0], d.y - place[1]) for d in detections), default=np.inf)


def test_an_empty_room_has_nobody_in_it():
    assert all(not found for _, found in run(PersonFinder(STORE, CAMERA), Scene(), lambda t: [], 4.0))


def test_somebody_who_walks_is_found_where_they_are():
    def path(t):
        return [] if t < 1 else [(1.5 + 0.7 * (t - 1), 1.5 + 0.2 * (t - 1))]

    found = run(PersonFinder(STORE, CAMERA), Scene(), path, 5.0)[11:]
    errors = [nearest(each, path(t)[0]) for t, each in found]
    assert np.median(errors) < 0.12 and np.mean(np.isfinite(errors)) > 0.95
    assert np.mean([len(each) for _, each in found]) < 1.1
    for _, each in found:
        for person in each:
            xx, xy, yy = person.covariance
            assert xx > 0 and xx * yy > xy * xy and 0 < person.score <= 1


def test_people_who_overlap_in_the_picture_are_separated():
    places = [(2.2, 2.0), (2.9, 2.55)]
    found = run(PersonFinder(STORE, CAMERA), Scene(), lambda t: places if t > 0.9 else [], 3.0)[12:]
    assert np.mean([len(each) for _, each in found]) > 1.8
    for place in places:
        assert np.median([nearest(each, place) for _, each in found]) < 0.35


def test_feet_behind_a_gondola_do_not_move_the_person():
    place = (4.25, 4.2)
    found = run(PersonFinder(STORE, CAMERA), Scene(), lambda t: [place] if t > 0.5 else [], 1.5)[8:]
    # The scene paints people over fixtures: only what the store description leaves visible may be used.
    assert np.median([nearest(each, place) for _, each in found]) < 0.8


def test_somebody_who_stands_still_stays():
    place = (2.6, 2.2)
    finder, scene = PersonFinder(STORE, CAMERA), Scene()
    found = run(finder, scene, lambda t: [place] if t > 1 else [], 46.0, rate=4.0)
    assert all(nearest(each, place) < 0.3 for _, each in found[8:])
    after = run(finder, scene, lambda t: [], 6.0, rate=4.0, start=46.0)
    assert all(not each for _, each in after[8:])


def test_a_change_of_light_is_not_people():
    found = run(PersonFinder(STORE, CAMERA), Scene(), lambda t: [], 6.0, light=lambda t: 1.0 if t < 2 else 0.75)
    assert sum(len(each) for _, each in found) == 0


def test_who_stood_there_at_the_start_leaves_no_ghost():
    path = lambda t: [(2.6 + max(0.0, t - 1.0) * 0.9, 2.2)]  # noqa: E731
    finder, scene = PersonFinder(STORE, CAMERA), Scene()
    found = run(finder, scene, path, 6.0)
    assert all(nearest(each, (2.6, 2.2)) > 0.4 for _, each in found[35:])
    assert all(nearest(each, path(t)[0]) < 0.4 for t, each in found[35:])


def test_a_frame_takes_milliseconds():
    finder, scene = PersonFinder(STORE, CAMERA), Scene()
    pictures = [scene.picture([(2.2 + 0.1 * k, 2.0), (3.4, 1.5 + 0.1 * k), (5.5, 3.0)]) for k in range(10)]
    finder.process(0, scene.picture())
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    spent = []
    for k, image in enumerate(pictures):
        before = time.process_time()
        finder.process((k + 1) * SECOND // 10, image)
        spent.append(time.process_time() - before)
    cv2.setNumThreads(threads)
    # The target is 8 ms on a core of its own; a busy machine may be slower.
    assert np.median(spent) < 0.03


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(ValueError, match="calibrated for 480x360"):
        PersonFinder(STORE, CAMERA).process(0, np.zeros((100, 100, 3), np.uint8))


def test_black_white_and_noise_do_not_break_it():
    finder = PersonFinder(STORE, CAMERA)
    rng = np.random.default_rng(1)
    for k in range(12):
        fill = (np.zeros, np.ones, None)[k % 3]
        image = (
            rng.integers(0, 255, (360, 480, 3), np.uint8) if fill is None else (255 * fill((360, 480, 3))).astype("u1")
        )
        assert len(finder.process(k * SECOND // 10, image).detections) <= 20


@pytest.mark.skipif(not VIDEO.is_file(), reason="the video of people walking indoors is not there (JWO_DATA)")
def test_without_calibration_blobs_of_a_real_video_are_found():
    from dataclasses import replace

    capture = cv2.VideoCapture(str(VIDEO))
    detector = MotionDetector(replace(CAMERA, width=768, height=432))
    counts = []
    for k in range(300):
        good, image = capture.read()
        if not good:
            break
        if k % 3 == 0:
            found = detector.detect(image, k * SECOND // 12)
            counts.append(len(found))
            assert found.positions is None and (found.boxes[:, 2:] > 0).all()
    capture.release()
    assert sum(count > 0 for count in counts) > 10

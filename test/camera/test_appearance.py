from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from just_walk_out.camera.appearance import COLOURS, AppearanceSampler, describe
from just_walk_out.camera.detectors.base import Detections
from just_walk_out.camera.finder import PersonFinder
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.person import edges
from just_walk_out.camera.visibility import Occluders
from just_walk_out.store.load import load_store

STORE = load_store(Path(__file__).parents[2] / "config" / "demo_store")
CAMERA = next(camera for camera in STORE.cameras if camera.role == "overview")
PROJECTOR = FloorProjector(CAMERA)
RED, BLUE, GREEN, WHITE = (40, 40, 200), (190, 90, 30), (50, 150, 40), (220, 220, 220)


def likeness(first, second):
    """Coefficients of both parts."""
    parts = [each.astype(float).reshape(2, COLOURS) / 255.0 for each in (first, second)]
    return (parts[0] * parts[1]).sum(axis=1)


def cloth(colour, light=1.0, grain=4.0, seed=1):
    noise = np.random.default_rng(seed).normal(0.0, grain, (1, 2, 70, 3))
    pixels = np.clip(np.array(colour) * light + noise, 0, 255).astype(np.uint8)
    return describe(pixels, np.ones((1, 2, 70), dtype=bool))[0]


def picture(people):
    """A grey picture with people (place, top, trousers) in it, the far ones first, and their boxes."""
    image = np.full((CAMERA.height, CAMERA.width, 3), 120, np.uint8)
    boxes = edges(PROJECTOR, [place for place, *_ in people], np.full(len(people), 1.75))
    away = [np.hypot(*(np.array(place) - PROJECTOR.centre[:2])) for place, *_ in people]
    for row in np.argsort(away)[::-1]:
        place, top, trousers = people[row]
        left, _, right, _ = boxes[row]
        for colour, low, high in ((trousers, 0.0, 0.82), (top, 0.82, 1.5)):
            ends = PROJECTOR.to_pixels([(*place, low), (*place, high)])[:, 1]
            cv2.rectangle(image, (round(left), round(ends[1])), (round(right), round(ends[0])), colour, -1)
    return image, np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def sampled(people, **given):
    image, boxes = picture(people)
    sampler = AppearanceSampler(PROJECTOR, Occluders(()))
    return sampler.sample(image, boxes, np.array([place for place, *_ in people]), **given)


@given(
    arrays.arrays(np.uint8, (2, 2, 12, 3)),
    arrays.arrays(np.bool_, (2, 2, 12)),
)
def test_each_part_is_a_unit_vector_or_unknown(pixels, seen):
    found = describe(pixels, seen).reshape(2, 2, COLOURS).astype(float)
    length = np.linalg.norm(found, axis=2) / 255.0
    enough = seen.mean(axis=2) >= 0.25
    assert (np.abs(length[enough] - 1.0) < 0.02).all() and not length[~enough].any()


@pytest.mark.parametrize("colour", [RED, BLUE, GREEN, WHITE])
@pytest.mark.parametrize("light", [0.88, 1.12])
def test_light_changes_little_and_other_clothes_much(colour, light):
    assert likeness(cloth(colour), cloth(colour, light, seed=2)).min() > 0.7
    others = [cloth(other) for other in (RED, BLUE, GREEN, WHITE) if other != colour]
    assert max(likeness(cloth(colour), other).max() for other in others) < 0.5


def test_what_a_camera_sees_of_clothes_is_told_by_part():
    near, far = sampled([((3.0, 2.2), RED, BLUE), ((4.5, 2.2), GREEN, BLUE)])
    upper, legs = likeness(near, far)
    assert upper < 0.3 and legs > 0.9
    assert likeness(near, np.concatenate([cloth(RED)[:COLOURS], cloth(BLUE)[COLOURS:]])).min() > 0.9


def test_who_is_covered_is_unknown_and_so_is_background():
    place = np.array([3.4, 2.4])
    towards = (place - PROJECTOR.centre[:2]) / np.linalg.norm(place - PROJECTOR.centre[:2])
    near, behind = sampled([(tuple(place), RED, RED), (tuple(place + 0.25 * towards), GREEN, GREEN)])
    assert near.any() and not behind[COLOURS:].any()
    empty = np.zeros((CAMERA.height // 2, CAMERA.width // 2), np.uint8)
    assert not sampled([(tuple(place), RED, RED)], mask=empty).any()
    assert sampled([(tuple(place), RED, RED)], mask=np.ones_like(empty)).any()


class Told:
    def __init__(self, found):
        self.found = found

    def detect(self, image, stamp):
        return self.found

    def detect_batch(self, images):
        return [self.found for _ in images]


def test_clothes_go_with_their_detection_and_only_with_a_picture():
    people = [((3.0, 2.2), RED, BLUE), ((4.5, 2.2), GREEN, WHITE)]
    image, boxes = picture(people)
    found = Detections(boxes, np.array([0.9, 0.8]))
    finder = PersonFinder(STORE, CAMERA, detector=Told(found))
    first, second = finder.process(1, image).detections
    expected = sampled(people)
    for one, look in ((first, expected[0]), (second, expected[1])):
        assert likeness(np.frombuffer(one.appearance, np.uint8), look).max() > 0.9
    blind = finder.report(1, found)
    assert [each.appearance for each in blind.detections] == [b"", b""]
    assert blind.detections[0] == replace(first, appearance=b"")

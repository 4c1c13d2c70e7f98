"""What a camera reports of the people its detector finds."""

from pathlib import Path

import numpy as np

from just_walk_out.camera.detectors.base import Detections
from just_walk_out.camera.finder import PersonFinder
from just_walk_out.camera.floor import FloorProjector
from just_walk_out.camera.person import edges
from just_walk_out.store.load import load_store

STORE = load_store(Path(__file__).parents[2] / "config" / "demo_store")
CAMERA = STORE.camera["cam_sw"]


class Told:
    """A detector that finds what it was told."""

    def __init__(self, found):
        self.found = found

    def detect(self, image, stamp):
        return self.found


def finder(found):
    return PersonFinder(STORE, CAMERA, detector=Told(found)), np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8)


def box_of(place):
    left, top, right, bottom = edges(FloorProjector(CAMERA), np.array(place), np.array(1.7))
    return [left, top, right - left, bottom - top]


def test_hands_come_with_the_ray_on_which_they_lie():
    projector, place, hand = FloorProjector(CAMERA), (2.6, 2.2), np.array([2.8, 2.5, 1.2])
    seen = np.full((1, 2, 3), np.nan)
    seen[0, 1] = [*projector.to_pixels(hand), 0.8]
    made, image = finder(Detections(np.array([box_of(place)]), np.array([0.9]), hands=seen))
    (person,) = made.process(5, image).detections
    (found,) = person.hands
    assert np.allclose([found.u, found.v, found.score], seen[0, 1])
    away = hand - projector.centre
    assert np.allclose(found.direction, away / np.linalg.norm(away), atol=1e-6)
    assert np.hypot(person.x - place[0], person.y - place[1]) < 0.1


def test_without_hands_there_are_none():
    made, image = finder(Detections(np.array([box_of((2.6, 2.2))]), np.array([0.9])))
    assert [person.hands for person in made.process(5, image).detections] == [()]
    made, image = finder(Detections(np.zeros((0, 4)), np.zeros(0), hands=np.zeros((0, 2, 3))))
    assert made.process(5, image).detections == ()

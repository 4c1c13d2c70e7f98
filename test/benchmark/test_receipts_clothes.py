import dataclasses
import json
import math

import numpy as np
import pytest

from just_walk_out.benchmark.receipts.clothes import Clothes
from just_walk_out.benchmark.receipts.sights import Sight, figures
from just_walk_out.camera.appearance import COLOURS, PARTS
from just_walk_out.cli.main import main
from just_walk_out.simulation.figure import Figure, draw_appearance
from just_walk_out.tracking.looks import known, looks, unlikeness


@pytest.fixture(scope="module")
def overview(demo_store):
    return [camera for camera in demo_store.cameras if camera.role == "overview"]


@pytest.fixture(scope="module")
def clothes(demo_store, overview):
    return Clothes(demo_store, overview, 3)


def standing(name, x, y, outfit):
    look = draw_appearance(np.random.default_rng(outfit), outfit)
    return Figure(name, x, y, 0.3, 0.0, 0.0, None, 0.0, 0, False, look)


def seen(clothes, index, people, shift=0.0):
    places = np.array([(each.x + shift, each.y) for each in people])
    boxes, found = clothes.look(index, people, np.arange(len(people)), places)
    assert boxes.shape == (len(people), 4)
    return looks(found)


def open_place(store):
    """The middle of the floor."""
    middle = np.asarray(store.floor).mean(axis=0)
    return float(middle[0]), float(middle[1])


def test_clothes_of_one_person_are_alike_from_everywhere_and_those_of_two_are_not(demo_store, overview, clothes):
    x, y = open_place(demo_store)
    same, other = [], []
    for index in range(len(overview)):
        first = seen(clothes, index, [standing("a", x, y, 1), standing("b", x + 1.5, y, 2)])
        again = seen(clothes, index, [standing("a", x + 1.5, y, 1), standing("b", x, y, 2)])
        usable = known(first).all() and known(again).all()
        if usable:
            away = unlikeness(first, again)
            same += [away[0, 0], away[1, 1]]
            other += [away[0, 1], away[1, 0]]
    assert len(same) >= 4
    assert max(same) < min(other)


def test_of_whoever_is_placed_far_off_or_stands_behind_somebody_less_is_known(demo_store, overview, clothes):
    x, y = open_place(demo_store)
    alone = [standing("a", x, y, 1)]
    for index, camera in enumerate(overview):
        true, off = seen(clothes, index, alone), seen(clothes, index, alone, shift=1.5)
        assert unlikeness(true, off)[0, 0] > unlikeness(true, seen(clothes, index, alone))[0, 0]
        eye = camera.pose.matrix()[:2, 3]
        way = np.subtract(eye, (x, y)) / math.dist(eye, (x, y))
        before = standing("b", x + 0.4 * way[0], y + 0.4 * way[1], 2)
        hidden = seen(clothes, index, [*alone, before])
        assert known(hidden[:1]).sum() < known(true).sum()


def test_figures_tell_how_often_the_nearer_sight_is_of_the_same_person():
    def sight(person, time, part):
        look = np.zeros((PARTS, COLOURS), np.uint8)
        look[:, part] = 255
        return Sight(person, 0, time, look.tobytes())

    apart = [sight(who, 2.0 * time, part) for who, part in (("a", 0), ("b", 1)) for time in range(5)]
    told = figures(apart, 1)
    assert told["one_camera"] == {"same": [0.0] * 3, "other": [2.0] * 3, "told_apart": 1.0}
    assert told["all"] == {"sights": 10, "both_parts": 1.0} and "two_cameras" not in told
    alike = [dataclasses.replace(each, look=apart[0].look) for each in apart]
    assert figures(alike, 1)["one_camera"]["told_apart"] == 0.0
    assert figures([], 1) == {"all": {"sights": 0, "both_parts": 0.0}}
    unseen = [dataclasses.replace(each, look=b"") for each in apart]
    assert figures(unseen, 1) == {"all": {"sights": 10, "both_parts": 0.0}}


def test_the_spread_is_printed_and_written(tmp_path, capsys):
    file = tmp_path / "clothes.json"
    assert main(["benchmark", "receipts", "--clothes", "--quick", "--json", str(file)]) == 0
    assert "simulated, one camera" in capsys.readouterr().out
    spread = json.loads(file.read_text())["clothes"]["simulated"]["one_camera"]
    assert spread["same"][1] < spread["other"][1] and 0.7 < spread["told_apart"] < 1.0

"""Detection and tracking together on rendered pictures of the demo store, against where people really were."""

from pathlib import Path

import numpy as np

from just_walk_out.camera.finder import PersonFinder
from just_walk_out.records import TrackState
from just_walk_out.simulation.render import OverviewCamera
from just_walk_out.simulation.scenario import load_scenario
from just_walk_out.simulation.scene import build_scene
from just_walk_out.simulation.world import World
from just_walk_out.store.load import load_store
from just_walk_out.tracking.stage import TrackerStage

CONFIG = Path(__file__).parents[2] / "config"
SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def test_plain_shoppers_are_located_and_keep_their_identity():
    store = load_store(CONFIG / "demo_store")
    world = World(store, load_scenario(CONFIG / "scenarios" / "plain.yaml", store), 5)
    scene = build_scene(store)
    cameras = [camera for camera in store.cameras if camera.role == "overview"]
    eyes = [(OverviewCamera(camera, scene, 5), PersonFinder(store, camera)) for camera in cameras]
    stage = TrackerStage(store)
    truth, arrays = {}, []
    for k in range(140):
        world.advance(k / 10)
        figures = world.figures(k / 10)
        truth[START + k * SECOND // 10] = {each.id: (each.x, each.y) for each in figures}
        for eye, finder in eyes:
            arrays += stage.push(finder.process(START + k * SECOND // 10, eye.render(figures)))
    errors, names, missed, inside = [], {}, 0, 0
    for array in arrays:
        tracks = [track for track in array.tracks if track.state is not TrackState.TENTATIVE]
        for who, (x, y) in truth.get(array.stamp, {}).items():
            if y < 0.8:
                continue
            inside += 1
            near = [(np.hypot(track.x - x, track.y - y), track.id) for track in tracks]
            near = [each for each in near if each[0] < 0.8]
            missed += not near
            if near:
                errors.append(min(near)[0])
                names.setdefault(who, set()).add(min(near)[1])
    assert inside > 50 and missed <= 0.02 * inside
    assert np.median(errors) < 0.15 and np.percentile(errors, 90) < 0.35
    assert all(len(ids) == 1 for ids in names.values())
    assert len(set.union(*names.values())) == len(names)

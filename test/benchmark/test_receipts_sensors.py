import pytest

from just_walk_out.benchmark.receipts.sensors import LightStore
from just_walk_out.records import PersonDetectionArray, Track, TrackArray, TrackState
from just_walk_out.simulation.plan import Action, Party
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.simulation.world import World

SECOND = 1_000_000_000
START = 100 * SECOND
COVARIANCE = tuple(0.01 if row == column else 0.0 for row in range(4) for column in range(4))


@pytest.fixture(scope="module")
def filmed(demo_store):
    """A store with two shoppers inside, seen by its cameras for some seconds."""
    waits = (Action("wait", seconds=60.0),)
    parties = tuple(Party(name, name, arrival, (waits,)) for name, arrival in (("ada", 0.0), ("ben", 4.0)))
    world = World(demo_store, Scenario("two", parties=parties), 5)
    light = LightStore(world, 5, START, {name: name for name in ("ada", "ben")}, cameras=True)
    seen = []
    for arrival, record in light.run():
        if isinstance(record, PersonDetectionArray):
            seen.append(record)
        if arrival > START + 16 * SECOND:
            break
    return light, world, seen


def tracked(stamp, places, state=TrackState.CONFIRMED):
    tracks = [Track(id, state, x, y, 0.0, 0.0, COVARIANCE, 1.0, 0) for id, (x, y) in places.items()]
    return TrackArray(stamp, (), tuple(tracks))


def test_the_track_where_somebody_is_is_theirs_whatever_it_was_before(filmed):
    light, world, seen = filmed
    stamp = seen[-1].stamp
    figures = world.figures((stamp - light.scenario_start) / SECOND)
    ada, ben = ((each.x, each.y) for each in sorted(figures, key=lambda each: each.id))
    assert light.whose(tracked(stamp, {"t1": ada, "t2": ben})) == {"ada": "t1", "ben": "t2"}
    assert light.whose(tracked(stamp, {"t1": ben, "t2": ada})) == {"ada": "t2", "ben": "t1"}
    assert light.whose(tracked(stamp, {"t1": (ada[0] + 0.1, ada[1])})) == {"ada": "t1"}
    assert light.whose(tracked(stamp, {"t1": (ada[0] + 50.0, ada[1])})) == {}
    assert light.whose(tracked(stamp, {"t1": ada}, TrackState.TENTATIVE)) == {}
    assert light.whose(tracked(START, {"t1": ada})) == {}


def test_detections_have_boxes_in_the_picture_and_mostly_clothes(filmed):
    _, world, seen = filmed
    size = {camera.id: (camera.width, camera.height) for camera in world.store.cameras}
    found = [(record.camera, each) for record in seen for each in record.detections]
    assert len(found) > 100
    for camera, each in found:
        left, top, wide, tall = each.box
        assert 0.0 <= left <= left + wide <= size[camera][0] and 0.0 <= top <= top + tall <= size[camera][1]
        assert not each.hands
    assert sum(bool(each.appearance) for _, each in found) > 0.8 * len(found)

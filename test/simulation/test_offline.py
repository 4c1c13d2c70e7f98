from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from just_walk_out.simulation.offline import BoardBytes, CameraFrame, OfflineStore, Scan
from just_walk_out.simulation.scenario import Scenario, load_scenario, parse_scenario
from just_walk_out.store.model import Store

START = 1_800_000_000_000_000_000


@pytest.fixture
def plain(store: Store, scenarios: Path) -> Scenario:
    return load_scenario(scenarios / "plain.yaml", store)


def digest(simulated: OfflineStore, limit: int | None = None) -> str:
    seen = hashlib.sha256()
    for item in simulated.run():
        if limit is not None and item.stamp > START + limit:
            break
        content = item.image.tobytes() if isinstance(item, CameraFrame) else repr(item).encode()
        seen.update(str(item.stamp).encode() + content)
    return seen.hexdigest()


def test_everything_comes_in_time_order(store: Store, plain: Scenario) -> None:
    simulated = OfflineStore(store, plain, 1, start=START, codes={"ada": "A", "ben": "B", "cleo": "C"}, frames=False)
    items = list(simulated.run())
    stamps = [item.stamp for item in items]
    assert stamps == sorted(stamps) and stamps[0] >= START
    assert {item.bus for item in items if isinstance(item, BoardBytes)} == set(store.bus)
    scans = [item for item in items if isinstance(item, Scan)]
    assert [(scan.gate, scan.text) for scan in scans] == [("entry_1", "A"), ("entry_1", "B"), ("entry_2", "C")]


def test_every_camera_delivers_at_its_rate(store: Store, plain: Scenario) -> None:
    simulated = OfflineStore(store, plain, 1, start=START, lead_in=0.5, longest=0.5)
    items = list(simulated.run())
    frames = [item for item in items if isinstance(item, CameraFrame)]
    assert {frame.camera for frame in frames} == set(store.camera)
    for camera in store.cameras:
        count = sum(frame.camera == camera.id for frame in frames)
        assert count == pytest.approx(camera.rate, abs=1)
        assert all(f.image.shape == (camera.height, camera.width, 3) for f in frames if f.camera == camera.id)


def test_the_same_seed_gives_the_same_bytes(store: Store, plain: Scenario) -> None:
    def run(seed: int) -> str:
        return digest(OfflineStore(store, plain, seed, start=START, frames=False), 15_000_000_000)

    assert run(7) == run(7) != run(8)


def test_the_same_seed_gives_the_same_pictures(store: Store, plain: Scenario) -> None:
    one, two = (digest(OfflineStore(store, plain, 7, start=START, lead_in=0.0), 1_500_000_000) for _ in range(2))
    assert one == two


def test_the_truth_tells_who_carried_what(store: Store, plain: Scenario) -> None:
    simulated = OfflineStore(store, plain, 1, start=START, frames=False)
    for _ in simulated.run():
        pass
    assert simulated.receipts() == {
        "ada": {"cola_can": 1},
        "ben": {"chocolate_dark": 1, "tortilla_chips": 2},
        "cleo": {"honey": 1},
    }
    truth = simulated.truth()
    takes = [line for line in truth if line["kind"] == "take"]
    assert sum(line["quantity"] for line in takes) == 5
    for line in takes:
        assert line["start"] <= line["stamp"] <= line["settled"]
    for line in truth:
        if line["kind"] == "left":
            own = [take for take in takes if take["shopper"] == line["shopper"]]
            assert all(line["entered"] < take["start"] < take["settled"] < line["exited"] for take in own)


def test_noise_can_be_chosen(store: Store) -> None:
    scenario = parse_scenario({"noise": "quiet", "shoppers": [{"id": "a", "arrival": 99}]}, store)
    own = digest(OfflineStore(store, scenario, 1, start=START, longest=1.0, frames=False))
    assert own == digest(OfflineStore(store, scenario, 1, start=START, longest=1.0, frames=False, noise="quiet"))
    assert own != digest(OfflineStore(store, scenario, 1, start=START, longest=1.0, frames=False, noise="rough"))

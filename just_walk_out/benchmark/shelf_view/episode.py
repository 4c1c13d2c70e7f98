"""One episode of the shelf view benchmark: the same sensors through two pipelines, one of which sees shelves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from just_walk_out.benchmark.receipts.episode import benchmark_key
from just_walk_out.benchmark.receipts.sensors import LightStore
from just_walk_out.benchmark.shelf_view.looks import Look, LookBook
from just_walk_out.deployment import settings_of
from just_walk_out.entry.keys import public_text
from just_walk_out.journal import Journal
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.stage import PickupStage
from just_walk_out.records import DecisionState, Interaction, InteractionArray, Kind, VisitArray
from just_walk_out.replay.pipeline import Pipeline, stages_of
from just_walk_out.replay.rehearsal import issue_codes
from just_walk_out.shelf_view.cues import Sight
from just_walk_out.shelf_view.pictures import Picture
from just_walk_out.shelf_view.settings import ShelfViewSettings
from just_walk_out.shelf_view.stage import ShelfViewStage
from just_walk_out.simulation.raycast import Canvas
from just_walk_out.simulation.scenario import Scenario
from just_walk_out.simulation.shelf_camera import ShelfCamera
from just_walk_out.simulation.truth import describe
from just_walk_out.simulation.world import World
from just_walk_out.stage import Stage
from just_walk_out.store.model import Camera, Store
from just_walk_out.tracking.stage import TrackerStage

_START = 1_790_000_000_000_000_000
_SECOND = 1_000_000_000
_LINGER = 6.0
_LONGEST = 240.0
_PICTURE_AFTER = 0.08
_NEAR = 4 * _SECOND
_HANDLINGS = {"take": Kind.TAKE, "put_back": Kind.RETURN, "put_back_wrong": Kind.RETURN}


BareStores = dict[Camera, Canvas]


@dataclass(frozen=True)
class Decided:
    """What came of one true take or return: whether product and quantity, and person, are right."""

    product: bool
    person: bool
    committed: bool
    confidence: float


@dataclass(frozen=True)
class Played:
    """What came of an episode: decisions on weights alone, decisions with shelf views, and what cameras said."""

    blind: list[Decided]
    seeing: list[Decided]
    looks: list[Look]


class SeenStore:
    """The records of a light store, with the pictures of its shelf cameras among them."""

    def __init__(
        self, store: Store, world: World, light: LightStore, seed: int, dresses: Mapping[str, str], bare: BareStores
    ) -> None:
        """Prepare the shelf cameras.

        Args:
            store: with shelf cameras.
            world: people and goods.
            light: its other sensors.
            seed: of the noise.
            dresses: what packs look like, by SKU.
            bare: pictures of the store without goods, by camera; filled where they are missing.
        """
        self._world, self._light = world, light
        self._cameras: dict[str, ShelfCamera] = {}
        for camera in (camera for camera in store.cameras if camera.role == "shelf"):
            drawn = ShelfCamera(camera, store, seed, dresses, bare.get(camera))
            bare[camera] = drawn.bare
            self._cameras[camera.id] = drawn
        self._rate = {c.id: c.rate for c in store.cameras if c.role == "shelf"}

    def run(self) -> Iterator[tuple[int, Any]]:
        """Yield (time of arrival in nanoseconds, record)."""
        due = dict.fromkeys(self._cameras, 0)
        for arrival, record in self._light.run():
            yield arrival, record
            now = self._world.now
            stamp = self._light.scenario_start + round(now * _SECOND)
            for name, camera in self._cameras.items():
                if stamp >= due[name]:
                    due[name] = stamp + round(0.9 * _SECOND / self._rate[name])
                    image = camera.render(self._world.stock.standing, self._world.figures(now))
                    yield stamp + round(_PICTURE_AFTER * _SECOND), Picture(stamp, name, image)


def pipelines(store: Store, settings: PickupSettings, cue: Sight | None) -> tuple[Pipeline, Pipeline]:
    """Return the pipeline of a store without its shelf cameras, and with them; people come in as tracks.

    Args:
        store: with shelf cameras.
        settings: of the attribution.
        cue: what tells products by sight.
    """
    blind = replace(store, cameras=tuple(camera for camera in store.cameras if camera.role != "shelf"))
    built: list[Pipeline] = []
    for place in (blind, store):
        stages: list[Stage] = []
        for stage in stages_of(place):
            if isinstance(stage, PickupStage):
                stages.append(PickupStage(place, settings, Journal(None)))
            elif not isinstance(stage, TrackerStage):
                stages.append(stage)
        built.append(Pipeline([*stages, *view_stages(place, cue)]))
    return built[0], built[1]


def view_stages(store: Store, cue: Sight | None) -> list[Any]:
    """Return a stage for each shelf camera of a store, which take pictures beside records."""
    settings = settings_of("shelf_view", ShelfViewSettings)
    cameras = [camera.id for camera in store.cameras if camera.role == "shelf"]
    return [_Fed(ShelfViewStage(store, camera, settings, cue)) for camera in cameras]


class _Fed:
    """A shelf view stage that is wired for pictures, too, as its node does."""

    def __init__(self, stage: ShelfViewStage) -> None:
        self._stage = stage
        self.inputs = (*stage.inputs, Picture)
        self.outputs = stage.outputs
        self.restore, self.push = stage.restore, stage.push


def play(
    store: Store,
    scenario: Scenario,
    seed: int,
    settings: PickupSettings,
    cue: Sight | None,
    dresses: Mapping[str, str] | None = None,
    bare: BareStores | None = None,
) -> Played:
    """Play a scenario; returns what was made of each true take and return, without and with shelf views.

    Args:
        store: with shelf cameras.
        scenario: who comes and what they do.
        seed: of everything drawn.
        settings: of the attribution.
        cue: what tells products by sight.
        dresses: what packs look like, by SKU; what follows from the SKU where that says nothing.
        bare: pictures of the store without goods, from one episode to the next.
    """
    key = benchmark_key()
    store = replace(store, entry=replace(store.entry, public_keys=(public_text(key),)))
    world = World(store, scenario, seed)
    light = LightStore(world, seed, _START, issue_codes(world.parties, store, key, _START), cameras=False)
    both = pipelines(store, settings, cue)
    interactions: tuple[list[Interaction], list[Interaction]] = ([], [])
    account: tuple[dict[str, str], dict[str, str]] = ({}, {})
    book = LookBook(store)
    over = 0.0
    for arrival, record in SeenStore(store, world, light, seed, dresses or {}, {} if bare is None else bare).run():
        book.see(arrival, record)
        for pipeline, decided, accounts in zip(both, interactions, account, strict=True):
            for output in pipeline.push(record):
                if pipeline is both[1]:
                    book.see(arrival, output)
                if isinstance(output, InteractionArray):
                    decided += output.interactions
                elif isinstance(output, VisitArray):
                    accounts.update({visit.id: visit.account for visit in output.visits})
        if world.finished:
            over = over or world.now
        if (over and world.now > over + _LINGER) or world.now > _LONGEST:
            break
    truth = [describe(moment, light.scenario_start) for moment in sorted(world.moments, key=lambda item: item.time)]
    handled = [line for line in truth if line["kind"] in _HANDLINGS]
    blind, seeing = (_score(handled, *each) for each in zip(interactions, account, strict=True))
    return Played(blind, seeing, book.looks(handled, light.names))


def _score(handled: list[dict[str, Any]], decided: list[Interaction], account: dict[str, str]) -> list[Decided]:
    """Match each true handling to the nearest decision of its kind and plate that nothing else is matched to."""
    free = list(decided)
    found = []
    for line in handled:
        kind = _HANDLINGS[line["kind"]]
        mates = [
            item
            for item in free
            if item.kind is kind and line["plate"] in item.plates and abs(item.end - line["settled"]) < _NEAR
        ]
        if not mates:
            found.append(Decided(False, False, False, 0.0))
            continue
        # of several that might be meant, the one that is right rather than wrong: a benchmark of views, not of order
        mate = min(mates, key=lambda item: (item.sku != line["sku"], abs(item.end - line["settled"])))
        free.remove(mate)
        found.append(
            Decided(
                mate.sku == line["sku"] and mate.quantity == line["quantity"],
                account.get(mate.visit, "") == line["account"],
                mate.state is DecisionState.COMMITTED,
                mate.confidence,
            )
        )
    return found

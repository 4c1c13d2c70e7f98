"""What the demo shows, without cameras and DDS: a misplaced thing that somebody takes, and a review."""

from collections import Counter
from dataclasses import replace

from just_walk_out.benchmark.receipts.episode import benchmark_key
from just_walk_out.benchmark.receipts.sensors import LightStore
from just_walk_out.cart.stage import CartStage
from just_walk_out.checkout.stage import CheckoutStage
from just_walk_out.entry.keys import public_text
from just_walk_out.records import Adjustment, AdjustmentState, Charge, Decision, DecisionKind, DecisionState
from just_walk_out.replay.pipeline import Pipeline, stages_of
from just_walk_out.replay.rehearsal import issue_codes
from just_walk_out.resources import scenario_path, share
from just_walk_out.simulation.scenario import load_scenario
from just_walk_out.simulation.world import World
from just_walk_out.store.load import load_store
from just_walk_out.tracking.stage import TrackerStage

START = 1_800_000_000_000_000_000


def units(lines):
    return Counter({line.sku: line.quantity for line in lines if line.state is DecisionState.COMMITTED})


def test_the_next_taker_pays_for_what_was_misplaced_and_the_larger_jar_is_charged_once_a_person_has_looked():
    key, store = benchmark_key(), load_store(share() / "config" / "demo_store")
    store = replace(store, entry=replace(store.entry, public_keys=(public_text(key),)))
    scenario = load_scenario(scenario_path("demo"), store)
    parties = tuple(party for party in scenario.parties if party.id in ("finn", "ivan"))
    world = World(store, replace(scenario, parties=parties), 3)
    light = LightStore(world, 3, START, issue_codes(world.parties, store, key, START), cameras=False)
    stages = [stage for stage in stages_of(store) if not isinstance(stage, TrackerStage)]
    pipeline, charges = Pipeline(stages), {}
    for _, record in light.run():
        charges |= {out.account: out for out in pipeline.push(record) if isinstance(out, Charge)}
        if len(charges) == 2:
            break
    assert units(charges["finn"].lines) == Counter(lemonade=1)
    assert units(charges["ivan"].lines) == Counter(coffee_beans=1)
    carts = next(stage for stage in stages if isinstance(stage, CartStage))
    checkout = next(stage for stage in stages if isinstance(stage, CheckoutStage))
    (doubt,) = carts.reviews(charges["ivan"].visit)
    assert (doubt.sku, doubt.reason) == ("", "no product of the catalogue fits the weight")
    stamp = charges["ivan"].stamp + 5_000_000_000
    draft = Decision(stamp, "", DecisionKind.CHANGE, "", doubt.id, "rita", sku="hazelnut_spread", quantity=1)
    _, (_, array) = carts.decide(draft)
    (adjustment,) = (each for each in checkout.push(array) if isinstance(each, Adjustment))
    assert units(adjustment.lines) == Counter(coffee_beans=1, hazelnut_spread=1)
    assert (adjustment.state, adjustment.amount) == (AdjustmentState.CHARGED, 349)

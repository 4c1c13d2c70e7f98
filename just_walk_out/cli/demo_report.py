"""What ``jwo demo`` prints and leaves: receipts beside the truth, a summary, a picture, and the replay of its bag."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from just_walk_out.checkout.bills import bills
from just_walk_out.checkout.money import format_money
from just_walk_out.checkout.receipt import receipt_line
from just_walk_out.records import (
    Adjustment,
    CartArray,
    Charge,
    ChargeState,
    InteractionArray,
    TrackArray,
    VisitArray,
)
from just_walk_out.replay import scoring
from just_walk_out.replay.offline import replay
from just_walk_out.replay.picture import draw
from just_walk_out.store.model import Store

Say = Callable[[str], None]


def print_receipt(
    say: Say,
    departure: scoring.Departure,
    charge: Charge,
    corrections: Sequence[Adjustment] = (),
    doubts: Sequence[str] = (),
) -> None:
    """Print a receipt beside the truth.

    Args:
        say: prints one line for people.
        departure: what was truly carried.
        charge: what was charged.
        corrections: of the charge so far, in order.
        doubts: why a person has yet to look at something of the visit.
    """
    result = scoring.compare(departure, charge, corrections)
    waits = bool(doubts or result.review) and result.charged <= result.truth
    verdict = "exact" if result.exact else "a person has to look" if waits else "DIFFERS"
    last: Adjustment | Charge = corrections[-1] if corrections else charge
    state = f"{'corrected, ' if corrections else ''}{last.state.name.lower()}"
    # what a visit in review comes to is not charged yet
    total = 0 if last.state is ChargeState.REVIEW else last.total
    say(
        f"receipt   {departure.account}: {scoring.units_text(result.charged) or 'nothing'}, "
        f"{format_money(total, charge.currency)}, {state} -- {verdict}"
    )
    if verdict == "DIFFERS":
        say(f"          truth: {scoring.units_text(result.truth) or 'nothing'}")
    if result.review or (doubts and not result.exact):
        doubtful = scoring.units_text(result.review) or "something"
        reason = charge.reason or "; ".join(doubts)
        say(f"          for review, not charged: {doubtful}: {reason}")


def report(observer: Any, store: Store, run_dir: Path, picture: Path, waited: int, say: Say) -> scoring.Scores:
    """Print the summary and draw the picture.

    Args:
        observer: has watched the store.
        store: the store.
        run_dir: where the simulation has left the truth.
        picture: file to draw.
        waited: how many units of unknown products waited for a person.
        say: prints one line for people.
    """
    departures, handlings = scoring.read_truth(run_dir / "truth.jsonl")
    charges = observer.records(Charge)
    adjustments = observer.records(Adjustment)
    scores = scoring.score(departures, charges, adjustments)
    visits = {visit.id: visit for array in observer.records(VisitArray) for visit in array.visits}
    interactions = {i.id: i for array in observer.records(InteractionArray) for i in array.interactions}
    owners = {visit.id: visit.account for visit in visits.values()}
    lines = scoring.line_delays(handlings, list(interactions.values()), observer.arrivals(CartArray), owners)
    exits = scoring.charge_delays(departures, observer.arrivals(Charge))
    tracks = observer.records(TrackArray)
    draw(
        picture,
        store,
        tracks,
        visits,
        list(interactions.values()),
        charges,
        scores.receipts,
        adjustments,
    )
    held = waited + sum(each.held.total() for each in scores.receipts)
    say("summary")
    for name, value in (
        ("receipts exact", f"{scores.exact} of {len(scores.receipts)}"),
        ("item precision", f"{scores.precision:.3f}"),
        ("item recall", f"{scores.recall:.3f}"),
        ("receipt F1", f"{scores.f1:.3f}"),
        ("held for review", f"{held} units, {sum(each.adjustments > 0 for each in scores.receipts)} corrected"),
        ("take to cart line", scoring.spread(lines)),
        ("exit to charge", scoring.spread(exits)),
    ):
        print(f"            {name:<20}{value}", flush=True)
    return scores


def decided_by_people(adjustments: Iterable[Adjustment], arrays: Iterable[InteractionArray]) -> list[Adjustment]:
    """Return the adjustments that bear decisions of people, and not evidence of later takes alone.

    Args:
        adjustments: of charges.
        arrays: what ``pickup_detector`` has published: its corrections are nobody's decisions.
    """
    evidence = {each.id for array in arrays for each in array.corrections}
    return [each for each in adjustments if not evidence.issuperset(each.decisions)]


def replay_agrees(bag: Path, receipts: Path, observer: Any, say: Say) -> bool:
    """Replay the bag twice offline and hold the receipts against each other and the live ones.

    What the operator decided is no sensor's: the receipts before that are replayed.

    Args:
        bag: of the run.
        receipts: file for the live receipts, corrections included.
        observer: has watched the store.
        say: prints one line for people.
    """
    started = time.monotonic()

    def lines(outcomes: Iterable[Any]) -> list[str]:
        return sorted(receipt_line(bill.charge, bill.adjustments) for bill in bills(outcomes))

    charges, adjustments = observer.records(Charge), observer.records(Adjustment)
    decided = {each.id for each in decided_by_people(adjustments, observer.records(InteractionArray))}
    first, second = (lines(replay(bag)) for _ in range(2))
    lived = lines([*charges, *(each for each in adjustments if each.id not in decided)])
    receipts.write_text("".join(f"{line}\n" for line in lines([*charges, *adjustments])))
    same_again, same_as_live = first == second, first == lived
    say(
        f"bag replayed offline twice in {time.monotonic() - started:.1f} s: "
        f"{'the same bytes' if same_again else 'DIFFERENT'} both times, "
        f"{'the same' if same_as_live else 'DIFFERENT'} receipts as live"
    )
    if not same_as_live:
        for line in sorted(set(first) ^ set(lived)):
            say(f"          {'replayed' if line in first else 'live    '} {line}")
    return same_again and same_as_live

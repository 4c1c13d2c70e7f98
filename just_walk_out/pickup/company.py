"""Who acted where several people were: each step together with all that was done at the fixture.

For each step there is where people stood, whose hand and whose arm were seen; and what the same people did before
and besides bears on it. Steps in doubt come with what was seen of them, not with what was concluded from that:
a conclusion has taken in what is in question now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from just_walk_out.pickup.decisions import Decisions, event_of
from just_walk_out.pickup.hands import HandModel
from just_walk_out.pickup.reach import ReachModel
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.pickup.sightings import Sightings
from just_walk_out.pickup.stops import Act, StopModel
from just_walk_out.records import Interaction, ShelfEvent, TrackArray
from just_walk_out.store.model import Store

_AT_SHELF = 0.5  # log-likelihood from which a hand is taken to be at or about a plate
_CLEARLY = 3.0  # log-likelihood by which one hand must be ahead of all others to be the only one
_SURE = 0.9  # probability from which it counts as known who did something


@dataclass(frozen=True)
class Fit:
    """How people within reach of some plates fit having acted there.

    Attributes:
        places: log-likelihood of where each stood, by track.
        hands: log-likelihood ratio of what overview cameras saw of the hands of each, by track.
    """

    places: Mapping[str, float]
    hands: Mapping[str, float]


class Company:
    """Keeps where people and hands were, and weighs who of several acted."""

    def __init__(
        self, store: Store, settings: PickupSettings, decisions: Decisions, sightings: Sightings, memory: float
    ) -> None:
        """Know nobody yet.

        Args:
            store: fixtures, cameras and policy.
            settings: priors and errors.
            decisions: what has been decided.
            sightings: what shelf cameras have seen.
            memory: seconds of tracks to keep.
        """
        self._store = store
        self._reach = ReachModel(store, settings, memory)
        self._hands = HandModel(store, settings)
        self._stops = StopModel(settings)
        self._decisions = decisions
        self._sightings = sightings

    def push(self, tracks: TrackArray) -> None:
        """Remember one tick."""
        self._reach.push(tracks)
        self._hands.push(tracks)

    def fit(self, act: Act) -> Fit:
        """Return how all people within reach fit having acted on plates of one shelf."""
        near = self._reach.near(act)
        return Fit(near, self._hands_of(act, near))

    def at_once(self, fit: Fit, arms: Mapping[str, float]) -> bool:
        """Tell whether a second person may have a hand at the plates.

        Args:
            fit: of the plates.
            arms: what shelf cameras say, log-likelihood by track.
        """
        reaching = sorted(_reaching(fit.hands, arms).values())
        return len(reaching) > 1 and reaching[-2] > max(_AT_SHELF, reaching[-1] - _CLEARLY)

    def weigh(
        self,
        event: ShelfEvent,
        act: Act,
        near: Fit,
        arms: Mapping[str, float],
        due: int,
        besides: Iterable[tuple[str, Act, Fit]],
        viewed: bool = True,
    ) -> dict[str, float]:
        """Return how each person fits having done a step, with all else that was done at the fixture.

        Args:
            event: the shelf event of which the step is a part.
            act: the step.
            near: who was near it.
            arms: what shelf cameras say of it, log-likelihood by track.
            due: the moment as of which it is looked at, nanoseconds.
            besides: other steps that are not decided, each with the id of its event and who was near.
            viewed: what shelf cameras say of other steps counts.

        Returns:
            Log-likelihood by track; that of nobody known under an empty name.
        """
        scores = {**near.places, "": self._reach.log_nobody}
        reaching = _reaching(near.hands, arms)
        if len(near.places) <= 1:
            return {track: score + reaching.get(track, 0.0) for track, score in scores.items()}
        hands: dict[Act, Mapping[str, float]] = {act: reaching}
        undecided, done = self._earlier(event, near.places, due, hands, viewed)
        counted = frozenset(other for acts in done.values() for other in acts)
        left = {track for track in near.places if not self._reach.stays(track, event.end, due)}
        for other, fits in undecided:
            left |= {each for each in fits if each not in scores and not self._reach.stays(each, other.end, due)}
        for id, other, fit in [*besides, *self._later(event, due)]:
            undecided.append((other, {**fit.places, "": self._reach.log_nobody}))
            hands[other] = _reaching(fit.hands, self._sightings.arms(id, other.plates) if viewed else {})
        undecided.sort(key=lambda item: (item[0].start, item[0].plates))
        messages = self._stops.messages(act, list(scores), done, frozenset(left), undecided, hands, counted)
        return {track: score + messages[track] - messages[""] for track, score in scores.items()}

    def _earlier(
        self,
        event: ShelfEvent,
        near: Mapping[str, float],
        due: int,
        hands: dict[Act, Mapping[str, float]],
        viewed: bool,
    ) -> tuple[list[tuple[Act, dict[str, float]]], dict[str, list[Act]]]:
        """Return what is decided of people's stops: in doubt among whom, and surely by whom; hands are added."""
        since = {track: self._reach.since(track, event.start) for track in near}
        doubtful: list[tuple[Act, dict[str, float]]] = []
        done: dict[str, list[Act]] = {}
        for item in self._decisions.lately(self._store.gondola_of[event.shelf].id, due, event.id):
            act = _act(item)
            shares: dict[str, float] = {}
            for each in item.candidates:
                shares[each.track] = shares.get(each.track, 0.0) + each.probability
            # Who came later had no part in it, and what they did at an earlier stop does not count.
            here = {track for track in shares if track in since and item.end >= since[track]}
            if not here:
                continue
            # Whose stop it was who has gone since, or come back: left out, it would be of those who have stayed.
            stops = {track: track if track in here or track not in near else f"{track} before" for track in shares}
            arms = self._sightings.arms(event_of(item), act.plates) if viewed else {}
            reaching = _reaching(self._hands_of(act, {*near, *shares} - {""}), arms)
            hands[act] = {stops.get(track, track): score for track, score in reaching.items()}
            best = max(sorted(shares), key=lambda track: shares[track])
            if shares[best] >= _SURE:
                done.setdefault(stops[best], []).append(act)
                continue
            fits = self._reach.near(act)
            logs = {stop: fits[track] for track, stop in stops.items() if track in fits}
            doubtful.append((act, {**logs, "": self._reach.log_nobody}))
        return doubtful, done

    def _later(self, event: ShelfEvent, due: int) -> list[tuple[str, Act, Fit]]:
        """Return steps that are decided by now, but as of a later moment: as of this one they are not."""
        begun = due if due > event.end else event.start
        items = self._decisions.later(self._store.gondola_of[event.shelf].id, due, begun, event.id)
        return [(event_of(item), _act(item), self.fit(_act(item).until(due))) for item in items]

    def _hands_of(self, act: Act, people: Iterable[str]) -> dict[str, float]:
        places = {track: self._reach.place(track, act.end) for track in people}
        known = {track: place for track, place in places.items() if place is not None}
        return self._hands.scores(act, known)


def _act(item: Interaction) -> Act:
    """Return what was done in a step that is decided."""
    return Act(item.start, item.end, item.plates, item.degraded)


def _reaching(hands: Mapping[str, float], arms: Mapping[str, float]) -> dict[str, float]:
    """Return how hands that overview cameras saw, and arms that shelf cameras did, fit each person."""
    return {track: score + arms.get(track, 0.0) for track, score in hands.items()}

"""Who of several people at a fixture acted, from what each of them came for: all their steps taken together.

Somebody who stops before a fixture does something there more often than not, rarely much, and then leaves;
takes several of one thing one after another; and seldom does two things at once. So what one person is known
to have done bears on who did the rest. Steps that are not decided are summed over, all combinations of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

from just_walk_out.pickup.settings import PickupSettings

_SECOND = 1_000_000_000
# Of undecided steps beside the one in question, so many are summed over, each over so many people.
_MOST_STEPS, _MOST_PEOPLE = 3, 4
_UNLIKELY = 6.0


@dataclass(frozen=True)
class Act:
    """Something done at a fixture: first and last moment, nanoseconds, and the plates.

    Attributes:
        start: last moment at the old weight.
        end: first moment at the new weight.
        plates: of one shelf.
        unseen: weights were lost in between, so that any moment may be the one.
    """

    start: int
    end: int
    plates: tuple[str, ...]
    unseen: bool = False

    def latest(self, act_time: float) -> int:
        """Return from when on whoever did it is there, nanoseconds.

        A shelf that was leant on before is one step with what was taken then: who had left by its end did not take it.
        Of a shelf that was not seen nobody can say so.

        Args:
            act_time: how long before its end, seconds.
        """
        return self.start if self.unseen else max(self.start, self.end - round(act_time * 1e9))

    def until(self, stamp: int) -> Act:
        """Return what there is of it by a moment, nanoseconds."""
        return replace(self, end=min(self.end, stamp))


class StopModel:
    """Log-likelihoods of what people did at their stops."""

    def __init__(self, settings: PickupSettings) -> None:
        """Take the priors."""
        self._settings = settings

    def messages(
        self,
        act: Act,
        people: Sequence[str],
        done: Mapping[str, Sequence[Act]],
        left: frozenset[str],
        undecided: Sequence[tuple[Act, Mapping[str, float]]],
        hands: Mapping[Act, Mapping[str, float]],
        counted: frozenset[Act],
    ) -> dict[str, float]:
        """Return for each person how what all have done speaks for their having done this too.

        Args:
            act: the step in question.
            people: tracks that come into question; empty for nobody known.
            done: what is decided that each has done at this stop.
            left: who has left the place since.
            undecided: other steps, with the log-likelihood of each person's place.
            hands: how each person's hands fit having done a step, log-likelihood ratio; may lack steps.
            counted: steps with whom they were done by that has gone into what is known of them.

        Returns:
            Log-likelihood by person, with that of the hands.
        """
        nearest = sorted(undecided, key=lambda item: abs(item[0].start - act.start))[:_MOST_STEPS]
        choices = [_likely(scores) for _, scores in nearest]
        everybody = sorted({*people, *(person for options in choices for person, _ in options)} - {""})
        result = {}
        for person in people:
            terms = []
            for combination in product(*choices):
                acts: dict[str, list[Act]] = {each: list(done.get(each, ())) for each in everybody}
                score = 0.0
                if person:
                    acts[person].append(act)
                for (other, _), (who, log) in zip(nearest, combination, strict=True):
                    score += log
                    if who:
                        acts[who].append(other)
                score += sum(self._log_prior(acts[each], each in left) for each in everybody)
                terms.append(score + sum(_of_hands(each, acts[each], hands, counted) for each in everybody))
            best = max(terms)
            result[person] = best + math.log(sum(math.exp(term - best) for term in terms))
        return result

    def _log_prior(self, acts: list[Act], left: bool) -> float:
        """Return the log-probability of so many things at one stop."""
        settings = self._settings
        idle = settings.idle_left if left else settings.idle_here
        if not acts:
            return math.log(idle)
        ordered = sorted(acts, key=lambda item: (item.start, item.end, item.plates))
        total = math.log(1.0 - idle)
        for before, after in pairwise(ordered):
            again = set(before.plates) & set(after.plates) and after.start - before.end < settings.again_time * _SECOND
            total += math.log(settings.more_units if again else settings.acted_again)
            if not again and after.start < before.end:
                total += math.log(settings.two_hands)
        return total


def _of_hands(person: str, acts: list[Act], hands: Mapping[Act, Mapping[str, float]], counted: frozenset[Act]) -> float:
    """Return what somebody's hands say of all that they did: of things done at once they speak for one only."""
    total, best, until = 0.0, 0.0, 0
    for act in sorted((act for act in acts if act in hands), key=lambda item: (item.start, item.end, item.plates)):
        value = hands[act].get(person, 0.0)
        if act.start >= until:
            best = 0.0
        total += max(value - best, 0.0) if value > 0.0 else value
        best, until = max(best, value), max(until, act.end)
        if act in counted:
            total -= value
    return total


def _likely(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return those who come into question for a step, likeliest first."""
    best = max(scores.values())
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:_MOST_PEOPLE]
    return [(person, score - best) for person, score in ranked if score > best - _UNLIKELY]

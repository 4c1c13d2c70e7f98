"""Figures of receipts: F1, exact ones, units charged wrongly, review, delays, and how honest confidences are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from just_walk_out.records import DecisionState, Interaction, Kind
from just_walk_out.replay.scoring import Handling, ReceiptScore

BINS = 10
_SLACK = 2.0
_SECOND = 1_000_000_000


@dataclass
class Tally:
    """What one method made of all visits of a scenario.

    Attributes:
        receipts: each visit beside the truth.
        line_delays: seconds from each take to its cart line.
        charge_delays: seconds from each true exit to the charge.
        lines: lines of all charges.
        held: those of them that wait for review.
    """

    receipts: list[ReceiptScore] = field(default_factory=list)
    line_delays: list[float] = field(default_factory=list)
    charge_delays: list[float] = field(default_factory=list)
    lines: int = 0
    held: int = 0

    def join(self, other: Tally) -> None:
        """Add the visits of another tally."""
        self.receipts += other.receipts
        self.line_delays += other.line_delays
        self.charge_delays += other.charge_delays
        self.lines += other.lines
        self.held += other.held

    def figures(self) -> dict[str, float | int | None]:
        """Return all figures; None where there is nothing to divide by."""
        charged = sum(score.charged.total() for score in self.receipts)
        wrong = sum((score.charged - score.truth).total() for score in self.receipts)
        count = len(self.receipts)
        return {
            "visits": count,
            "f1": round(sum(score.f1 for score in self.receipts) / count, 4) if count else None,
            "f1_listed": round(sum(score.f1_listed for score in self.receipts) / count, 4) if count else None,
            "exact": round(sum(score.exact for score in self.receipts) / count, 4) if count else None,
            "wrong_per_1000": round(1000.0 * wrong / charged, 2) if charged else None,
            "review_rate": round(self.held / self.lines, 4) if self.lines else None,
            "line_delay_median_s": _quantile(self.line_delays, 50),
            "line_delay_p99_s": _quantile(self.line_delays, 99),
            "charge_delay_median_s": _quantile(self.charge_delays, 50),
            "charge_delay_p99_s": _quantile(self.charge_delays, 99),
        }


def _quantile(values: Sequence[float], percent: float) -> float | None:
    return round(float(np.percentile(values, percent)), 3) if values else None


@dataclass
class Reliability:
    """Confidences of decisions, and how often they were right.

    Attributes:
        confidences: of each decision.
        right: whether product, quantity and shopper were true.
    """

    confidences: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)

    def join(self, other: Reliability) -> None:
        """Add other decisions."""
        self.confidences += other.confidences
        self.right += other.right

    def add(self, interactions: Sequence[Interaction], handlings: Sequence[Handling], account: dict[str, str]) -> None:
        """Compare decisions with what truly happened.

        Args:
            interactions: decisions.
            handlings: the truth.
            account: by visit.
        """
        left = Counter[int]({index: item.quantity for index, item in enumerate(handlings)})
        for decision in sorted(interactions, key=lambda item: (item.start, item.id)):
            if not decision.sku:
                continue
            fitting = [
                index
                for index, item in enumerate(handlings)
                if item.kind is decision.kind
                and item.sku == decision.sku
                and item.account == account.get(decision.visit, "")
                and decision.start - _SLACK * _SECOND <= item.stamp <= decision.end + _SLACK * _SECOND
            ]
            fitting.sort(key=lambda index: abs(handlings[index].stamp - decision.end))
            self.confidences.append(decision.confidence)
            self.right.append(sum(left[index] for index in fitting) >= decision.quantity)
            needed = decision.quantity
            for index in fitting:
                used = min(needed, left[index])
                left[index] -= used
                needed -= used

    def bins(self) -> list[tuple[float, float, int]]:
        """Return (mean confidence, share that was right, count) of each tenth that has decisions."""
        confidence, right = np.array(self.confidences), np.array(self.right, dtype=float)
        which = np.minimum((confidence * BINS).astype(int), BINS - 1)
        return [
            (float(confidence[which == bin].mean()), float(right[which == bin].mean()), int((which == bin).sum()))
            for bin in range(BINS)
            if (which == bin).any()
        ]

    def error(self) -> float | None:
        """Return the expected calibration error (Guo et al. 2017), ten bins; None without decisions."""
        if not self.confidences:
            return None
        return sum(abs(mean - share) * count for mean, share, count in self.bins()) / len(self.confidences)


def is_held(state: DecisionState) -> bool:
    """Whether a line of this state waits for a person."""
    return state is not DecisionState.COMMITTED


def takes(handlings: Sequence[Handling]) -> list[Handling]:
    """Return the true takes."""
    return [item for item in handlings if item.kind is Kind.TAKE]

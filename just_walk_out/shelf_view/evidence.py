"""How far evidence may go: what is seen may come from something else than what it is asked about."""

from __future__ import annotations

import math
from collections.abc import Mapping


def allow_astray(scores: Mapping[str, float], astray: float, limit: float) -> dict[str, float]:
    """Return log-likelihoods that allow for looks which were about something else.

    With probability ``astray`` a look is as likely whatever is true: its likelihood is then the mean of all. That
    bounds how far the best gets ahead, and leaves those that are equal equal.

    Args:
        scores: log-likelihoods by name; at least one.
        astray: share of looks that are about something else.
        limit: largest absolute log-likelihood that is returned.
    """
    best = max(scores.values())
    shares = {name: math.exp(score - best) for name, score in scores.items()}
    mean = sum(shares[name] for name in sorted(shares)) / len(shares)
    mixed = {name: best + math.log((1.0 - astray) * share + astray * mean) for name, share in shares.items()}
    # the best is bounded together with the others, so that they stay as far apart as they are
    excess = max(0.0, max(mixed.values()) - limit)
    return {name: round(max(mixed[name] - excess, -limit), 4) for name in sorted(mixed)}

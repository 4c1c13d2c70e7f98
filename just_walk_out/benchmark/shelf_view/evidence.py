"""How honest what shelf cameras say is: how often, how often right, and whether it is right as often as it claims."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from just_walk_out.benchmark.shelf_view.looks import Look
from just_walk_out.simulation.watched import looks_down

Floats = NDArray[np.float64]

WHERE = (("at the ends", False), ("over the front", True))
"""Where shelf cameras hang, and whether they look down at hands there."""

_BINS = 10
_LEAST = 1e-9
QUANTILES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""At which the spread of scores is given, for models of shelf cameras that render nothing."""


def evidence(looks: Sequence[Look]) -> dict[str, Any]:
    """Return the figures of looks by where the camera hangs; see ``evidence_table``.

    Args:
        looks: at single true takes and returns.
    """
    return {where: _figures([look for look in looks if looks_down(look.camera) is down]) for where, down in WHERE}


def _figures(looks: Sequence[Look]) -> dict[str, Any]:
    several = [look for look in looks if look.person in look.near and len(look.near) > 1]
    delays = [look.delay for look in looks if not math.isnan(look.delay)]
    told = [(_posterior(look.products, sorted(look.products)), look.sku) for look in looks if look.products]
    seen = [(_posterior(look.arms, look.near), look.person) for look in several if look.arms]
    alone = [look for look in looks if look.near == (look.person,)]
    return {
        "looks": len(looks),
        "product": {"said": _share(len(told), len(looks)), **_reliability(told)},
        "arm": {
            "looks": len(several),
            "said": _share(len(seen), len(several)),
            "said_alone": _share(sum(bool(look.arms) for look in alone), len(alone)),
            **_reliability(seen),
        },
        "delay_median_s": round(float(np.median(delays)), 3) if delays else None,
        "delay_p99_s": round(float(np.percentile(delays, 99)), 3) if delays else None,
        "scores": spreads(looks),
    }


def spreads(looks: Sequence[Look]) -> dict[str, list[float]]:
    """Return how scores and delays spread, at ``QUANTILES``.

    Of the truth, and how far each of the others stays behind it; of products where the likeliest is right and where it
    is wrong, since such a look is about something else and says the same of nearly all.
    """
    names = [f"product{part}_{kind}" for part in ("", "_margin") for kind in ("right", "wrong")]
    found: dict[str, list[float]] = {name: [] for name in (*names, "arm", "arm_margin", "delay")}
    for look in looks:
        if not math.isnan(look.delay):
            found["delay"].append(look.delay)
        if look.sku in look.products:
            own = look.products[look.sku]
            others = [score for sku, score in look.products.items() if sku != look.sku]
            kind = "right" if own > max(others) else "wrong"
            found[f"product_{kind}"].append(own)
            found[f"product_margin_{kind}"] += [own - score for score in others]
        if look.arms and look.person in look.near:
            own = look.arms.get(look.person, 0.0)
            found["arm"].append(own)
            found["arm_margin"] += [own - look.arms.get(track, 0.0) for track in look.near if track != look.person]
    return {
        name: [round(float(value), 3) for value in np.quantile(part or [0.0], QUANTILES)]
        for name, part in found.items()
    }


def _posterior(scores: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Return the posterior of what scores say where all of some names are equally likely beforehand."""
    values = np.array([scores.get(name, 0.0) for name in names])
    weights = np.exp(values - values.max())
    return dict(zip(names, (weights / weights.sum()).tolist(), strict=True))


def _reliability(posteriors: Sequence[tuple[Mapping[str, float], str]]) -> dict[str, float | None]:
    """Return how often the likeliest is right, what that is by chance, log losses, and the calibration error."""
    if not posteriors:
        return dict.fromkeys(("right", "confidence", "chance", "log_loss", "log_loss_of_chance", "calibration_error"))
    best = [max(sorted(each), key=lambda name: each[name]) for each, _ in posteriors]
    right = np.array([name == truth for name, (_, truth) in zip(best, posteriors, strict=True)], dtype=np.float64)
    confidence = np.array([each[name] for name, (each, _) in zip(best, posteriors, strict=True)])
    sizes = np.array([len(each) for each, _ in posteriors], dtype=np.float64)
    losses = [-math.log(max(each.get(truth, 0.0), _LEAST)) for each, truth in posteriors]
    return {
        "right": round(float(right.mean()), 4),
        "confidence": round(float(confidence.mean()), 4),
        "chance": round(float((1.0 / sizes).mean()), 4),
        "log_loss": round(float(np.mean(losses)), 4),
        "log_loss_of_chance": round(float(np.log(sizes).mean()), 4),
        "calibration_error": calibration_error(confidence, right),
    }


def calibration_error(confidence: Floats, right: Floats) -> float:
    """Return the expected calibration error (Guo et al. 2017), bins of a tenth.

    Args:
        confidence: (n,) of what was held for likeliest.
        right: (n,) 1 where it was true, else 0.
    """
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return round(float(sum(gaps)), 4)


def evidence_table(figures: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Return figures by kind of packs and by where cameras hang as text."""
    lines = [
        f"{'packs':<21} {'cameras':<15} {'cue':<8} {'looks':>6} {'said':>7} {'right':>7} {'claimed':>8} {'chance':>7} "
        f"{'log loss':>9} "
        f"{'of chance':>9} {'ECE':>7} {'delay':>7} {'p99':>7}"
    ]
    rows = [(name, where, row) for name, part in figures.items() for where, row in part.items()]
    for name, where, row in rows:
        for cue in ("product", "arm"):
            part = row[cue]
            numbers = " ".join(
                f"{'-' if part[key] is None else format(part[key], form):>{width}}"
                for key, form, width in (
                    ("said", ".1%", 7), ("right", ".1%", 7), ("confidence", ".1%", 8),
                    ("chance", ".1%", 7), ("log_loss", ".3f", 9),
                    ("log_loss_of_chance", ".3f", 9), ("calibration_error", ".1%", 7),
                )
            )  # fmt: skip
            delays = " ".join(
                f"{'-' if row[key] is None else format(row[key], '.2f') + ' s':>7}"
                for key in ("delay_median_s", "delay_p99_s")
            )
            lines.append(f"{name:<21} {where:<15} {cue:<8} {part.get('looks', row['looks']):>6} {numbers} {delays}")
    lines.append("looks: one camera at one take or return; of arms, those where several people could reach the plate;")
    lines.append("said: share with evidence; right: the likeliest of the whole catalogue, or of the people in reach;")
    lines.append(
        "claimed, log loss, ECE: of the posterior from equal priors; delay: from the shelf event to the answer"
    )
    return "\n".join(lines)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None

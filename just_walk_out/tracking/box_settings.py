"""Settings of the tracker of one camera's boxes.

Lengths are in body heights, so that one set of values serves the floor (metres) and the picture
(pixels): a box tells how many pixels a body is long.
"""

from __future__ import annotations

from dataclasses import dataclass

from just_walk_out.settings import setting


@dataclass(frozen=True)
class BoxTrackerSettings:
    """How people are followed by their boxes; births are allowed everywhere, as no gates are known."""

    body: float = setting(1.7, "Length of a body on the floor", unit="m", minimum=0.5, maximum=2.5)
    full_score: float = setting(
        0.9,
        "What the surest detections have at least: scores of a detector that gives less are raised alike",
        minimum=0.0, maximum=1.0,
    )  # fmt: skip
    high_score: float = setting(0.65, "Detections from here on are matched first", minimum=0.0, maximum=1.0)
    low_score: float = setting(0.1, "Weakest detection that prolongs a track", minimum=0.0, maximum=1.0)
    birth_score: float = setting(0.7, "Weakest detection that starts a track", minimum=0.0, maximum=1.0)
    birth_overlap: float = setting(
        0.7, "A detection that overlaps a followed person this much is no newcomer", minimum=0.0, maximum=1.0
    )
    confirm_hits: int = setting(3, "Detections that confirm a new track", unit="hits", minimum=1)
    across: float = setting(0.06, "Standard deviation of a box, across", unit="bodies", minimum=0.001)
    upright: float = setting(0.07, "Standard deviation of a box, up and down", unit="bodies", minimum=0.001)
    score_noise: float = setting(
        10.0, "How much wider a box of score 0 lies: variances grow by this times (1 - score)^2", minimum=0.0
    )
    reference: float = setting(
        0.75, "Point of a box that is tracked in a picture: 0 its top, 1 its foot", minimum=0.0, maximum=1.0
    )
    width_spread: float = setting(0.2, "Standard deviation of the logarithm of a box's width", minimum=0.001)
    height_spread: float = setting(0.11, "Standard deviation of the logarithm of a box's height", minimum=0.001)
    size_drift: float = setting(0.08, "How fast logarithms of sizes wander", unit="1/sqrt(s)", minimum=0.0)
    acceleration: float = setting(
        0.08, "Spectral density of the walking acceleration", unit="bodies^2/s^3", minimum=0.001
    )
    velocity_memory: float = setting(3.0, "Time after which an unseen person has stopped", unit="s", minimum=0.1)
    birth_speed: float = setting(0.6, "Standard deviation of the speed of a new track", unit="bodies/s", minimum=0.01)
    gate: float = setting(16.0, "Mahalanobis gate over place and size (4 degrees of freedom)", minimum=1.0)
    weak_gate: float = setting(8.0, "The same for weak detections", minimum=1.0)
    weak_overlap: float = setting(0.5, "Least overlap of a weak detection", minimum=0.0, maximum=1.0)
    weak_time: float = setting(
        2.0, "Somebody whom only weak detections have shown for longer is not prolonged by them", unit="s", minimum=0.0
    )
    newcomer: float = setting(
        -2.0,
        "Cost (squared distance + log of volume) from which a detection is rather a newcomer than somebody followed",
        minimum=-50.0,
        maximum=50.0,
    )
    newcomer_lost: float = setting(-4.0, "The same for somebody who has been lost", minimum=-50.0, maximum=50.0)
    gone: float = setting(
        1.0, "Cost that is added for each second somebody has been lost, who may be gone", unit="1/s", minimum=0.0
    )
    overlap_bonus: float = setting(4.5, "Cost taken off a pair whose boxes coincide", minimum=0.0)
    active_time: float = setting(1.0, "A track unseen for longer is lost: it is matched last", unit="s", minimum=0.0)
    memory: float = setting(2.5, "How long a lost person is remembered", unit="s", minimum=0.0)
    tentative_timeout: float = setting(
        0.2, "A new track unseen for this time (and for one frame) is dropped", unit="s", minimum=0.0
    )
    shown_time: float = setting(0.15, "A track unseen for this time is still reported", unit="s", minimum=0.0)
    shown_score: float = setting(
        0.4, "Mean score of late below which somebody is followed, but not reported", minimum=0.0, maximum=1.0
    )
    score_memory: float = setting(1.0, "Time over which scores are averaged for this", unit="s", minimum=0.01)
    reported: float = setting(
        0.4, "Share of a detection of score 1 in the box that is reported; the rest is the estimate",
        minimum=0.0, maximum=1.0,
    )  # fmt: skip

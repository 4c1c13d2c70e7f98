"""Settings of the shelf-event stage and its algorithms."""

from __future__ import annotations

from dataclasses import dataclass

from just_walk_out.settings import setting, validate


@dataclass(frozen=True)
class ShelfEventSettings:
    """How weight steps are told from everything else that moves a shelf."""

    block: float = setting(
        0.05, "Samples are averaged over blocks of this length.", unit="s", minimum=0.005, maximum=1.0
    )
    spike: float = setting(
        0.15,
        "Least height of a single sample above both its neighbours that is a spike.",
        unit="kg",
        minimum=0.001,
        maximum=10,
    )
    minimum_change: float = setting(
        0.008, "Smallest step reported; keep it well below the lightest product.", unit="kg", minimum=0.001, maximum=1.0
    )
    light: float = setting(
        0.02,
        "Changes below this are no whole product: the rest is waited for, and where the planogram is known, needed.",
        unit="kg",
        minimum=0.0,
        maximum=1.0,
    )
    noise_floor: float = setting(
        0.0003, "Least standard deviation believed of a block.", unit="kg", minimum=0.00001, maximum=0.1
    )
    wander: float = setting(
        0.0006, "Slow deviation that a plate may show at rest.", unit="kg", minimum=0.0, maximum=0.1
    )
    creep: float = setting(0.0005, "Slope that a plate may show at rest.", unit="kg/s", minimum=0.0, maximum=0.1)
    noise_memory: float = setting(
        10.0, "Time over which the noise of a plate is estimated.", unit="s", minimum=1.0, maximum=600.0
    )
    baseline_memory: float = setting(
        2.5, "Time over which the resting weight is averaged.", unit="s", minimum=0.5, maximum=600.0
    )
    baseline_delay: float = setting(
        1.0, "Age at which a resting block joins the baseline.", unit="s", minimum=0.1, maximum=10.0
    )
    learning_time: float = setting(
        1.0, "Time at rest from which a plate that is new learns its first baseline.", unit="s", minimum=0.2, maximum=60
    )
    alarm: float = setting(
        6.0, "Departure from the baseline that starts an event, in deviations.", minimum=3.0, maximum=20.0
    )
    alarm_floor: float = setting(
        0.0025, "Least departure that starts an event.", unit="kg", minimum=0.0001, maximum=0.1
    )
    stable_time: float = setting(0.25, "Least time at rest that ends an event.", unit="s", minimum=0.05, maximum=5.0)
    brief_time: float = setting(
        0.2, "Least time at rest that ends an event far above the noise.", unit="s", minimum=0.05, maximum=5.0
    )
    pause_time: float = setting(
        0.65, "Longest pause of a hand that lifts slowly.", unit="s", minimum=0.05, maximum=10.0
    )
    doubtful_time: float = setting(
        1.6, "Time at rest that ends even a doubtful event.", unit="s", minimum=0.1, maximum=10.0
    )
    stable_noise: float = setting(
        1.9, "Deviation within a window at rest, in deviations of a block.", minimum=1.0, maximum=10.0
    )
    restless_time: float = setting(
        12.0,
        "Time without rest after which the swaying of a plate counts as its noise.",
        unit="s",
        minimum=2,
        maximum=600,
    )
    ramp_margin: float = setting(
        12.0,
        "How clearly a finished step must differ from a slow one still going on, in deviations.",
        minimum=1.0,
        maximum=20.0,
    )
    simultaneous: float = setting(
        0.04,
        "Neighbouring plates whose steps are half done within this time, and their own vagueness, make one event.",
        unit="s",
        minimum=0.0,
        maximum=5.0,
    )
    end_tolerance: float = setting(
        0.35,
        "Wait for a neighbour that moves after a step that may have been part of it.",
        unit="s",
        minimum=0.0,
        maximum=5.0,
    )
    patience: float = setting(
        2.0, "Longest wait for a neighbour that moves at the same time.", unit="s", minimum=0.0, maximum=10.0
    )
    completion_time: float = setting(
        5.0, "Longest wait for the rest of a product that left in part.", unit="s", minimum=0.0, maximum=30.0
    )
    calibration: float = setting(
        0.004, "Relative calibration error of a plate, one standard deviation.", minimum=0.0, maximum=0.1
    )
    repeatability: float = setting(
        0.001,
        "Error of a change beyond the noise of its plate, one standard deviation.",
        unit="kg",
        minimum=0.0,
        maximum=0.1,
    )
    ring_share: float = setting(
        0.0015,
        "A plate may still ring by this share of what it changed when its event is told, one standard deviation.",
        minimum=0.0,
        maximum=0.1,
    )
    second_look: float = setting(
        0.35,
        "Time at rest over which a change is measured again that fits no product well.",
        unit="s",
        minimum=0.0,
        maximum=5.0,
    )
    steady_time: float = setting(
        0.6,
        "Time without a tremor after which no hand carries a part of what has left a plate; less where noise is low.",
        unit="s",
        minimum=0.1,
        maximum=10.0,
    )
    hold_time: float = setting(
        8.0,
        "Longest wait for the end of a larger motion that began at the same time elsewhere on the shelf.",
        unit="s",
        minimum=0.0,
        maximum=30.0,
    )
    crosstalk: float = setting(
        0.15, "Largest share of the load on a plate that its neighbours feel.", minimum=0.0, maximum=0.5
    )
    neighbour_gap: float = setting(
        0.1, "Largest gap between the edges of neighbouring plates.", unit="m", minimum=0.0, maximum=1.0
    )
    detection_delay: float = setting(
        0.5, "How far the watermark of a quiet shelf stays behind its newest sample.", unit="s", minimum=0.1, maximum=10
    )
    memory: float = setting(
        6.0, "How far back the course of an event is looked at.", unit="s", minimum=2.0, maximum=60.0
    )
    output_period: float = setting(
        0.1, "Least event time between outputs without events.", unit="s", minimum=0.0, maximum=10.0
    )

    def __post_init__(self) -> None:
        """Check the ranges."""
        validate(self)

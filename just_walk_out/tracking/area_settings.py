"""Settings of the tracker of an open area: rates and densities of the place, in SI units."""

from __future__ import annotations

from dataclasses import dataclass

from just_walk_out.settings import setting


@dataclass(frozen=True)
class AreaSettings:
    """How people are followed where there are no gates: who comes and goes does so at the border of the area."""

    bias: float = setting(
        0.08, "Systematic deviation between cameras, added to each detection", unit="m", minimum=0.0, maximum=1.0
    )
    least_score: float = setting(0.3, "Weakest detection that is used", minimum=0.0, maximum=1.0)
    fusion_gate: float = setting(
        13.8, "Squared Mahalanobis distance from which two views show two people (2 degrees of freedom)", minimum=1.0
    )
    acceleration: float = setting(0.6, "Spectral density of the walking acceleration", unit="m^2/s^3", minimum=0.01)
    velocity_memory: float = setting(3.0, "Time after which an unseen person has stopped", unit="s", minimum=0.1)
    birth_speed: float = setting(1.0, "Standard deviation of the speed of somebody new", unit="m/s", minimum=0.1)
    surprise: float = setting(
        0.05, "How often somebody turns, or a picture is late, as no walking explains", minimum=1e-6, maximum=0.5
    )
    surprise_distance: float = setting(1.0, "Standard deviation of the place then", unit="m", minimum=0.1)
    gate: float = setting(25.0, "Widest squared Mahalanobis distance of a match, surprises included", minimum=1.0)
    found: float = setting(0.85, "Probability that a view shows whom it looks at", minimum=0.1, maximum=0.999)
    hidden: float = setting(
        0.02, "Least probability that nobody of those who look shows somebody (all views hidden at once)",
        minimum=1e-6, maximum=0.5,
    )  # fmt: skip
    border_speed: float = setting(
        2.0, "Who is nearer to the border than this speed leads in the time between pictures may come or go",
        unit="m/s", minimum=0.1,
    )  # fmt: skip
    arrivals: float = setting(0.012, "People who appear near the border", unit="1/m^2/s", minimum=1e-9)
    arrivals_inside: float = setting(0.002, "People who appear elsewhere", unit="1/m^2/s", minimum=1e-9)
    present: float = setting(0.1, "People who are there at the first picture", unit="1/m^2", minimum=1e-9)
    departures: float = setting(0.7, "Rate at which people near the border leave", unit="1/s", minimum=1e-6)
    departures_inside: float = setting(0.006, "Rate at which people vanish elsewhere", unit="1/s", minimum=1e-6)
    false_single: float = setting(0.006, "False observations of one view", unit="1/m^2", minimum=1e-12)
    false_pair: float = setting(1e-4, "False observations that two views share", unit="1/m^2", minimum=1e-12)
    false_more: float = setting(1e-5, "False observations that more views share", unit="1/m^2", minimum=1e-12)
    existence: float = setting(
        0.9, "Probability of existence from which somebody is reported", minimum=0.5, maximum=0.9999
    )
    given_up: float = setting(
        0.02, "Probability of existence below which a track is dropped", minimum=1e-4, maximum=0.5
    )
    memory: float = setting(5.0, "How long somebody unseen is remembered", unit="s", minimum=0.0)

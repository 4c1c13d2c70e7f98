"""Settings of the floor tracker."""

from __future__ import annotations

from dataclasses import dataclass

from just_walk_out.settings import setting


@dataclass(frozen=True)
class TrackerSettings:
    """How people are followed on the floor."""

    tick: float = setting(0.1, "Time between two published snapshots", unit="s", minimum=0.02, maximum=1.0)
    camera_timeout: float = setting(
        1.0, "A camera silent for so long is not waited for (all must send faster), one so far ahead is left out",
        unit="s", minimum=0.2, maximum=30.0,
    )  # fmt: skip
    jump_limit: float = setting(
        10.0, "A stamp so far ahead of most is not believed, unless nothing else comes for a while",
        unit="s", minimum=1.0,
    )  # fmt: skip
    acceleration: float = setting(
        0.8, "Spectral density of the walking acceleration", unit="m^2/s^3", minimum=0.01, maximum=20.0
    )
    velocity_memory: float = setting(3.0, "Time after which an unseen person has stopped", unit="s", minimum=0.1)
    birth_speed: float = setting(1.0, "Standard deviation of the speed of a new track", unit="m/s", minimum=0.1)
    bias: float = setting(
        0.08, "Systematic deviation between cameras, added to each detection", unit="m", minimum=0.0, maximum=1.0
    )
    gate: float = setting(13.8, "Mahalanobis gate: squared distance, 13.8 keeps 99.9 %", minimum=1.0, maximum=100.0)
    found: float = setting(0.9, "Probability that a camera finds somebody in its sight", minimum=0.01, maximum=0.999)
    found_behind: float = setting(0.3, "The same of somebody behind whom somebody stands", minimum=0.001, maximum=0.999)
    clutter: float = setting(
        0.003, "False and new people that a camera finds in a picture", unit="1/m^2", minimum=1e-6, maximum=10.0
    )
    gate_distance: float = setting(1.2, "A person never moves further from the prediction", unit="m", minimum=0.1)
    least_score: float = setting(0.3, "Weakest detection that is used", minimum=0.0, maximum=1.0)
    birth_score: float = setting(0.45, "Weakest detection that starts a track", minimum=0.0, maximum=1.0)
    miss_weight: float = setting(
        0.5, "Evidence a camera takes from a new track it should see and does not", unit="hits", minimum=0.0
    )
    birth_evidence: float = setting(3.0, "Evidence that confirms a new track at a gate", unit="hits", minimum=1.0)
    inside_evidence: float = setting(
        12.0, "Evidence that confirms a new track away from all gates", unit="hits", minimum=1.0
    )
    inside_time: float = setting(
        2.0, "How long a new track away from all gates must be seen before it is confirmed", unit="s", minimum=0.0
    )
    single_camera: float = setting(
        2.0, "Factor on the evidence where several cameras look but only one sees the person", minimum=1.0
    )
    tentative_timeout: float = setting(0.6, "A new track unseen for this time is dropped", unit="s", minimum=0.05)
    gate_radius: float = setting(1.0, "Who is first seen this near a gate was born there", unit="m", minimum=0.0)
    active_time: float = setting(1.0, "A track unseen for longer is only found again with care", unit="s", minimum=0.1)
    memory: float = setting(15.0, "How long a person lost inside the store is remembered", unit="s", minimum=0.5)
    walking_speed: float = setting(1.5, "How fast a lost person may have moved", unit="m/s", minimum=0.1, maximum=5.0)
    reach: float = setting(0.8, "How far from there a lost person may be found at once", unit="m", minimum=0.1)
    outside_limit: float = setting(2.2, "How far beyond the floor plan anybody is followed", unit="m", minimum=0.5)
    exit_distance: float = setting(0.4, "Beyond the floor plan by this, an unseen track is over", unit="m", minimum=0.0)
    exit_time: float = setting(0.4, "How long it must be unseen for that", unit="s", minimum=0.0)
    duplicate_distance: float = setting(
        0.5, "Two tracks this close may be one person", unit="m", minimum=0.0, maximum=2.0
    )
    duplicate_time: float = setting(0.8, "How long, before one is given up", unit="s", minimum=0.0)
    body: float = setting(
        0.35, "Middles of two people are not nearer to each other than this", unit="m", minimum=0.0, maximum=1.0
    )
    body_deviation: float = setting(0.1, "Standard deviation of that", unit="m", minimum=0.01, maximum=1.0)
    elbow_room: float = setting(
        0.4, "People nearer to each other than this may cover each other: their clothes are not learned",
        unit="m", minimum=0.0,
    )  # fmt: skip
    look_deviation: float = setting(
        0.35, "How far two sights of the same clothes are apart (Hellinger)", minimum=0.05, maximum=10.0
    )
    look_memory: float = setting(60.0, "Sights after which clothes are learned no slower", unit="sights", minimum=1.0)
    parting_sights: int = setting(
        8, "Sights of each after two people have parted from which their clothes are compared", minimum=1
    )
    parting_time: float = setting(
        3.0, "How long their clothes are compared at least; what is open then stays in doubt", unit="s", minimum=0.0
    )
    mixing_speed: float = setting(
        0.5, "How fast two people who are not surely two may have come to each other's place",
        unit="m/s", minimum=0.0, maximum=5.0,
    )  # fmt: skip
    doubt: float = setting(
        0.05, "Probability of a mistake below which it is decided who is who", minimum=0.0001, maximum=0.5
    )
    apart_frames: int = setting(
        3, "Pictures that show both of two close tracks from which they are two people", minimum=1
    )

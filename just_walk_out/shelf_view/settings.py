"""Parameters of shelf views: times, thresholds, and how much one look is worth."""

from __future__ import annotations

from dataclasses import dataclass

from just_walk_out.settings import setting


@dataclass(frozen=True)
class ShelfViewSettings:
    """When a shelf counts as clear, what counts as changed, and how far evidence may go."""

    after_wait: float = setting(
        1.5, "How long after a step a clear view of its plates is waited for", unit="s", minimum=0.1, maximum=10.0
    )
    grace: float = setting(0.4, "How much later than tracks pictures may come in", unit="s", minimum=0.0, maximum=10.0)
    motion_gap: float = setting(
        0.2, "Pictures so far apart are compared to see whether a plate is still", unit="s", minimum=0.02, maximum=2.0
    )
    motion_level: float = setting(
        14.0, "Change of brightness that counts as motion, of 255", minimum=1.0, maximum=255.0
    )
    change_level: float = setting(
        18.0, "Change of colour from before to after that counts as changed, of 255", minimum=1.0, maximum=255.0
    )
    least_pixels: int = setting(
        25, "Changed pixels below which nothing is said of products", minimum=1, maximum=1_000_000
    )
    clutter: float = setting(0.1, "Share of changed pixels that are no part of the product", minimum=0.01, maximum=0.99)
    looks: float = setting(
        10.0, "Independent looks that all changed pixels together are worth", minimum=0.1, maximum=1000.0
    )
    colour_spread: float = setting(
        20.0,
        "How constant the shares of a pack's colours are from side to side, as a number of looks at it",
        minimum=0.1,
        maximum=10_000.0,
    )
    pack_height: float = setting(0.25, "Height over a plate in which goods stand", unit="m", minimum=0.02, maximum=2.0)
    foreground_level: float = setting(
        28.0, "Difference from the empty scene that counts as a person, of 255", minimum=1.0, maximum=255.0
    )
    background_period: float = setting(
        3.0, "Time between two pictures of which the empty scene is the median", unit="s", minimum=0.1, maximum=60.0
    )
    product_astray: float = setting(
        0.2, "Share of changes that are of other goods than the step's", minimum=0.001, maximum=0.9
    )
    arm_seen: float = setting(0.85, "Chance that a point of an arm is seen as foreground", minimum=0.5, maximum=0.999)
    arm_by_chance: float = setting(
        0.15, "Chance that it is foreground though no arm is there", minimum=0.001, maximum=0.9
    )
    arm_astray: float = setting(
        0.05, "Share of arms at a plate that are there for something else than its step", minimum=0.001, maximum=0.9
    )
    arm_looks: float = setting(
        3.0, "Independent looks that all points of an arm together are worth", minimum=0.1, maximum=1000.0
    )
    posture_looks: float = setting(
        8.0, "Independent looks that a whole body, upright or bent, is worth", minimum=0.1, maximum=1000.0
    )
    bent: float = setting(
        0.05, "Chance that somebody bends one way though their hand is not at the plate", minimum=0.001, maximum=0.9
    )
    arm_stays: float = setting(
        0.3, "How much what is seen of an arm before and after a step counts against it", minimum=0.0, maximum=1.0
    )
    shoulder_height: float = setting(1.4, "Height of people's shoulders", unit="m", minimum=0.5, maximum=2.0)
    arm_reach: float = setting(
        1.2, "Distance on the floor from a plate within which people reach it", unit="m", minimum=0.3, maximum=3.0
    )
    limit: float = setting(6.0, "Largest log-likelihood that one look may give", minimum=0.1, maximum=100.0)
    memory: float = setting(12.0, "How long pictures of people are kept", unit="s", minimum=1.0, maximum=120.0)

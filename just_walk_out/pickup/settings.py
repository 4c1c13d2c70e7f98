"""Parameters of attribution: noise and priors with units."""

from __future__ import annotations

from dataclasses import dataclass

from just_walk_out.settings import setting


@dataclass(frozen=True)
class PickupSettings:
    """How sure the model is of its instruments and of people."""

    scale_sigma: float = setting(
        0.001, "Error of a weight step beyond the event's own covariance", unit="kg", minimum=0.0, maximum=0.1
    )
    scale_gain_sigma: float = setting(
        0.003, "Relative calibration error of a plate, one standard deviation", minimum=0.0, maximum=0.2
    )
    spill_sigma: float = setting(
        0.006, "Change that shows on a plate whose product was not touched", unit="kg", minimum=0.0005, maximum=0.1
    )
    stance_distance: float = setting(
        0.45, "Distance from the fixture's front at which people stand to take", unit="m", minimum=0.0, maximum=2.0
    )
    stance_sigma_across: float = setting(
        0.30, "Spread of that distance, one standard deviation", unit="m", minimum=0.05, maximum=2.0
    )
    stance_sigma_along: float = setting(
        0.30, "Spread along the shelf between a person and the place reached for", unit="m", minimum=0.05, maximum=2.0
    )
    beside_sigma: float = setting(
        0.50, "The same of a person who reaches for something from beside it", unit="m", minimum=0.05, maximum=2.0
    )
    beside_prior: float = setting(
        0.15, "Share of those who reach from beside though nobody stands in front", minimum=0.001, maximum=0.999
    )
    blocked_prior: float = setting(
        0.75, "Share of those who do so when somebody stood there before they came", minimum=0.001, maximum=0.999
    )
    blocked_distance: float = setting(
        0.45, "How near somebody stands along the shelf who keeps others from it", unit="m", minimum=0.0, maximum=2.0
    )
    still_speed: float = setting(
        0.20, "Speed of somebody who stands and takes, one standard deviation", unit="m/s", minimum=0.01, maximum=2.0
    )
    moving_prior: float = setting(0.03, "Share of those who take while they walk past", minimum=0.001, maximum=0.999)
    idle_here: float = setting(
        0.50, "Share of those who stand before a fixture and have done nothing yet", minimum=0.001, maximum=0.999
    )
    idle_left: float = setting(
        0.30, "Share of those who leave a fixture without having done anything", minimum=0.001, maximum=0.999
    )
    acted_again: float = setting(
        0.30, "Odds that somebody does one more thing at a fixture", minimum=0.001, maximum=0.999
    )
    more_units: float = setting(
        0.50, "The same of one more thing of the same plate, soon after", minimum=0.001, maximum=0.999
    )
    again_time: float = setting(
        6.0, "How soon after one thing of a plate another counts as one more", unit="s", minimum=0.0, maximum=60.0
    )
    two_hands: float = setting(
        0.10, "Odds that one person does two things at once, against two people", minimum=0.001, maximum=1.0
    )
    doubt_wait: float = setting(
        1.0,
        "How long a step that may be of several people waits for what they do next",
        unit="s",
        minimum=0.0,
        maximum=20.0,
    )
    doubt_step: float = setting(1.0, "How often it is looked at again meanwhile", unit="s", minimum=0.1, maximum=10.0)
    hand_over_prior: float = setting(
        0.10, "Prior that somebody puts back what another shopper took", minimum=0.0, maximum=0.5
    )
    nobody_sigmas: float = setting(
        3.3, "Distance at which 'nobody known took it' is as likely as the person", minimum=1.0, maximum=10.0
    )
    lead_time: float = setting(
        0.3, "How long before a step's start the taker is already at the shelf", unit="s", minimum=0.0, maximum=3.0
    )
    act_time: float = setting(
        1.5,
        "How long before the end of a step whoever did it is at the shelf, at the latest",
        unit="s",
        minimum=0.1,
        maximum=60.0,
    )
    more_units_ratio: float = setting(
        0.25, "Odds of taking one more unit of the same product at once", minimum=0.001, maximum=1.0
    )
    wrong_weight_prior: float = setting(
        0.03,
        "Share of products entered with the weight of a part or a multiple of what is sold, as a few of a hundred are",
        minimum=0.0,
        maximum=0.5,
    )
    bundle_prior: float = setting(
        0.01,
        "Share of products that people mostly take in twos, threes, fours or sixes at once",
        minimum=0.0001,
        maximum=0.5,
    )
    weight_doubt: float = setting(
        0.2,
        "Probability that a decided take was of fewer units, each a pack, from which it is corrected",
        minimum=0.01,
        maximum=0.99,
    )
    weight_suspect: float = setting(
        0.5, "Probability of another weight from which a product is reported", minimum=0.1, maximum=1.0
    )
    most_units: int = setting(12, "Most units of one product in one step", minimum=1, maximum=100)
    two_products_prior: float = setting(
        0.03, "Prior of two products of one plate in one step", minimum=0.0, maximum=0.5
    )
    overhang_prior: float = setting(
        0.10, "Prior that something stands over the edge of its plates", minimum=0.0, maximum=0.9
    )
    misplaced_prior: float = setting(
        0.01, "Prior that a plate carries something the planogram does not know of", minimum=0.0, maximum=0.5
    )
    wrong_place_prior: float = setting(
        0.15, "Prior that something is put back in a wrong place", minimum=0.0, maximum=0.9
    )
    not_held_prior: float = setting(
        0.01, "Prior that someone puts down what he is not known to hold", minimum=0.0, maximum=0.5
    )
    unknown_prior: float = setting(
        0.001, "Prior that a step is no product of the catalogue at all", minimum=0.0, maximum=0.5
    )
    plausible: float = setting(
        0.25, "Least probability of a product that still comes into question", minimum=0.0, maximum=0.5
    )
    early_confidence: float = setting(
        0.90, "Least probability that decides at once where several people are near", minimum=0.0, maximum=1.0
    )
    suspicion_count: int = setting(
        3, "How often something must not fit planogram or catalogue until that is reported", minimum=2, maximum=10
    )
    order_wait: float = setting(
        3.0,
        "How long a put-back waits for slower shelves, so that takes before it are known",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    )
    visit_wait: float = setting(
        5.0,
        "How long a step waits until a newcomer at the shelf is linked to a visit",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    )
    view_products: float = setting(
        1.0, "Weight of the log-likelihood that shelf cameras give a product, 0: none", minimum=0.0, maximum=2.0
    )
    view_arms: float = setting(
        1.0, "Weight of the log-likelihood that shelf cameras give a person's arm, 0: none", minimum=0.0, maximum=2.0
    )
    view_wait: float = setting(
        2.0,
        "How long a step waits for the shelf cameras that look at its shelf",
        unit="s",
        minimum=0.0,
        maximum=60.0,
    )
    hand_sigma: float = setting(
        0.05,
        "Distance of a wrist from where wrists are at a place of a plate, one standard deviation an axis",
        unit="m",
        minimum=0.01,
        maximum=1.0,
    )
    hand_angle: float = setting(
        0.015, "Error of the ray of a wrist, one standard deviation an axis", unit="rad", minimum=0.0, maximum=0.2
    )
    hand_spread: float = setting(
        0.70, "How far around a plate the rays of other hands pass it", unit="m", minimum=0.1, maximum=3.0
    )
    hand_beside: float = setting(
        0.30, "Share of those near whose hand is at a plate beside", minimum=0.001, maximum=0.999
    )
    hand_beside_sigma: float = setting(
        0.40, "How far beside, one standard deviation", unit="m", minimum=0.01, maximum=2.0
    )
    hand_look_time: float = setting(
        0.2, "After which another look at a hand says something new", unit="s", minimum=0.01, maximum=10.0
    )
    hand_rest_sigma: float = setting(
        0.15, "How far from beside the body hands hang, one standard deviation an axis", unit="m",
        minimum=0.01, maximum=1.0,
    )  # fmt: skip
    hand_hidden: float = setting(
        0.50,
        "Share of cameras that see one hand only, and it is not the one at the plate",
        minimum=0.01,
        maximum=0.99,
    )
    hand_wrong: float = setting(
        0.15, "Share of cameras that see two hands, and neither is the one at the plate", minimum=0.01, maximum=0.99
    )
    hand_lead_time: float = setting(
        0.3, "How long before a step's start a hand is at the plate already", unit="s", minimum=0.0, maximum=3.0
    )
    hand_limit: float = setting(
        12.0, "Most that hands say for or against a person, natural logarithm, 0: nothing", minimum=0.0, maximum=50.0
    )

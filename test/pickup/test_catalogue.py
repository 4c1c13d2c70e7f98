"""What products weigh, by what was taken of them."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from just_walk_out.journal import RECENT
from just_walk_out.pickup.catalogue import FACTORS, Catalogue, Revision, Taken, by_factor, support, surely_taken
from just_walk_out.pickup.memory import Moment
from just_walk_out.pickup.settings import PickupSettings

SETTINGS = PickupSettings()
SIGMA = 0.003
OTHERS = math.log(SETTINGS.unknown_prior / 20.0)
SECOND = 1_000_000_000


def as_of(at):
    """A step that lasts no time at a moment, nanoseconds."""
    return Moment(at, at)


def weighed(units, weight=0.3):
    """What a take says that weighs so many units of what the catalogue says."""

    def likelihood(factor, count):
        error = weight * (units - count * factor) / SIGMA
        return -0.5 * error * error - math.log(SIGMA * math.sqrt(2.0 * math.pi))

    return support(SETTINGS, "tin", OTHERS, likelihood, lambda factor: range(1, 13))


SUPPORT = {units: weighed(units) for units in (1 / 3, 0.5, 1, 2, 3, 4, 5, 6, 8, 9, 12)}


def learnt(takes, fixtures=None):
    """A catalogue that has seen takes: (units, second), all at one fixture or each at its own."""
    catalogue = Catalogue(SETTINGS)
    for number, (units, second) in enumerate(takes):
        place = fixtures[number] if fixtures else "g1"
        catalogue.note(
            place, Taken(second * SECOND, second * SECOND, f"e{second}#0", math.ceil(units), "v1", SUPPORT[units])
        )
    return catalogue


def belief(takes):
    catalogue = learnt([(units, second) for second, units in enumerate(takes)])
    return dict(zip(FACTORS, by_factor(catalogue.belief("tin", "g1", as_of(1000 * SECOND))), strict=True))


@pytest.mark.parametrize(
    ("takes", "factor"),
    [([2] * 6, 2.0), ([3] * 6, 3.0), ([2, 4, 2, 2, 6, 2], 2.0), ([0.5], 0.5), ([1 / 3], 1 / 3), ([1], 1.0)],
)
def test_takes_show_what_a_product_weighs(takes, factor):
    assert belief(takes)[factor] > 0.6


def test_twos_alone_never_make_a_pack_certain():
    assert 0.9 < belief([2] * 24)[2.0] < 0.999


@budget(max_examples=60, deadline=None)
@given(takes=st.lists(st.sampled_from([2, 3, 4, 6]), max_size=8), at=st.integers(0, 8))
def test_one_piece_by_itself_leaves_no_pack(takes, at):
    """Among a few takes of several; a dozen times two, four or six without a three is the likelier a pack."""
    found = belief([*takes[:at], 1, *takes[at:]])
    assert sum(share for factor, share in found.items() if factor > 1.0) < 0.01


@budget(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_order_in_which_takes_become_known_does_not_matter(data):
    takes = data.draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(SUPPORT)), st.integers(0, 100), st.sampled_from(["g1", "g2"])),
            unique_by=lambda take: take[1],
        )
    )
    again = data.draw(st.permutations(takes))
    found = [
        learnt([take[:2] for take in order], [take[2] for take in order]).belief("tin", "g1", as_of(90 * SECOND))
        for order in (takes, again)
    ]
    assert found[0] == found[1]


def test_what_was_taken_elsewhere_counts_once_it_is_decided_for_certain():
    catalogue = learnt([(0.5, 10)], ["g2"])
    prior = catalogue.prior
    assert catalogue.belief("tin", "g1", as_of(11 * SECOND)) == prior
    assert (
        catalogue.belief("tin", "g1", as_of(20 * SECOND)) == catalogue.belief("tin", "g2", as_of(11 * SECOND)) != prior
    )


def test_what_is_older_than_a_journal_is_read_back_counts_no_more():
    catalogue = learnt([(2, 1), (2, 2)])
    assert catalogue.belief("tin", "g1", as_of(RECENT + 3 * SECOND)) == catalogue.prior
    assert (
        catalogue.taken("g1", "tin", as_of(RECENT + 2 * SECOND))
        == catalogue.taken("g1", "tin", as_of(1000 * SECOND))[1:]
    )


@budget(max_examples=100, deadline=None)
@given(takes=st.lists(st.sampled_from(sorted(SUPPORT)), min_size=1, max_size=30), counted=st.integers(1, 12))
def test_a_take_never_counts_as_more_than_before_and_never_as_nothing(takes, counted):
    catalogue = learnt([(units, second) for second, units in enumerate(takes)])
    found = catalogue.belief("tin", "g1", as_of(1000 * SECOND))
    assert math.isclose(sum(found), 1.0)
    for taken in catalogue.taken("g1", "tin", as_of(1000 * SECOND)):
        units = surely_taken(found, taken.support.units, counted, 0.8)
        assert 1 <= units <= counted
        assert surely_taken(found, taken.support.units, units, 0.8) == units


def test_a_corrected_take_counts_as_fewer_from_then_on():
    catalogue = learnt([(4, 1), (2, 2)])
    for quantity in (2, 3):
        catalogue.revise("tin", "e1#0", Revision(3, 3, "e3#0", quantity))
    catalogue.revise("tin", "unknown", Revision(3, 3, "e3#0", 1))
    assert [taken.quantity for taken in catalogue.taken("g1", "tin", as_of(1000 * SECOND))] == [2, 2]


def test_a_store_that_trusts_its_catalogue_says_so():
    catalogue = Catalogue(dataclasses.replace(SETTINGS, wrong_weight_prior=0.0))
    for second in range(20):
        catalogue.note("g1", Taken(second, second, f"e{second}#0", 2, "v1", SUPPORT[2]))
    assert by_factor(catalogue.belief("tin", "g1", as_of(SECOND)))[0] == pytest.approx(1.0)

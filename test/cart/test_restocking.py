import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from just_walk_out.cart.restocking import Restocking
from just_walk_out.records import RestockMode
from just_walk_out.store.model import Gondola, Pose, Shelf


@pytest.fixture
def shop(store):
    return dataclasses.replace(
        store, gondolas=(Gondola("g1", Pose(), 1.0, 0.5, 1.5, (Shelf("g1/s1", Pose(), 1.0, 0.4, ()),)),)
    )


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=5),
    st.integers(0, 9),
    st.integers(0, 9),
    st.randoms(use_true_random=False),
)
def test_what_lasts_into_over_or_beyond_restocking_is_restocking_in_whatever_order_it_is_told(
    shop, modes, start, span, draws
):
    """A shelf that was not seen for a while has one step for all that happened to it meanwhile."""
    told = [RestockMode(stamp, f"{number}", "g1", active, "sam") for number, (stamp, active) in enumerate(modes)]
    draws.shuffle(told)
    restocking = Restocking(shop)
    assert all(restocking.add(mode) for mode in told) and not any(restocking.add(mode) for mode in told)
    during = any(restocking.active("g1", moment) for moment in range(start, start + span + 1))
    begun = any(start < mode.stamp <= start + span and mode.active for mode in told)
    assert restocking.covers("g1/s1", start, start + span) is (during or begun)
    assert not restocking.covers("g9/s1", start, start + span)

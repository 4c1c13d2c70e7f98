"""What counts of what steps have shown, whatever else has been told by then."""

from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from shelf_scenes import SECOND

from just_walk_out.pickup.catalogue import Support, Taken
from just_walk_out.pickup.memory import Memory, Moment, longest_wait
from just_walk_out.pickup.settings import PickupSettings

SETTINGS = PickupSettings()
MOST = 4


def taken(start, length, number):
    return Taken(start * SECOND, (start + length) * SECOND, f"e{number}#0", 1, "ada", Support("tin", (), ()))


def remembered(items):
    memory = Memory(MOST, SETTINGS)
    for item in items:
        memory.put(item)
    return memory


STEPS = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 20)), max_size=30).map(
    lambda steps: [taken(*step, number) for number, step in enumerate(steps)]
)


@budget(max_examples=150, deadline=None)
@given(items=STEPS, end=st.integers(0, 140), length=st.integers(0, 60), late=st.booleans(), data=st.data())
def test_what_must_not_count_yet_changes_nothing(items, end, length, late, data):
    moment = Moment(end * SECOND, end * SECOND if late else (end - length) * SECOND)
    order = data.draw(st.permutations(items))
    here = [each for each in items if moment.counts(each.start, each.stamp, each.id)]
    assert remembered(order).here(moment) == remembered(here).here(moment)
    assert len(remembered(order).here(moment)) == min(len(here), MOST)
    certain = [each for each in items if each.stamp + longest_wait(SETTINGS) <= moment.end]
    assert remembered(order).elsewhere(moment) == remembered(certain).elsewhere(moment)


@budget(max_examples=100, deadline=None)
@given(outer=st.tuples(st.integers(0, 9), st.integers(1, 9)), inner=st.tuples(st.integers(0, 9), st.integers(1, 9)))
def test_of_two_steps_at_most_one_counts_for_the_other(outer, inner):
    one, two = taken(*outer, 1), taken(*inner, 2)
    counted = [
        Moment(this.stamp, this.start).counts(other.start, other.stamp, other.id)
        for this, other in ((one, two), (two, one))
    ]
    assert sum(counted) <= 1
    # one after the other it is the earlier that counts
    assert counted[0] or one.start <= two.stamp
    assert counted[1] or two.start <= one.stamp


def test_a_step_counts_for_what_it_shows_itself():
    item = taken(5, 1, 1)
    assert remembered([item]).here(Moment(item.stamp, item.start, "e1")) == [item]
    assert remembered([item]).here(Moment(item.stamp, item.start)) == []


def test_memory_is_bounded_and_takes_what_has_the_same_id_for_one():
    moment = Moment(500 * 60 * SECOND, 500 * 60 * SECOND)
    memory = remembered([taken(60 * minute, 1, minute) for minute in range(500)])
    assert len(memory.here(moment)) == MOST
    assert memory.get("e0#0") is None and memory.get("e499#0") is not None
    memory.put(taken(60 * 499, 2, 499))
    assert [each.id for each in memory.here(moment)] == [f"e{each}#0" for each in range(496, 500)]

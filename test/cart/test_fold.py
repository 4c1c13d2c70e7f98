from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.cart.fold import fold
from just_walk_out.records import DecisionState, Interaction, Kind
from just_walk_out.store.model import Product

CATALOGUE = {sku: Product(sku, sku, "", 0.2, 0.005, price) for sku, price in (("apple", 50), ("bread", 320))}
COMMITTED, WAITING, REVIEW = DecisionState.COMMITTED, DecisionState.WAITING, DecisionState.REVIEW


def act(number, kind, sku="apple", quantity=1, state=COMMITTED, confidence=0.9):
    stamp = number * 1_000_000_000
    return Interaction(
        f"g1/s1@{number}/0", stamp, stamp, "g1/s1", (), kind, state, sku, quantity, "v1", "t1", confidence
    )


def take(number, **values):
    return act(number, Kind.TAKE, **values)


def give_back(number, **values):
    return act(number, Kind.RETURN, **values)


def content(*interactions):
    return {(line.sku, line.state): line.quantity for line in fold(interactions, CATALOGUE).lines}


def test_takes_add_up_by_product_and_state():
    contents = fold([take(1), take(2, quantity=2, confidence=0.7), take(3, sku="bread", state=REVIEW)], CATALOGUE)
    first, second = contents.lines
    assert (first.sku, first.quantity, first.unit_price, first.amount, first.confidence) == ("apple", 3, 50, 150, 0.7)
    assert first.evidence == ("g1/s1@1/0", "g1/s1@2/0")
    assert (second.sku, second.state) == ("bread", REVIEW)
    assert contents.total == 150


def test_a_return_removes_units_certain_ones_first():
    assert content(take(1), take(2, state=REVIEW), give_back(3)) == {("apple", REVIEW): 1}
    assert content(take(1), take(2, state=REVIEW), give_back(3, quantity=2)) == {}


def test_an_uncertain_return_makes_units_uncertain():
    assert content(take(1, quantity=3), give_back(2, state=REVIEW)) == {("apple", COMMITTED): 2, ("apple", REVIEW): 1}
    assert content(take(1, state=REVIEW), give_back(2, state=WAITING)) == {("apple", REVIEW): 1}


def test_a_return_of_what_is_not_there_changes_nothing_and_is_named():
    contents = fold([take(1), give_back(2, sku="bread"), give_back(3, quantity=2)], CATALOGUE)
    assert contents.lines == ()
    assert contents.unmatched == ("g1/s1@2/0", "g1/s1@3/0")
    uncertain = fold([take(1), give_back(3, quantity=2, state=REVIEW)], CATALOGUE)
    assert uncertain.unmatched == ("g1/s1@3/0",)


interactions = st.lists(
    st.builds(
        act,
        st.integers(0, 8),
        st.sampled_from(Kind),
        sku=st.sampled_from(sorted(CATALOGUE)),
        quantity=st.integers(1, 4),
        state=st.sampled_from(DecisionState),
        confidence=st.floats(0, 1),
    ),
    max_size=12,
    unique_by=lambda interaction: interaction.id,
)


@given(interactions)
def test_quantities_are_positive_and_the_total_is_that_of_committed_lines(acts):
    contents = fold(acts, CATALOGUE)
    assert all(line.quantity >= 1 and line.amount == line.quantity * line.unit_price for line in contents.lines)
    assert contents.total == sum(line.amount for line in contents.lines if line.state is COMMITTED) >= 0
    taken = sum(each.quantity for each in acts if each.kind is Kind.TAKE)
    assert sum(line.quantity for line in contents.lines) <= taken


@given(interactions, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(acts, draws):
    shuffled = list(acts)
    draws.shuffle(shuffled)
    assert fold(shuffled, CATALOGUE) == fold(acts, CATALOGUE)


@given(interactions)
def test_units_are_neither_made_nor_lost_by_uncertain_returns(acts):
    only_uncertain = [each for each in acts if each.kind is Kind.TAKE or each.state is not COMMITTED]
    taken = sum(each.quantity for each in only_uncertain if each.kind is Kind.TAKE)
    assert sum(line.quantity for line in fold(only_uncertain, CATALOGUE).lines) == taken

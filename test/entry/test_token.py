import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.entry.token import PREFIX, Claims, issue, verify
from just_walk_out.records import EntryResult

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = (Ed25519PrivateKey.generate().public_key(), KEY.public_key())
SECOND = 1_000_000_000
names = st.text(min_size=1, max_size=40).filter(
    lambda name: all(not 0xD800 <= ord(character) <= 0xDFFF for character in name)
)


def token(**changes):
    values = {"store": "corner", "account": "ann", "not_before": 100, "expires": 200, "nonce": bytes(8)} | changes
    return issue(KEY, **values)


@given(names, names, st.integers(1, 127), st.booleans(), st.integers(0, 2**31), st.integers(1, 2**30))
def test_what_is_issued_is_accepted_while_valid(store, account, admits, staff, start, length):
    text = issue(
        KEY, store=store, account=account, admits=admits, staff=staff, not_before=start, expires=start + length
    )
    for stamp, expected in (
        (start * SECOND, EntryResult.ACCEPTED),
        ((start + length) * SECOND - 1, EntryResult.ACCEPTED),
        (start * SECOND - 1, EntryResult.NOT_YET_VALID),
        ((start + length) * SECOND, EntryResult.EXPIRED),
    ):
        result, claims, reason = verify(text, KEYS, store, stamp)
        assert result is expected
        assert claims is not None and (claims.store, claims.account) == (store, account)
        assert (claims.admits, claims.staff) == (admits, staff)
        assert bool(reason) == (expected is not EntryResult.ACCEPTED)


@given(st.text() | st.text().map(lambda text: PREFIX + text) | st.text("ABCDEFGHIJ234567").map(lambda t: PREFIX + t))
def test_no_text_raises_or_is_accepted(text):
    result, claims, _ = verify(text, KEYS, "corner", 150 * SECOND)
    assert result in (EntryResult.MALFORMED, EntryResult.FORGED)
    assert claims is None


@given(st.data())
def test_any_changed_character_is_refused(data):
    text = token()
    place = data.draw(st.integers(0, len(text) - 1))
    bit = data.draw(st.integers(0, 6))
    changed = text[:place] + chr(ord(text[place]) ^ 1 << bit) + text[place + 1 :]
    result, claims, _ = verify(changed, KEYS, "corner", 150 * SECOND)
    assert result in (EntryResult.MALFORMED, EntryResult.FORGED)
    assert claims is None


def test_a_token_of_another_issuer_is_forged():
    assert verify(token(), KEYS[:1], "corner", 150 * SECOND)[0] is EntryResult.FORGED


def test_a_token_for_another_store_is_refused_with_its_account_known():
    result, claims, reason = verify(token(store="harbour"), KEYS, "corner", 150 * SECOND)
    assert result is EntryResult.WRONG_STORE
    assert claims == Claims("00" * 8, "harbour", "ann", 1, False, 100, 200)
    assert "harbour" in reason


def test_a_token_fits_a_small_code():
    text = token(store="demo_store", account="account-000001")
    # Version 8 at error correction M holds 221 alphanumeric characters (ISO/IEC 18004, table 7).
    assert len(text) <= 221
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


@pytest.mark.parametrize(
    "changes", [{"admits": 0}, {"admits": 128}, {"expires": 100}, {"account": ""}, {"account": "x" * 256}]
)
def test_values_that_do_not_fit_are_named(changes):
    with pytest.raises(ValueError, match=r"admits|validity|account"):
        token(**changes)

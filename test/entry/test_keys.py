import stat

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from just_walk_out.entry.keys import create_key, load_key, parse_public, public_text


def test_a_key_written_is_read_again_and_only_its_owner_may(tmp_path):
    path = tmp_path / "keys" / "issuer.pem"
    key = create_key(path)
    assert public_text(load_key(path)) == public_text(key)
    assert public_text(parse_public(public_text(key))) == public_text(key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(tmp_path):
    create_key(tmp_path / "issuer.pem")
    with pytest.raises(FileExistsError):
        create_key(tmp_path / "issuer.pem")


def test_a_bad_key_file_is_named(tmp_path):
    path = tmp_path / "issuer.pem"
    with pytest.raises(ValueError, match=r"issuer\.pem"):
        load_key(path)
    path.write_text("not a key")
    with pytest.raises(ValueError, match=r"issuer\.pem"):
        load_key(path)
    other = X25519PrivateKey.generate()
    path.write_bytes(
        other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with pytest.raises(ValueError, match="Ed25519"):
        load_key(path)


@pytest.mark.parametrize("text", ["", "####", "c2hvcnQ="])
def test_a_bad_public_key_is_refused(text):
    with pytest.raises(ValueError, match="public key"):
        parse_public(text)

import argparse
from pathlib import Path

import cv2
import pytest

from just_walk_out.cli import token as command
from just_walk_out.entry.keys import load_key, parse_publics, public_text
from just_walk_out.entry.qr import CodeReader
from just_walk_out.entry.token import verify
from just_walk_out.records import EntryResult
from just_walk_out.store.load import load_store

DEMO = Path(__file__).parents[2] / "config" / "demo_store"
KEY = DEMO / "demo_private_key.pem"


def run(*arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(argument) for argument in arguments]))


def test_a_token_is_printed_and_its_picture_can_be_read(tmp_path, capsys):
    picture = tmp_path / "code.png"
    options = ("--account", "ann", "--admits", 3, "--staff", "--png", picture)
    assert run(DEMO, "--key", KEY, *options) == 0
    text = capsys.readouterr().out.splitlines()[0]
    assert CodeReader().read(cv2.imread(str(picture)), 0) == [text]
    store = load_store(DEMO)
    _, claims, _ = verify(text, parse_publics(store.entry.public_keys), store.id, 0)
    assert claims is not None
    assert (claims.account, claims.admits, claims.staff, claims.expires - claims.not_before) == ("ann", 3, True, 900)
    accepted, _, _ = verify(text, parse_publics(store.entry.public_keys), store.id, claims.not_before * 10**9)
    assert accepted is EntryResult.ACCEPTED


def test_a_new_key_prints_the_line_for_the_store_description_and_is_never_overwritten(tmp_path, capsys):
    path = tmp_path / "issuer.pem"
    assert run("--new-key", path) == 0
    assert public_text(load_key(path)) in capsys.readouterr().out
    assert run("--new-key", path) == 1
    error = capsys.readouterr().err
    assert "issuer.pem" in error and "never overwritten" in error and "Errno" not in error


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((DEMO, "--account", "ann"), "--key"),
        ((DEMO, "--key", "missing.pem", "--account", "ann"), "missing.pem"),
        ((DEMO, "--key", KEY, "--account", "ann", "--admits", "0"), "admits"),
        ((DEMO, "--key", KEY, "--account", "ann", "--valid-for", "0"), "--valid-for"),
        ((DEMO, "--key", KEY, "--account", "ann", "--text", "--png", "none/code.png"), "none/code.png: no such file"),
        (("no_such_store", "--key", KEY, "--account", "ann"), "no_such_store"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, named, capsys):
    assert run(*arguments) == 1
    error = capsys.readouterr().err
    assert named in error and error.count("\n") == 1


def test_a_key_the_store_does_not_trust_issues_nothing(tmp_path, capsys):
    run("--new-key", tmp_path / "other.pem")
    capsys.readouterr()
    assert run(DEMO, "--key", tmp_path / "other.pem", "--account", "ann") == 1
    captured = capsys.readouterr()
    assert captured.out == "" and "public_keys" in captured.err

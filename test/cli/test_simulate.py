"""What ``jwo simulate`` refuses, and how ``jwo up`` finds it."""

import pytest

from just_walk_out.cli.main import main
from just_walk_out.simulation.endpoints import ready_port, say_ready


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "tokens.json: no such file or directory"),
        ("{", "tokens.json: expected a JSON object of shopper ids and codes, it is no JSON"),
        ("[1]", "tokens.json: expected a JSON object of shopper ids and codes, got list"),
    ],
)
def test_codes_that_cannot_be_read_are_refused_in_one_line(content, says, demo_path, tmp_path, capsys):
    tokens = tmp_path / "tokens.json"
    if content is not None:
        tokens.write_text(content)
    options = ["--scenario", "plain", "--run-dir", str(tmp_path / "run"), "--tokens", str(tokens)]
    assert main(["simulate", str(demo_path), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("jwo simulate: ") and says in line and not (tmp_path / "run").exists()


def test_codes_from_a_file_and_such_to_be_signed_are_not_taken_together(demo_path, tmp_path, capsys):
    options = ["--scenario", "plain", "--run-dir", str(tmp_path / "run")]
    options += ["--tokens", str(tmp_path / "none"), "--key", str(demo_path / "demo_private_key.pem")]
    assert main(["simulate", str(demo_path), *options]) == 2
    assert capsys.readouterr().err == "jwo simulate: expected --key or --tokens, got both\n"


@pytest.mark.parametrize("content", [None, "", "no number"])
def test_simulated_devices_that_are_not_up_are_refused_in_one_line(content, demo_path, tmp_path, capsys):
    if content is not None:
        (tmp_path / "ready").write_text(content)
    assert main(["up", str(demo_path), "--simulated", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"jwo up: --simulated: {tmp_path}: expected the run folder of a jwo simulate that is up")


def test_a_simulation_that_is_up_leaves_where_its_cameras_are(tmp_path):
    say_ready(tmp_path, 8812)
    assert ready_port(tmp_path) == 8812 and [file.name for file in tmp_path.iterdir()] == ["ready"]

"""A scenario becomes a bag of its sensors, the same one always."""

import hashlib
import json

import pytest

from just_walk_out.cli.main import main
from just_walk_out.records import PersonDetectionArray, ShelfWeights
from just_walk_out.replay.bag import read_records, read_store


def digest(bag):
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(bag.iterdir())]


def test_a_rehearsal_holds_every_sensor_and_is_the_same_on_every_run(tmp_path, demo_store, capsys):
    bags = [tmp_path / folder / "bag" for folder in ("one", "two")]
    for bag in bags:
        truth = bag.parent / "truth.jsonl"
        options = ["--longest", "0.5", "--namespace", "/shop/", "--truth", str(truth)]
        assert main(["rehearse", "plain", str(bag), *options]) == 0
        (line,) = capsys.readouterr().out.splitlines()
        assert str(bag) in line and "messages" in line
        assert all(json.loads(line)["kind"] for line in truth.read_text().splitlines())
    assert digest(bags[0]) == digest(bags[1])
    records = [record for _, record in read_records(bags[0])]
    assert {record.shelf for record in records if isinstance(record, ShelfWeights)} == set(demo_store.shelf)
    looking = {camera.id for camera in demo_store.cameras if camera.role == "overview"}
    assert {record.camera for record in records if isinstance(record, PersonDetectionArray)} == looking
    assert read_store(bags[0]).id == demo_store.id


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["party", "bag"], "expected a file, or one of"),
        (["plain", "."], "exists already"),
        (["plain", "bag", "--key", "nothing.pem"], "nothing.pem"),
        (["plain", "bag", "--store", "nothing"], "nothing"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_no_bag(arguments, part, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["rehearse", *arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert part in line
    assert list(tmp_path.iterdir()) == []

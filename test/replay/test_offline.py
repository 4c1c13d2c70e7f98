"""A bag gives the same receipts always."""

import json
import random

import pytest

from just_walk_out.checkout.receipt import receipt_line
from just_walk_out.cli.main import main
from just_walk_out.records import Charge
from just_walk_out.replay.bag import BagError, BagWriter, read_records, read_store
from just_walk_out.replay.offline import replay
from just_walk_out.replay.pipeline import Pipeline, stages_of
from just_walk_out.store.store_map_node import public_description

EXPECTED = {
    "ada": {"cola_can": 1},
    "ben": {"chocolate_dark": 1, "tortilla_chips": 2},
    "cleo": {"honey": 1},
}


@pytest.fixture(scope="module")
def receipts(plain_bag):
    return [receipt_line(charge) for charge in replay(plain_bag)]


def test_each_shopper_is_charged_what_he_took(receipts):
    values = [json.loads(line) for line in receipts]
    found = {v["account"]: {line["sku"]: line["quantity"] for line in v["lines"]} for v in values}
    assert found == EXPECTED
    assert all(v["status"] == "charged" and v["currency"] == "EUR" for v in values)
    assert list(values[0]) == ["visit", "account", "entered", "exited", "lines", "total", "currency", "status"]


def test_the_command_prints_the_same_bytes_on_every_run(plain_bag, receipts, capsys):
    for _ in range(2):
        assert main(["replay", str(plain_bag)]) == 0
        assert capsys.readouterr().out.splitlines() == receipts


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_streams_within_a_tenth_of_a_second_does_not_matter(plain_bag, demo_store, receipts, seed):
    """Messages of different topics may overtake each other; those of one topic do not."""
    mixed = random.Random(seed)
    delay = {}
    rows = []
    for number, (stamp, record) in enumerate(read_records(plain_bag)):
        stream = (type(record), getattr(record, "camera", ""))
        late = stamp + mixed.randrange(100_000_000)
        delay[stream] = max(delay.get(stream, 0), late)
        rows.append((delay[stream], number, record))
    pipeline = Pipeline(stages_of(demo_store))
    outputs = [output for _, _, record in sorted(rows, key=lambda row: row[:2]) for output in pipeline.push(record)]
    assert sorted(receipt_line(each) for each in outputs if isinstance(each, Charge)) == sorted(receipts)


def test_a_bag_carries_its_store(plain_bag, demo_store):
    assert public_description(read_store(plain_bag)) == public_description(demo_store)
    assert "change-me" not in public_description(demo_store)


def test_what_is_no_bag_is_said_in_one_line(tmp_path, capsys):
    assert main(["replay", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    (tmp_path / "metadata.yaml").write_text("nonsense: [")
    with pytest.raises(BagError, match="cannot be read"):
        list(replay(tmp_path))


def test_a_bag_is_never_overwritten(tmp_path):
    with pytest.raises(BagError, match="exists already"):
        BagWriter(tmp_path)


def test_an_independent_reader_understands_the_bag(plain_bag):
    reader = pytest.importorskip("mcap_ros2.reader", reason="mcap-ros2-support is not installed")
    (file,) = plain_bag.glob("*.mcap")
    shelves = {message.ros_msg.shelf for message in reader.read_ros2_messages(file, topics=["/demo/shelf_weights"])}
    assert len(shelves) == 15

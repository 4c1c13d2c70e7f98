"""What the README and the chapters in docs/ promise."""

import ast
import dataclasses
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest
import yaml

from just_walk_out.checkout.receipt import receipt
from just_walk_out.cli.benchmark import BENCHMARKS
from just_walk_out.cli.calibrate import CAMERAS, PLATES
from just_walk_out.cli.main import VERBS
from just_walk_out.records import Charge, ChargeState, PlateStatus
from just_walk_out.replay.pipeline import stages_of
from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.scale.protocols.board import BoardParser
from just_walk_out.simulation.devices import make_devices
from just_walk_out.store import schema
from just_walk_out.store.bus import ProtocolName
from just_walk_out.store.load import load_store
from just_walk_out.topics import BY_RECORD, TOPICS

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
TEXT = "\n".join(page.read_text() for page in PAGES)
NODES = sorted(path.stem.removesuffix("_node") for path in (ROOT / "just_walk_out").glob("*/*_node.py"))


def anchors(page):
    """The anchors that a renderer makes of the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", page.read_text()):
        found = (page.parent / target).resolve() if target else page
        assert found.is_file(), target
        assert not anchor or anchor in anchors(found), f"{target}#{anchor}"


def test_every_chapter_is_linked_from_the_readme():
    text = PAGES[0].read_text()
    assert [page.name for page in PAGES[1:] if f"](docs/{page.name})" not in text] == []


def test_the_example_frame_is_what_the_text_says():
    (line,) = re.findall(r"^on the line:\n((?:[0-9a-f]{2} )+00)$", TEXT, re.MULTILINE)
    parser = BoardParser()
    (frame,) = parser.feed(bytes.fromhex(line))
    assert (frame.board, frame.sequence, frame.time_us, frame.period_us) == (11, 7, 1_000_000, 16667)
    assert frame.counts.tolist() == [[1000], [1001]] and frame.status.tolist() == [0]
    assert parser.counts.framing_errors == parser.counts.crc_errors == 0


def test_the_example_frame_follows_from_its_payload_as_the_text_explains():
    payload, crc, line = (
        bytes.fromhex(re.search(rf"^{name}\s+((?:[0-9a-f]{{2}} ?)+)$", TEXT, re.MULTILINE)[1])
        for name in ("payload", "crc", "on the line:")
    )

    def checksum(data: bytes) -> int:
        value = 0xFFFF
        for byte in data:
            value ^= byte << 8
            for _ in range(8):
                value = (value << 1 ^ (0x1021 if value & 0x8000 else 0)) & 0xFFFF
        return value

    assert checksum(b"123456789") == 0x29B1
    assert checksum(payload).to_bytes(2, "little") == crc
    parts = (payload + crc).split(b"\0")
    assert b"".join(bytes([len(part) + 1]) + part for part in parts) + b"\0" == line


def test_the_examples_of_scales_are_valid_and_mean_what_the_text_says(tmp_path):
    section = (ROOT / "docs" / "scales.md").read_text()
    buses = [
        bus for block in re.findall(r"^```yaml\n(.*?)^```$", section, re.M | re.S) for bus in yaml.safe_load(block)
    ]
    store = tmp_path / "store"
    shutil.copytree(ROOT / "config" / "demo_store", store)
    (store / "buses.yaml").write_text(yaml.safe_dump({"buses": buses}))
    loaded = load_store(store)
    cells, honey, fruit, bottles = loaded.buses
    assert {bus.protocol for bus in loaded.buses} == set(get_args(ProtocolName))
    assert [channel.channel for channel in cells.channels] == [0, 1, 3]
    assert (honey.reading.polled, honey.framing.bits) == (False, 10)
    line = len("ST,NT,+0012.34kg\r\n")
    assert f"a line alone takes {1000 * line * fruit.framing.bits / fruit.baudrate:.0f} ms" in section
    assert bottles.registers.points == ((1, 8), (2, 8), (3, 8), (3, 12))
    assert [channel.scale for channel in bottles.channels] == [0.001, 0.001, 0.001, 0.0001]
    assert all(f"| `{name}` |" in section for name in get_args(ProtocolName))
    for bus in loaded.buses:
        statuses = weigh(loaded, bus, seconds=4.0)
        assert statuses and {status for each in statuses[-5:] for status in each} == {PlateStatus.OK}, bus.id


def weigh(store, bus, seconds):
    """Let a bus talk with the simulated devices that its description asks for; the statuses of its plates."""
    devices, driver = make_devices(store, bus, "quiet", 1), LoadCellDriver(bus, store)
    plates = [channel.plate for channel in bus.channels]
    world = SimpleNamespace(handlings=[], initial_weight=dict.fromkeys(plates, 1.0))
    found = []
    for tick in range(round(seconds * 500)):
        now, stamp = tick / 500, 1_700_000_000_000_000_000 + tick * 2_000_000
        found += [batch.status for batch in driver.feed(stamp, devices.advance(now, world, None))]
        devices.hear(driver.poll(stamp).data, now)
    assert driver.take_notices() == []
    return found


def test_topics_are_those_of_the_code():
    rows = re.findall(r"^\| `(\S+)` \| (\w+) \| (sensor|event|snapshot) \| (.+) \|$", TEXT, re.MULTILINE)
    assert rows == [(topic.name, topic.record.__name__, topic.quality, topic.text) for topic in TOPICS]


def test_the_picture_of_the_graph_is_that_of_the_stages():
    drawn = set(re.findall(r"^  (\w+) -- (\w+) --> (\w+)$", TEXT, re.MULTILINE))
    names = {
        "ShelfEventStage": "shelf_events",
        "TrackerStage": "person_tracker",
        "GateStage": "gate",
        "EntryStage": "entry",
        "PickupStage": "pickup_detector",
        "CartStage": "cart_aggregator",
        "CheckoutStage": "checkout",
        "StockStage": "stock_keeper",
    }
    stages = {names[type(stage).__name__]: stage for stage in stages_of(load_store(ROOT / "config" / "demo_store"))}
    makers = {"PersonDetectionArray": "camera", "ShelfWeights": "load_cells", "CodeScan": "entry"}
    makers["ShelfObservationArray"] = "shelf_view"
    makers |= {kind.__name__: name for name, stage in stages.items() for kind in stage.outputs if kind in BY_RECORD}
    edges = {
        (makers[kind.__name__], BY_RECORD[kind].name.rpartition("/")[2], name)
        for name, stage in stages.items()
        for kind in stage.inputs
    }
    seeing = {("shelf_events", "shelf_events", "shelf_view"), ("person_tracker", "tracks", "shelf_view")}
    assert drawn == edges | seeing | {("camera", "images", "entry")}


def test_every_verb_and_option_exists(capsys):
    from just_walk_out.cli.main import main

    used = re.findall(r"\bjwo ([a-z]+)([^`#\n]*)", TEXT)
    assert {verb for verb, _ in used} <= set(VERBS)
    for verb, rest in used:
        parts = {"benchmark": BENCHMARKS, "calibrate": (*PLATES, *CAMERAS), "train": ("products",)}.get(verb, ())
        part = [word for word in rest.split()[:1] if word in parts]
        with pytest.raises(SystemExit):
            main([verb, *part, "--help"])
        assert set(re.findall(r"--[a-z-]+", rest)) <= set(re.findall(r"--[a-z-]+", capsys.readouterr().out)), verb


def test_every_node_is_in_the_table_and_every_executable_exists():
    rows = [line for line in TEXT.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert set(NODES) <= named
    assert set(re.findall(r"\bjwo_(\w+)", TEXT)) <= set(NODES)


def test_every_key_of_a_store_is_named():
    section = (ROOT / "docs" / "configuration.md").read_text()
    named = set(re.findall(r"`(\w+)`", section)) | set(re.findall(r"`(\w+):", section))
    documents = [kind for name, kind in vars(schema).items() if name.endswith("Doc")]
    keys = {item.name for kind in documents for item in dataclasses.fields(kind)} - {"at"}
    assert keys <= named, sorted(keys - named)


def test_launch_arguments_are_those_of_the_launch_files():
    for path in (ROOT / "launch").glob("*.launch.py"):
        (assigned,) = (
            node.value
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.Assign) and node.targets[0].id == "ARGUMENTS"
        )
        names = ", ".join(f"`{key.value}`" for key in assigned.keys)
        assert f"| `{path.name}` | {names} |" in TEXT


def test_the_example_receipt_has_the_keys_of_a_receipt():
    (line,) = re.findall(r'^\{"visit".*\}$', TEXT, re.MULTILINE)
    values = {"stamp": 0, "id": "v/1", "visit": "v", "account": "ada", "state": ChargeState.EMPTY, "lines": ()}
    needed = [item for item in dataclasses.fields(Charge) if item.default is dataclasses.MISSING]
    charge = Charge(**{item.name: values.get(item.name, "" if item.type == "str" else 0) for item in needed})
    assert list(json.loads(line)) == list(receipt(charge))


def test_the_rviz_view_has_standard_displays_and_relative_topics_only():
    view = yaml.safe_load((ROOT / "config" / "store.rviz").read_text())
    classes, topics = [], []

    def walk(value):
        if isinstance(value, dict):
            classes.extend(value[key] for key in ("Class",) if value.get(key))
            topics.extend([value["Topic"]["Value"]] if "Topic" in value else [])
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)

    walk(view)
    assert classes and all(name.split("/")[0] in ("rviz_common", "rviz_default_plugins") for name in classes)
    assert {"store_markers", "markers"} <= set(topics) and not any(topic.startswith("/") for topic in topics)
    assert view["Visualization Manager"]["Global Options"]["Fixed Frame"] == "map"

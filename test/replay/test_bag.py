import shutil
from dataclasses import replace

import numpy as np
import pytest

import just_walk_out.replay.bag as bag_module
from just_walk_out.records import (
    Alert,
    CodeScan,
    Hand,
    PersonDetection,
    PersonDetectionArray,
    PlateStatus,
    Severity,
    ShelfWeights,
    to_dict,
)
from just_walk_out.replay.bag import (
    BagError,
    BagWriter,
    bag_span,
    raw_messages,
    read_records,
    read_store,
    topic_pattern,
    typestore,
)
from just_walk_out.resources import share
from just_walk_out.ros.conversions import from_message, message_class, to_message

serialization = pytest.importorskip("rclpy.serialization", reason="ROS is not installed")
WEIGHTS = ShelfWeights(
    1_000_000_007,
    "g1/s1",
    "bus_1",
    3,
    0,
    16_666_667,
    ("g1/s1/p1", "g1/s1/p2"),
    (PlateStatus.OK, PlateStatus.STALE),
    np.arange(12, dtype=np.float32) / 8,
)


def write(path, rows):
    bag = BagWriter(path)
    for stamp, topic, record in rows:
        assert bag.add(topic, f"just_walk_out/msg/{type(record).__name__}")
        bag.write(topic, stamp, serialization.serialize_message(to_message(record)))
    bag.close()
    return path


@pytest.fixture
def bag(tmp_path):
    rows = [(100 + n, "/shop/code_scans", CodeScan(n, "entry_1", f"code {n}")) for n in range(50)]
    return write(tmp_path / "bag", rows)


def test_records_come_back_as_they_were_written(tmp_path):
    scan, alert = CodeScan(5, "entry_1", "JWO1.ü"), Alert(6, "a", Severity.ERROR, "kind", "source", "text")
    path = write(
        tmp_path / "b", [(10, "/s/shelf_weights", WEIGHTS), (11, "/s/code_scans", scan), (12, "/alerts", alert)]
    )
    (first, weights), *rest = read_records(path, sensors_only=False)
    assert first == 10
    assert to_dict(weights) == to_dict(WEIGHTS)
    assert rest == [(11, scan), (12, alert)]
    assert [record for _, record in read_records(path)][1:] == [scan]
    assert bag_span(path) == pytest.approx(2e-9, abs=1e-8)


def test_an_independent_reader_finds_definitions_and_values_inside(tmp_path):
    reader = pytest.importorskip("mcap_ros2.reader", reason="mcap-ros2-support is not installed")
    path = write(tmp_path / "b", [(10, "/s/shelf_weights", WEIGHTS)])
    (message,) = reader.read_ros2_messages(path / "b.mcap")
    assert message.ros_msg.shelf == "g1/s1"
    assert list(message.ros_msg.plates) == list(WEIGHTS.plates)
    assert list(message.ros_msg.weights) == WEIGHTS.weights.tolist()


def test_equal_stamps_come_by_topic_and_then_as_written(tmp_path):
    scans = [CodeScan(n, "entry_1", str(n)) for n in range(4)]
    topics = ["/b/code_scans", "/a/code_scans", "/b/code_scans", "/a/code_scans"]
    path = write(tmp_path / "b", [(10, topic, scan) for topic, scan in zip(topics, scans, strict=True)])
    assert [record.code for _, record in read_records(path)] == ["1", "3", "0", "2"]


def test_raw_messages_are_the_bytes_that_were_written(bag):
    messages = list(raw_messages(bag))
    assert len(messages) == 50
    assert messages[0].type == "just_walk_out/msg/CodeScan"
    assert messages[7].data == serialization.serialize_message(to_message(CodeScan(7, "entry_1", "code 7")))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("/demo/camera/c1/detections", "camera/{camera}/detections"),
        ("/tracks", "tracks"),
        ("/a/b/charges", "charges"),
        ("/rosout", None),
        ("/camera/detections", None),
    ],
)
def test_topics_are_known_in_any_namespace(name, found):
    topic = topic_pattern(name)
    assert (topic and topic.name) == found


def one_line(error):
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_missing_bag_is_named(tmp_path):
    with pytest.raises(BagError, match="no such bag") as error:
        read_store(tmp_path / "nothing")
    assert "nothing" in one_line(error)


def test_a_folder_that_is_no_bag_is_named(tmp_path):
    with pytest.raises(BagError, match=r"metadata\.yaml"):
        list(read_records(tmp_path))


def test_a_bag_without_a_store_asks_for_one(bag):
    with pytest.raises(BagError, match="--store"):
        read_store(bag)


@pytest.mark.parametrize("damage", ["cut", "garbled", "empty", "gone"])
def test_a_damaged_file_is_one_clear_error(bag, tmp_path, damage):
    path = shutil.copytree(bag, tmp_path / "damaged")
    (file,) = path.glob("*.mcap")
    data = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "garbled":
        data[60 : len(data) - 200] = bytes(len(data) - 260)
        file.write_bytes(data)
    elif damage == "empty":
        file.write_bytes(b"")
    else:
        file.unlink()
    with pytest.raises(BagError) as error:
        list(read_records(path))
    assert str(path) in one_line(error)


def test_a_type_nobody_knows_is_refused(tmp_path):
    bag = BagWriter(tmp_path / "b")
    assert not bag.add("/x", "unknown_msgs/msg/Thing")
    assert bag.add("/y", "std_msgs/msg/String", latched=True)
    bag.close()


def test_a_bag_from_before_a_field_was_added_is_read_and_played_as_if_it_were_new(tmp_path, monkeypatch):
    hand = Hand(3.0, 4.0, 0.5, (0.0, 0.0, -1.0))
    person = PersonDetection(1.0, 2.0, (0.1, 0.0, 0.2), 0.75, (1.0, 2.0, 3.0, 4.0), (hand,), bytes(range(56)))
    now = PersonDetectionArray(7, "cam_ne", (person, replace(person, x=5.0)))
    then = tmp_path / "share" / "msg"
    then.mkdir(parents=True)
    for path in (share() / "msg").glob("*.msg"):
        kept = [line for line in path.read_text().splitlines() if not line.startswith(("Hand[]", "uint8[] appearance"))]
        # a field that today's messages do not have is left out
        kept += ["uint8 shoe_size"] if path.stem == "PersonDetection" else []
        (then / path.name).write_text("\n".join(kept) + "\n")
    new, topic, kind = typestore(), "/s/camera/cam_ne/detections", "just_walk_out/msg/PersonDetectionArray"
    with monkeypatch.context() as patch:
        patch.setattr(bag_module, "share", lambda: tmp_path / "share")
        old, writer = typestore(), BagWriter(tmp_path / "old")
    data = serialization.serialize_message(to_message(now))
    message = new.deserialize_cdr(data, kind)
    detection = old.types["just_walk_out/msg/PersonDetection"]
    people = [
        detection(x=each.x, y=each.y, covariance=each.covariance, score=each.score, box=each.box, shoe_size=43)
        for each in message.detections
    ]
    writer.add(topic, kind)
    earlier = old.types[kind](header=message.header, camera=message.camera, detections=people)
    writer.write(topic, 9, bytes(old.serialize_cdr(earlier, kind)))
    writer.close()
    expected = replace(now, detections=tuple(replace(each, hands=(), appearance=b"") for each in now.detections))
    assert [record for _, record in read_records(tmp_path / "old")] == [expected]
    (raw,) = raw_messages(tmp_path / "old")
    played = serialization.deserialize_message(raw.data, message_class(PersonDetectionArray))
    assert from_message(PersonDetectionArray, played) == expected
    # and a bag of today keeps them
    assert [each for _, each in read_records(write(tmp_path / "new", [(9, topic, now)]))] == [now]

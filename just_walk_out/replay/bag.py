"""Bags: rosbag2 MCAP files with the message definitions inside, written and read without ROS."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from just_walk_out.records import from_dict
from just_walk_out.replay.versions import Decoder, decoder
from just_walk_out.resources import share
from just_walk_out.ros.conversions import from_message
from just_walk_out.store.model import Store
from just_walk_out.topics import TOPICS, Topic

PACKAGE = "just_walk_out"
DESCRIPTION_TOPIC = "store_description"


class BagError(ValueError):
    """A bag cannot be read or lacks something; the text is one clear sentence."""


def typestore() -> Typestore:
    """Return the standard message types and this package's."""
    store = get_typestore(Stores.ROS2_KILTED)
    types: dict[str, Any] = {}
    for path in sorted((share() / "msg").glob("*.msg")):
        types.update(get_types_from_msg(path.read_text(), f"{PACKAGE}/msg/{path.stem}"))
    store.register(types)
    return store


def topic_pattern(name: str) -> Topic | None:
    """Return the row of the topic table that a topic of a bag belongs to, whatever its namespace."""
    parts = name.strip("/").split("/")
    for topic in TOPICS:
        wanted = topic.name.split("/")
        tail = parts[-len(wanted) :]
        if len(tail) == len(wanted) and all(w.startswith("{") or w == t for w, t in zip(wanted, tail, strict=True)):
            return topic
    return None


class BagWriter:
    """Writes serialized messages with their definitions; one connection a topic."""

    def __init__(self, path: Path, *, canonical: bool = False) -> None:
        """Create the bag.

        Args:
            path: its folder.
            canonical: encode each message anew, so that equal messages are equal bytes: what pads the fields
                of a message is left to chance where it was serialized.

        Raises:
            BagError: the folder exists already.
        """
        if path.exists():
            raise BagError(f"{path}: exists already; choose another name for the bag")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._types = typestore()
        self._writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
        # in the chunks of the MCAP file, where every reader of MCAP expects it
        self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        self._writer.open()
        self._connections: dict[str, Any] = {}
        self._canonical = canonical
        self.count = 0

    def add(self, topic: str, message_type: str, latched: bool = False) -> bool:
        """Add a topic; returns False when the type's definition is not known.

        Args:
            topic: absolute name.
            message_type: e.g. ``sensor_msgs/msg/CompressedImage``.
            latched: whether a late subscriber of a replayed bag gets the last message.
        """
        if topic in self._connections:
            return True
        if message_type not in self._types.fielddefs:
            return False
        durability = QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE
        never = QosTime(2147483647, 4294967295)
        offered = Qos(
            QosHistory.KEEP_LAST,
            1000 if not latched else 1500,
            QosReliability.RELIABLE,
            durability,
            never,
            never,
            QosLiveliness.AUTOMATIC,
            never,
            False,
        )
        self._connections[topic] = self._writer.add_connection(
            topic, message_type, typestore=self._types, offered_qos_profiles=[offered]
        )
        return True

    def write(self, topic: str, stamp: int, data: bytes) -> None:
        """Write one serialized message, received at ``stamp`` nanoseconds."""
        connection = self._connections[topic]
        if self._canonical:
            message = self._types.deserialize_cdr(data, connection.msgtype)
            data = bytes(self._types.serialize_cdr(message, connection.msgtype))
        self._writer.write(connection, stamp, data)
        self.count += 1

    def close(self) -> None:
        """Finish the file; without this a bag has no index."""
        self._writer.close()


def _open(path: Path) -> Reader:
    if not path.exists():
        raise BagError(f"{path}: no such bag")
    folder = path if path.is_dir() else path.parent
    if not (folder / "metadata.yaml").is_file():
        raise BagError(f"{path}: is no rosbag2 bag (no metadata.yaml in the folder)")
    try:
        reader = Reader(folder)
        reader.open()
    except Exception as error:  # the library raises many kinds for damaged files
        raise BagError(f"{path}: cannot be read: {error}") from None
    return reader


def _messages(path: Path, reader: Reader, chosen: Iterable[Any] = ()) -> Iterator[tuple[Any, int, bytes]]:
    """Yield (connection, stamp, data) of the chosen connections, all when none is named."""
    try:
        yield from reader.messages(chosen)
    except Exception as error:
        raise BagError(f"{path}: is damaged: {error or type(error).__name__}") from None


def _decoders(path: Path, types: Typestore, connections: Iterable[Any]) -> dict[int, Decoder]:
    """Return what decodes connections of another version of the messages, by their ids."""
    found = {}
    for connection in connections:
        try:
            decode = decoder(types, PACKAGE, connection)
        except Exception as error:  # the library raises many kinds for damaged definitions
            text = f"{path}: the definition of {connection.msgtype} on {connection.topic} cannot be understood"
            raise BagError(f"{text}: {error or type(error).__name__}") from None
        if decode is not None:
            found[connection.id] = decode
    return found


def _decode(path: Path, types: Typestore, data: bytes, connection: Any, older: dict[int, Decoder]) -> Any:
    try:
        if connection.id in older:
            return older[connection.id](data)
        return types.deserialize_cdr(data, connection.msgtype)
    except Exception as error:
        text = f"{path}: a message on {connection.topic} is damaged or of another version of {connection.msgtype}"
        raise BagError(f"{text}: {error or type(error).__name__}") from None


def read_store(path: Path) -> Store:
    """Return the store description that was recorded in a bag.

    Raises:
        BagError: the bag cannot be read, or has no description.
    """
    reader = _open(path)
    types = typestore()
    try:
        chosen = [item for item in reader.connections if item.topic.split("/")[-1] == DESCRIPTION_TOPIC]
        for connection, _, data in _messages(path, reader, chosen) if chosen else ():
            message = _decode(path, types, data, connection, {})
            try:
                return from_dict(Store, json.loads(message.data))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise BagError(f"{path}: its store description cannot be understood: {error}") from None
    finally:
        reader.close()
    raise BagError(f"{path}: holds no store description; name one with --store")


def bag_span(path: Path) -> float:
    """Return the seconds between the first and the last message of a bag."""
    reader = _open(path)
    try:
        return float(reader.duration) / 1e9
    finally:
        reader.close()


@dataclass(frozen=True)
class RawMessage:
    """A message of a bag: received at ``stamp`` nanoseconds, serialized by today's definition of its type."""

    stamp: int
    topic: str
    type: str
    data: bytes


def raw_messages(path: Path) -> Iterator[RawMessage]:
    """Yield all messages in the order of their reception.

    Raises:
        BagError: the bag cannot be read.
    """
    reader = _open(path)
    types = typestore()
    try:
        older = _decoders(path, types, reader.connections)
        for connection, stamp, data in _messages(path, reader):
            if connection.id in older:
                message = _decode(path, types, data, connection, older)
                data = bytes(types.serialize_cdr(message, connection.msgtype))
            yield RawMessage(stamp, connection.topic, connection.msgtype, bytes(data))
    finally:
        reader.close()


def read_records(path: Path, *, sensors_only: bool = True) -> Iterator[tuple[int, Any]]:
    """Yield (time of recording, record) in an order that does not depend on ties.

    Args:
        path: folder of the bag.
        sensors_only: leave out what stages would work out again.

    Raises:
        BagError: the bag cannot be read.
    """
    reader = _open(path)
    types = typestore()
    try:
        chosen = []
        for connection in reader.connections:
            topic = topic_pattern(connection.topic)
            if topic is not None and (topic.sensor or not sensors_only):
                chosen.append(connection)
        older = _decoders(path, types, chosen)
        tied: list[tuple[int, str, int, Any]] = []
        for number, (connection, stamp, data) in enumerate(_messages(path, reader, chosen) if chosen else ()):
            topic = topic_pattern(connection.topic)
            assert topic is not None
            record: Any = from_message(topic.record, _decode(path, types, data, connection, older))
            if tied and tied[0][0] != stamp:
                yield from ((when, item) for when, _, _, item in sorted(tied, key=lambda row: row[:3]))
                tied = []
            tied.append((stamp, connection.topic, number, record))
        yield from ((when, item) for when, _, _, item in sorted(tied, key=lambda row: row[:3]))
    finally:
        reader.close()

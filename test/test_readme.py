"""What the README promises."""

import re
from pathlib import Path

from just_walk_out.cli.main import VERBS
from just_walk_out.scale.protocols import make_parser
from just_walk_out.topics import TOPICS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()


def test_the_example_frame_is_what_the_text_says():
    (line,) = re.findall(r"^(?:[0-9a-f]{2} )+00$", TEXT, re.MULTILINE)
    (frame,) = make_parser("board").feed(bytes.fromhex(line))
    assert (frame.board, frame.sequence, frame.time_us, frame.period_us) == (11, 7, 1_000_000, 16667)
    assert frame.counts.tolist() == [[1000], [1001]]


def test_topics_are_those_of_the_code():
    for topic in TOPICS:
        assert f"| `{topic.name}` | {topic.record.__name__} | {topic.quality} | {topic.text} |" in TEXT


def test_every_verb_exists():
    assert {verb for verb in re.findall(r"\bjwo ([a-z]+)", TEXT)} <= set(VERBS)


def test_every_node_is_in_the_table():
    for path in (ROOT / "just_walk_out").glob("*/*_node.py"):
        assert f"`{path.stem.removesuffix('_node')}`" in TEXT

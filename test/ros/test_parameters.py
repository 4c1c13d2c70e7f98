"""Wrong parameters end a node with one line; declared through rclpy, whose errors carry no values."""

import sys

import pytest

rclpy = pytest.importorskip("rclpy", reason="needs rclpy: run make setup")

from just_walk_out.ros.parameters import ParameterError, declare  # noqa: E402
from just_walk_out.tracking.settings import TrackerSettings  # noqa: E402


@pytest.fixture
def node_with():
    """Make nodes whose parameters were given on the command line."""
    context = rclpy.context.Context()
    rclpy.init(context=context, args=[sys.argv[0]])
    nodes = []

    def make(*given: str):
        arguments = ["--ros-args", *(word for each in given for word in ("-p", each))]
        nodes.append(rclpy.create_node("settings", context=context, cli_args=arguments))
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)


def test_a_given_value_is_taken_and_the_rest_are_defaults(node_with):
    settings = declare(node_with("group.tick:=0.2"), TrackerSettings, "group")
    assert (settings.tick, settings.gate) == (0.2, TrackerSettings().gate)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("tick:=5.0", "parameter tick: expected a value of 0.02 .. 1.0 s"),
        ("tick:=abc", "parameter tick: expected a float such as 0.1, got another type"),
        ("tick:=1", "parameter tick: expected a float such as 0.1, got another type"),
        ("apart_frames:=0", "parameter apart_frames: expected a value of 1 .. inf"),
        ("tick:=.nan", "parameter tick: "),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(node_with, given, message):
    with pytest.raises(ParameterError) as refused:
        declare(node_with(given), TrackerSettings)
    assert str(refused.value).startswith(message) and "\n" not in str(refused.value)

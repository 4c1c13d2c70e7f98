"""Launch actions of a deployment plan; needs ``launch`` and ``launch_ros`` of a full ROS 2 install."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from launch import LaunchContext, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, EmitEvent, LogInfo, SetEnvironmentVariable
from launch.events import matches_action
from launch.events.process import ProcessExited, ShutdownProcess
from launch_ros.actions import Node

from just_walk_out.deployment import NodePlan, environment
from just_walk_out.resources import share
from just_walk_out.supervisor import BAD_INPUT

# Seconds from SIGINT to SIGTERM: a whole store that ends at once on a small computer takes longer than launch's 5,
# and a recorder that is stopped while it ends leaves a bag without an index.
END = "20"


def is_true(name: str, text: str) -> bool:
    """Tell whether a launch argument says yes.

    Raises:
        ValueError: it says neither yes nor no; names the argument.
    """
    word = text.strip().lower()
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off"):
        return False
    raise ValueError(f"launch argument {name}: expected true or false, not {text!r}")


def speed(name: str, text: str) -> float:
    """Return the number that a launch argument gives.

    Raises:
        ValueError: it is not a positive number; names the argument.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise ValueError(f"launch argument {name}: expected a positive number, not {text!r}")
    return value


def run_folder() -> Path:
    """Return the folder of this launch alone: for devices, journals and a ledger that no other is to find."""
    return Path(gettempdir()) / f"just_walk_out_{os.getpid()}"


def declarations(arguments: Mapping[str, tuple[str, str]]) -> list[LaunchDescriptionEntity]:
    """Declare launch arguments, given as name -> (default, description)."""
    return [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in arguments.items()
    ]


def node_actions(nodes: Sequence[NodePlan], namespace: str, log_level: str) -> list[LaunchDescriptionEntity]:
    """Return the actions that start the nodes.

    All but the recorder and the player are started again when they die, unless a wrong parameter or store
    description ended them.
    """
    surroundings = [SetEnvironmentVariable(name, value) for name, value in environment().items()]
    return [*surroundings, *(_node_action(node, namespace, log_level) for node in nodes)]


def _node_action(node: NodePlan, namespace: str, log_level: str) -> LaunchDescriptionEntity:
    # a node with a wrong parameter would be started for ever: launch's respawn asks for no exit status
    def ended(event: ProcessExited, context: LaunchContext) -> list[Any]:
        if event.returncode != BAD_INPUT or context.is_shutdown:
            return []
        return [
            LogInfo(msg=f"{node.name}: stopped because of its configuration, see above"),
            EmitEvent(event=ShutdownProcess(process_matcher=matches_action(event.action))),
        ]

    return Node(
        package="just_walk_out",
        executable=node.executable,
        name=node.name,
        namespace=namespace,
        # as arguments, not as launch parameters: launch takes a text such as "0" or "a: b" for YAML
        ros_arguments=node.settings(namespace, log_level),
        respawn=node.executable not in ("recorder", "player"),
        respawn_delay=1.0,
        on_exit=ended,
        sigterm_timeout=END,
        output="screen",
    )


def rviz_action(namespace: str, use_sim_time: bool) -> LaunchDescriptionEntity:
    """Return the action that opens rviz with the store's view."""
    return Node(
        package="rviz2",
        executable="rviz2",
        namespace=namespace,
        arguments=["-d", str(share() / "config" / "store.rviz")],
        parameters=[{"use_sim_time": use_sim_time}],
    )

"""Launch actions of a deployment plan; needs ``launch`` and ``launch_ros`` of a full ROS 2 install."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from launch import LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch_ros.actions import Node

from just_walk_out.deployment import NodePlan, environment
from just_walk_out.resources import share


def is_true(text: str) -> bool:
    """Tell whether a launch argument says yes."""
    return text.strip().lower() in ("true", "1", "yes", "on")


def declarations(arguments: Mapping[str, tuple[str, str]]) -> list[LaunchDescriptionEntity]:
    """Declare launch arguments, given as name -> (default, description)."""
    return [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in arguments.items()
    ]


def node_actions(nodes: Sequence[NodePlan], namespace: str, log_level: str) -> list[LaunchDescriptionEntity]:
    """Return the actions that start the nodes; all but the recorder and the player are restarted when they die."""
    actions: list[Any] = [SetEnvironmentVariable(name, value) for name, value in environment().items()]
    for node in nodes:
        actions.append(
            Node(
                package="just_walk_out",
                executable=node.executable,
                name=node.name,
                namespace=namespace,
                parameters=[*map(str, node.parameter_files), *([dict(node.parameters)] if node.parameters else [])],
                ros_arguments=["--log-level", f"{node.name}:={log_level}"],
                respawn=node.executable not in ("recorder", "player"),
                respawn_delay=1.0,
                output="screen",
            )
        )
    return actions


def rviz_action(namespace: str, use_sim_time: bool) -> LaunchDescriptionEntity:
    """Return the action that opens rviz with the store's view."""
    return Node(
        package="rviz2",
        executable="rviz2",
        namespace=namespace,
        arguments=["-d", str(share() / "config" / "store.rviz")],
        parameters=[{"use_sim_time": use_sim_time}],
    )

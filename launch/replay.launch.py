"""A bag through the live nodes, with /clock and, if wanted, rviz."""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import OpaqueFunction
from launch.substitutions import LaunchConfiguration

from just_walk_out.deployment import NodePlan, plan
from just_walk_out.resources import share
from just_walk_out.ros.launching import declarations, is_true, node_actions, run_folder, rviz_action, speed
from just_walk_out.store.load import load_store

ARGUMENTS = {
    "bag": ("", "Folder of the bag to play (required)"),
    "store": (str(share() / "config" / "demo_store"), "Store description the bag was recorded with"),
    "namespace": ("", "Namespace for all nodes"),
    "rate": ("1.0", "Speed relative to real time"),
    "state_dir": (
        "",
        "Folder of its journals and ledger; empty: a new one, as an old one knows the bag already",
    ),
    "rviz": ("false", "Open rviz with the store's view: true or false"),
    "log_level": ("info", "Log level of all nodes: debug, info, warn or error"),
}


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    if not given["bag"]:
        raise RuntimeError("replay.launch.py: the argument bag is needed, e.g. bag:=out/demo/bag")
    path = Path(given["store"])
    state_dir = given["state_dir"] or run_folder() / "state"
    nodes = plan(load_store(path), path, state_dir=Path(state_dir), use_sim_time=True, sensors=False)
    nodes.append(NodePlan("player", "player", {"bag": given["bag"], "rate": speed("rate", given["rate"])}))
    actions = node_actions(nodes, given["namespace"], given["log_level"])
    if is_true("rviz", given["rviz"]):
        actions.append(rviz_action(given["namespace"], use_sim_time=True))
    return actions


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*declarations(ARGUMENTS), OpaqueFunction(function=start)])

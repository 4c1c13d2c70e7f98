"""A whole store: every node of the store description, started again when it dies."""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import ExecuteProcess, OpaqueFunction
from launch.substitutions import LaunchConfiguration

from just_walk_out.deployment import NodePlan, of_host, plan, simulated_endpoints
from just_walk_out.resources import share
from just_walk_out.ros.launching import declarations, is_true, node_actions, rviz_action
from just_walk_out.store.load import load_store

RUN_DIR = Path("/tmp/just_walk_out")
BASE_PORT = 8554

ARGUMENTS = {
    "store": (str(share() / "config" / "demo_store"), "Store description: a folder with store.yaml, or the file"),
    "host": ("", "Start the nodes of this host alone, e.g. main; empty: all"),
    "namespace": ("", "Namespace for all nodes, so that two stores run side by side"),
    "sim": ("false", "Simulated devices and shoppers instead of real devices: true or false"),
    "scenario": ("demo", "With sim: scenario of config/scenarios, or a file"),
    "key": ("", "With sim: private key that signs the shoppers' codes; empty: demo_private_key.pem beside the store"),
    "record": ("", "Record the sensors to this bag; empty: no bag"),
    "rviz": ("false", "Open rviz with the store's view: true or false"),
    "use_sim_time": ("false", "Take the time from /clock: true or false"),
    "log_level": ("info", "Log level of all nodes: debug, info, warn or error"),
    "state_dir": ("", "Folder of journals and the ledger; empty: ~/.local/state/just_walk_out/<store id>"),
}


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    path, sim, sim_time = Path(given["store"]), is_true(given["sim"]), is_true(given["use_sim_time"])
    store = load_store(path)
    nodes = plan(
        store,
        path,
        state_dir=Path(given["state_dir"]) if given["state_dir"] else None,
        endpoints=simulated_endpoints(store, RUN_DIR, BASE_PORT) if sim else None,
        use_sim_time=sim_time,
    )
    nodes = of_host(nodes, given["host"])
    if given["record"]:
        clock = {"use_sim_time": True} if sim_time else {}
        nodes.append(NodePlan("recorder", "recorder", {"store": str(path.resolve()), "bag": given["record"], **clock}))
    actions = node_actions(nodes, given["namespace"], given["log_level"])
    if sim:
        key = given["key"] or str((path if path.is_dir() else path.parent) / "demo_private_key.pem")
        command = ["jwo", "simulate", str(path), "--scenario", given["scenario"], "--key", key]
        command += ["--run-dir", str(RUN_DIR), "--base-port", str(BASE_PORT)]
        actions.append(ExecuteProcess(cmd=command, output="screen"))
    if is_true(given["rviz"]):
        actions.append(rviz_action(given["namespace"], sim_time))
    return actions


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*declarations(ARGUMENTS), OpaqueFunction(function=start)])

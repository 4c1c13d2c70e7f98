"""A whole store: every node of the store description, started again when it dies."""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import ExecuteProcess, OpaqueFunction
from launch.substitutions import LaunchConfiguration

from just_walk_out.deployment import NodePlan, of_host, plan, python_command, simulated_endpoints
from just_walk_out.resources import share
from just_walk_out.ros.launching import END, declarations, is_true, node_actions, run_folder, rviz_action
from just_walk_out.simulation.endpoints import free_port
from just_walk_out.store.load import load_store

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
    "state_dir": (
        "",
        "Folder of journals and the ledger; empty: ~/.local/state/just_walk_out/<store id>, with sim one of its own",
    ),
}


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    path = Path(given["store"])
    sim, sim_time, rviz = (is_true(name, given[name]) for name in ("sim", "use_sim_time", "rviz"))
    store = load_store(path)
    run_dir, port = run_folder(), free_port()
    # what simulated shoppers do has no place in the ledger of a store
    state_dir = given["state_dir"] or (str(run_dir / "state") if sim else "")
    nodes = plan(
        store,
        path,
        state_dir=Path(state_dir) if state_dir else None,
        endpoints=simulated_endpoints(store, run_dir, port) if sim else None,
        use_sim_time=sim_time,
    )
    nodes = of_host(nodes, given["host"])
    if given["record"]:
        clock = {"use_sim_time": True} if sim_time else {}
        nodes.append(NodePlan("recorder", "recorder", {"store": str(path.resolve()), "bag": given["record"], **clock}))
    actions = node_actions(nodes, given["namespace"], given["log_level"])
    if sim:
        key = given["key"] or str((path if path.is_dir() else path.parent) / "demo_private_key.pem")
        options = [str(path), "--scenario", given["scenario"], "--key", key]
        options += ["--run-dir", str(run_dir), "--base-port", str(port)]
        command = python_command("just_walk_out.cli.main", ["simulate", *options])
        actions.append(ExecuteProcess(cmd=command, name="simulate", sigterm_timeout=END, output="screen"))
    if rviz:
        actions.append(rviz_action(given["namespace"], sim_time))
    return actions


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*declarations(ARGUMENTS), OpaqueFunction(function=start)])

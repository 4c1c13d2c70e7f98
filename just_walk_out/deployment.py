"""Which nodes a store needs, with which parameters, on which host.

The launch file, ``jwo up`` and ``jwo demo`` start what this plan says; the offline pipeline reads the
same parameter files.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from just_walk_out.resources import share
from just_walk_out.settings import validate
from just_walk_out.simulation.endpoints import camera_source, serial_port
from just_walk_out.store.bus import MAIN_HOST
from just_walk_out.store.model import Store

Settings = TypeVar("Settings")

PIPELINE_NODES = (
    "shelf_events", "person_tracker", "entry", "gate", "pickup_detector", "cart_aggregator", "checkout", "stock_keeper",
)  # fmt: skip


def environment() -> dict[str, str]:
    """Return what every process of a store needs in its environment: transports that carry images.

    What this process has been given for it goes on to the others.
    """
    name = "FASTDDS_DEFAULT_PROFILES_FILE"
    return {name: os.environ.get(name) or str(share() / "config" / "fastdds.xml")}


@dataclass(frozen=True)
class NodePlan:
    """One process.

    Attributes:
        executable: its name in ``lib/just_walk_out``.
        name: node name.
        parameters: beside those of the parameter file.
        parameter_files: YAML files, later ones win.
        host: name of the computer it runs on.
        part: what it reports in diagnostics, ``<name>: <part>``.
    """

    executable: str
    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    parameter_files: tuple[Path, ...] = ()
    host: str = MAIN_HOST
    part: str = "stage"

    def arguments(self, namespace: str = "", log_level: str = "info") -> list[str]:
        """Return the ROS arguments of the process."""
        args = ["--ros-args", "-r", f"__node:={self.name}"]
        if namespace:
            args += ["-r", f"__ns:=/{namespace.strip('/')}"]
        return args + self.settings(namespace, log_level)

    def settings(self, namespace: str = "", log_level: str = "info") -> list[str]:
        """Return the ROS arguments beside name and namespace: log level, parameter files and parameters."""
        # loggers are named after the node with its namespace, joined by dots
        logger = ".".join([*filter(None, namespace.split("/")), self.name])
        args = ["--log-level", f"{logger}:={log_level}"]
        for path in self.parameter_files:
            args += ["--params-file", str(path)]
        for name, value in self.parameters.items():
            # a string is quoted, so that "0" stays a string
            args += ["-p", f"{name}:={yaml.safe_dump(value, default_flow_style=True, width=10**6).splitlines()[0]}"]
        return args


@dataclass(frozen=True)
class Endpoints:
    """Where devices are found when they are not where the store description says, e.g. simulated ones."""

    cameras: Mapping[str, str] = field(default_factory=dict)
    buses: Mapping[str, str] = field(default_factory=dict)
    scanners: Mapping[str, str] = field(default_factory=dict)


def simulated_endpoints(store: Store, run_dir: Path, base_port: int) -> Endpoints:
    """Return where ``jwo simulate`` offers the devices of a store."""
    scanners = [gate.id for gate in store.gates if gate.reader is not None and gate.reader.kind == "serial"]
    return Endpoints(
        {camera.id: camera_source(camera.id, base_port) for camera in store.cameras},
        {bus.id: serial_port(run_dir, bus.id) for bus in store.buses},
        {gate: serial_port(run_dir, gate) for gate in scanners},
    )


def plan(
    store: Store,
    path: Path,
    *,
    config: Path | None = None,
    state_dir: Path | None = None,
    endpoints: Endpoints | None = None,
    use_sim_time: bool = False,
    sensors: bool = True,
) -> list[NodePlan]:
    """Return the nodes of a store.

    Args:
        store: the loaded description.
        path: where it lies; every node loads it from there.
        config: folder with one parameter file a node kind; None takes the installed one.
        state_dir: folder of journals and ledger; None leaves it to the nodes.
        endpoints: replacements for devices of the description.
        use_sim_time: take the time from ``/clock``.
        sensors: include the nodes that open devices; without them a bag can be played in.
    """
    folder = config or share() / "config"
    ends = endpoints or Endpoints()
    common: dict[str, Any] = {"store": str(path.resolve())}
    if state_dir is not None:
        common["state_dir"] = str(state_dir.resolve())
    if use_sim_time:
        common["use_sim_time"] = True

    def node(
        executable: str, name: str = "", part: str = "stage", host: str = MAIN_HOST, **parameters: Any
    ) -> NodePlan:
        file = folder / f"{executable}.yaml"
        files = (file,) if file.is_file() else ()
        return NodePlan(executable, name or executable, {**common, **parameters}, files, host, part)

    scanners = {f"ports.{gate}": port for gate, port in ends.scanners.items()}
    if not sensors:
        # no device must be opened; a port that does not exist is retried quietly
        scanners = {f"ports.{g.id}": "/dev/null/none" for g in store.gates if g.reader and g.reader.kind == "serial"}
    nodes = [node("store_map", part="map")]
    nodes += [node(name, **(scanners if name == "entry" else {})) for name in PIPELINE_NODES]
    if sensors:
        for bus in store.buses:
            chosen = {"port": ends.buses[bus.id]} if bus.id in ends.buses else {}
            nodes.append(node("load_cells", f"load_cells_{bus.id}", f"bus {bus.id}", bus.host, bus=bus.id, **chosen))
        for camera in store.cameras:
            chosen = {"source": ends.cameras[camera.id]} if camera.id in ends.cameras else {}
            name, part = f"camera_{camera.id}", f"camera {camera.id}"
            if camera.role == "shelf":
                nodes.append(
                    node("shelf_view", f"shelf_view_{camera.id}", part, camera.host, camera=camera.id, **chosen)
                )
                continue
            nodes.append(node("camera", name, part, camera.host, camera=camera.id, **chosen))
    expected = [f"{each.name}: {each.part}" for each in nodes]
    nodes.append(node("monitor", part="monitor", expected=expected))
    return nodes


def of_host(nodes: Sequence[NodePlan], host: str) -> list[NodePlan]:
    """Return the nodes of one computer; all of them if ``host`` is empty.

    Raises:
        ValueError: no node runs there; names the computers there are.
    """
    if host and all(node.host != host for node in nodes):
        known = ", ".join(dict.fromkeys(node.host for node in nodes))
        raise ValueError(f"host {host!r} runs nothing of this store; expected one of {known}")
    return [node for node in nodes if host in ("", node.host)]


def module_of(executable: str) -> str:
    """Return the module behind an executable: ``<room>/<executable>_node.py``.

    Raises:
        KeyError: there is no such executable.
    """
    package = Path(__file__).parent
    for path in package.glob(f"*/{executable}_node.py"):
        return f"{package.name}.{path.parent.name}.{path.stem}"
    raise KeyError(f"{executable}: no such node in {package.name}")


def command(node: NodePlan, namespace: str = "", log_level: str = "info") -> list[str]:
    """Return the command line that starts a node with this Python, with or without a ROS installation."""
    return python_command(module_of(node.executable), node.arguments(namespace, log_level))


def python_command(module: str, arguments: Sequence[str]) -> list[str]:
    """Return the command line that runs ``main()`` of a module with this Python."""
    # without the working directory on the path: there the source folder would hide the installed messages
    path = "sys.path[:] = filter(None, sys.path)"
    name = module.rpartition(".")[2].removesuffix("_node")  # as the executable is called, before what it says
    start = f"import sys; {path}; sys.argv[0] = '{name}'; from {module} import main; raise SystemExit(main())"
    return [sys.executable, "-c", start, *arguments]


def settings_of(node: str, settings: type[Settings], config: Path | None = None) -> Settings:
    """Return a stage's settings as its node would get them from the parameter file.

    Raises:
        ValueError: a value is out of range; names file and parameter.
    """
    path = (config or share() / "config") / f"{node}.yaml"
    values: dict[str, Any] = {}
    if path.is_file():
        document = yaml.safe_load(path.read_text()) or {}
        given = document.get("/**", {}).get("ros__parameters", {})
        known = {item.name for item in dataclasses.fields(settings)}  # type: ignore[arg-type]
        values = {name: value for name, value in given.items() if name in known}
    chosen = settings(**values)
    try:
        validate(chosen)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None
    return chosen

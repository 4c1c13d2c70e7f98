import dataclasses
import subprocess
import sys
from dataclasses import dataclass

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.deployment import (
    PIPELINE_NODES,
    Endpoints,
    NodePlan,
    command,
    environment,
    module_of,
    of_host,
    plan,
    settings_of,
    simulated_endpoints,
)
from just_walk_out.pickup.settings import PickupSettings
from just_walk_out.settings import setting


@dataclass(frozen=True)
class Room:
    width: float = setting(2.0, "Width", unit="m", minimum=1.0, maximum=3.0)


def test_a_store_has_the_pipeline_and_a_node_for_each_bus_and_each_camera(demo_store, demo_path):
    nodes = plan(demo_store, demo_path)
    names = [node.name for node in nodes]
    assert len(names) == len(set(names))
    assert set(PIPELINE_NODES) | {"store_map", "monitor"} <= set(names)
    assert {f"camera_{camera.id}" for camera in demo_store.cameras} <= set(names)
    assert {f"load_cells_{bus.id}" for bus in demo_store.buses} <= set(names)
    assert all(node.parameters["store"] == str(demo_path.resolve()) for node in nodes)
    for node in nodes:
        assert module_of(node.executable).endswith(f".{node.executable}_node")


def test_the_monitor_expects_every_other_node(demo_store, demo_path):
    *others, monitor = plan(demo_store, demo_path)
    assert monitor.parameters["expected"] == [f"{node.name}: {node.part}" for node in others]


@pytest.fixture
def spread(demo_store):
    """The demo store with one camera and one bus on a computer of their own."""
    cameras = (dataclasses.replace(demo_store.cameras[0], host="corner"), *demo_store.cameras[1:])
    buses = (dataclasses.replace(demo_store.buses[0], host="shelf-pi"), *demo_store.buses[1:])
    return dataclasses.replace(demo_store, cameras=cameras, buses=buses)


def test_each_computer_starts_what_is_plugged_into_it_and_the_main_one_the_rest(spread, demo_path):
    nodes = plan(spread, demo_path)
    assert spread.hosts == ("main", "corner", "shelf-pi")
    parts = {host: [node.name for node in of_host(nodes, host)] for host in spread.hosts}
    assert parts["corner"] == [f"camera_{spread.cameras[0].id}"]
    assert parts["shelf-pi"] == [f"load_cells_{spread.buses[0].id}"]
    assert {*PIPELINE_NODES, "store_map", "monitor"} <= set(parts["main"])
    assert sorted(name for names in parts.values() for name in names) == sorted(node.name for node in nodes)
    assert of_host(nodes, "") == nodes
    assert of_host(nodes, "main")[-1].parameters["expected"] == nodes[-1].parameters["expected"]


def test_a_computer_without_nodes_is_refused_with_those_there_are(spread, demo_path):
    with pytest.raises(ValueError, match="'cellar' runs nothing of this store; expected one of main, shelf-pi, corner"):
        of_host(plan(spread, demo_path), "cellar")


def test_endpoints_replace_devices_and_only_those_named(demo_store, demo_path):
    bus, camera = demo_store.buses[0].id, demo_store.cameras[0].id
    nodes = {node.name: node for node in plan(demo_store, demo_path, endpoints=Endpoints({camera: "x"}, {bus: "y"}))}
    assert nodes[f"load_cells_{bus}"].parameters["port"] == "y"
    assert nodes[f"camera_{camera}"].parameters["source"] == "x"
    assert "source" not in nodes[f"camera_{demo_store.cameras[1].id}"].parameters


def test_simulated_endpoints_stand_for_every_device(demo_store, tmp_path):
    ends = simulated_endpoints(demo_store, tmp_path, 9000)
    assert set(ends.cameras) == set(demo_store.camera)
    assert set(ends.buses) == set(demo_store.bus)
    serial = {gate.id for gate in demo_store.gates if gate.reader and gate.reader.kind == "serial"}
    assert set(ends.scanners) == serial
    assert len(set(ends.cameras.values())) == len(ends.cameras)


def test_without_sensors_no_node_opens_a_device(demo_store, demo_path):
    nodes = plan(demo_store, demo_path, sensors=False)
    assert not {node.executable for node in nodes} & {"camera", "load_cells"}


def test_the_state_folder_reaches_every_node(demo_store, demo_path, tmp_path):
    assert all(
        node.parameters["state_dir"] == str(tmp_path) for node in plan(demo_store, demo_path, state_dir=tmp_path)
    )


@given(
    value=st.one_of(
        st.text(st.characters(exclude_categories=["C", "Z"], max_codepoint=0x24F), min_size=1, max_size=80),
        st.integers(-(2**40), 2**40),
        st.booleans(),
        st.floats(-1e9, 1e9),
        st.lists(st.sampled_from(["a: b", "0", "x y"]), min_size=1),
    )
)
def test_a_parameter_reaches_the_command_line_with_its_type(value):
    arguments = NodePlan("entry", "entry", {"name": value}).arguments()
    given_name, _, text = arguments[arguments.index("-p") + 1].partition(":=")
    assert (given_name, yaml.safe_load(text)) == ("name", value)


def test_namespace_files_and_level_are_ros_arguments(tmp_path):
    arguments = NodePlan("gate", "gate_a", parameter_files=(tmp_path / "gate.yaml",)).arguments("/shop/", "debug")
    assert arguments[0] == "--ros-args"
    assert "__ns:=/shop" in arguments
    assert "__node:=gate_a" in arguments
    assert "shop.gate_a:=debug" in arguments  # the logger of /shop/gate_a
    assert str(tmp_path / "gate.yaml") in arguments


def test_a_node_says_its_name_before_what_is_wrong(demo_path, tmp_path):
    node = NodePlan("recorder", "recorder", {"store": str(demo_path), "bag": str(tmp_path)})
    result = subprocess.run(command(node), capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert result.stderr == f"recorder: parameter bag: {tmp_path}: exists already; choose another name for the bag\n"


def test_a_node_is_started_by_this_python_and_an_unknown_one_is_refused():
    assert command(NodePlan("gate", "gate"))[0] == sys.executable
    with pytest.raises(KeyError, match="teleporter"):
        module_of("teleporter")


def test_the_transport_profile_exists():
    from pathlib import Path

    assert all(Path(file).is_file() for file in environment().values())


def test_settings_come_from_the_parameter_file_that_the_node_reads(tmp_path):
    (tmp_path / "room.yaml").write_text("/**:\n  ros__parameters:\n    width: 2.5\n    store: ignored\n")
    assert settings_of("room", Room, tmp_path) == Room(2.5)
    assert settings_of("absent", Room, tmp_path) == Room()
    (tmp_path / "room.yaml").write_text("")
    assert settings_of("room", Room, tmp_path) == Room()


def test_a_value_out_of_range_names_file_and_parameter(tmp_path):
    (tmp_path / "room.yaml").write_text("/**: {ros__parameters: {width: 9.0}}")
    with pytest.raises(ValueError, match=r"room\.yaml: width: 9\.0 is outside 1\.0 \.\. 3\.0 m"):
        settings_of("room", Room, tmp_path)


def test_the_shipped_file_of_pickup_is_valid():
    assert isinstance(settings_of("pickup_detector", PickupSettings), PickupSettings)

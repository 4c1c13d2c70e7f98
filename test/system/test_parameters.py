"""The nodes' parameters: the files say what nodes declare, and a wrong one ends its node in one line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters, ListParameters

from just_walk_out.resources import share

FILES = {path.stem: path for path in sorted((share() / "config").glob("*.yaml"))}
NEEDED = {"camera": {"camera": "cam_sw"}, "load_cells": {"bus": "bus_a"}}
SHELF_CAMERA = """
  - {id: g1_left, source: none.avi, role: shelf, width: 640, height: 480, rate: 10, horizontal_fov_deg: 70,
     pose: {xyz: [1.15, 2.05, 2.15], look_at: [0.4, 3.08, 0.7]}}
"""
# given by the plan for each store, or rclpy's own
OTHERS = {"store", "state_dir", "bus", "port", "camera", "source", "expected", "use_sim_time"}
FIELDS = {
    ParameterType.PARAMETER_BOOL: "bool_value",
    ParameterType.PARAMETER_INTEGER: "integer_value",
    ParameterType.PARAMETER_DOUBLE: "double_value",
    ParameterType.PARAMETER_STRING: "string_value",
}


@pytest.fixture(scope="module")
def bare(running):
    """Every node that has a parameter file, started without it."""
    seen = running.folder / "seen_store"
    shutil.copytree(running.path, seen)
    with (seen / "cameras.yaml").open("a") as cameras:
        cameras.write(SHELF_CAMERA)
    needed = {**NEEDED, "shelf_view": {"store": str(seen), "camera": "g1_left"}}
    running.start([running.node(name, **needed.get(name, {})) for name in FILES])
    return running


def ask(running, kind, service, **request):
    client = running.observer.node.create_client(kind, service)
    assert client.wait_for_service(20.0), f"{service} is not offered"
    future = client.call_async(kind.Request(**request))
    running.wait(future.done, f"{service} does not answer")
    return future.result()


def flat(values, prefix=""):
    found = {}
    for name, value in values.items():
        found.update(flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value})
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_parameter_file_says_exactly_the_defaults_of_its_node(bare, name):
    names = [
        each
        for each in ask(bare, ListParameters, f"{name}/list_parameters").result.names
        if each not in OTHERS and not each.startswith(("ports.", "qos_overrides.", "start_type_description"))
    ]
    answer = ask(bare, GetParameters, f"{name}/get_parameters", names=names).values
    declared = {each: getattr(value, FIELDS[value.type]) for each, value in zip(names, answer, strict=True)}
    written = flat(yaml.safe_load(FILES[name].read_text())["/**"]["ros__parameters"])
    assert written == declared
    assert {each: type(value) for each, value in written.items()} == {
        each: type(value) for each, value in declared.items()
    }


@pytest.mark.parametrize(
    ("executable", "given", "named"),
    [
        ("person_tracker", {"tick": "fast"}, "tick"),
        ("person_tracker", {"tick": 5.0}, "tick"),
        ("load_cells", {"bus": "bus_z"}, "bus_z"),
        ("camera", {"camera": "cam_z"}, "cam_z"),
        ("gate", {"store": "/nowhere/at/all"}, "/nowhere/at/all"),
        ("gate", {"store": ""}, "store"),
    ],
)
def test_a_wrong_parameter_ends_the_node_in_one_clear_line(running, executable, given, named):
    assert named in refusal(running, executable, **given)


@pytest.mark.parametrize(
    ("executable", "file"),
    [("entry", "entry.sqlite"), ("pickup_detector", "pickup_detector.sqlite"), ("checkout", "ledger.sqlite")],
)
def test_a_journal_that_is_none_ends_the_node_in_one_clear_line_and_stays(running, tmp_path, executable, file):
    (tmp_path / file).write_bytes(b"this was a journal " * 300)
    assert str(tmp_path / file) in refusal(running, executable, state_dir=str(tmp_path))
    assert (tmp_path / file).read_bytes() == b"this was a journal " * 300


def test_an_invalid_description_ends_the_node_in_a_line_that_names_file_and_key(running, tmp_path):
    for file in running.path.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    (tmp_path / "policy.yaml").write_text("policy: {reach: far}\n")
    assert "policy.yaml: policy.reach: expected metres" in refusal(running, "gate", store=str(tmp_path))


def refusal(running, executable, **given):
    """Start a node that must refuse to run; return the one line it says."""
    program = Path(sys.executable).with_name(f"jwo_{executable}")
    values = {"store": str(running.path), "state_dir": str(running.state), **given}
    arguments = [word for name, value in values.items() for word in ("-p", f"{name}:={value!r}")]
    surroundings = {**os.environ, **running.supervisor.environment}
    command = [program, "--ros-args", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, env=surroundings)
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and "Traceback" not in result.stdout, result.stderr + result.stdout
    return lines[0]

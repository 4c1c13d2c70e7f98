"""The launch files start what the plan says."""

import importlib.util
import os
import signal
from pathlib import Path

import pytest

from just_walk_out.deployment import NodePlan, plan, simulated_endpoints
from just_walk_out.store.load import load_store

ROOT = Path(__file__).parents[2]
FILES = ("store", "replay")


def test_the_nodes_of_a_replay_open_no_device_and_take_their_time_from_the_clock(demo_store, demo_path):
    nodes = plan(demo_store, demo_path, use_sim_time=True, sensors=False)
    assert not {node.executable for node in nodes} & {"camera", "load_cells"}
    assert all(node.parameters["use_sim_time"] is True for node in nodes)


class TestDescriptions:
    """Need ``launch`` and ``launch_ros``, which PyPI does not have."""

    @pytest.fixture(autouse=True)
    def modules(self):
        reason = "launch and launch_ros come with a full ROS 2 installation only"
        self.launch = pytest.importorskip("launch", reason=reason)
        self.actions = pytest.importorskip("launch.actions", reason=reason)
        self.node = pytest.importorskip("launch_ros.actions", reason=reason).Node

    def load(self, name):
        spec = importlib.util.spec_from_file_location(f"{name}_launch", ROOT / "launch" / f"{name}.launch.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def start(self, name, **given):
        module, context = self.load(name), self.launch.LaunchContext()
        for entity in module.generate_launch_description().entities:
            if isinstance(entity, self.actions.DeclareLaunchArgument):
                entity.execute(context)
        context.launch_configurations.update(given)
        return module.start(context)

    def nodes(self, actions):
        return [action for action in actions if isinstance(action, self.node)]

    @pytest.mark.parametrize("name", FILES)
    def test_each_argument_is_declared_with_a_description_and_a_default(self, name):
        description = self.load(name).generate_launch_description()
        declared = {argument.name: argument for argument in description.get_launch_arguments()}
        assert {"store", "namespace", "rviz", "log_level"} <= set(declared)
        for argument in declared.values():
            assert argument.description != "no description given"
            assert argument.default_value is not None

    def test_the_store_is_started_as_planned(self, demo_store, demo_path):
        started = self.nodes(self.start("store", store=str(demo_path), namespace="shop"))
        planned = plan(demo_store, demo_path)
        assert [action.node_executable for action in started] == [node.executable for node in planned]
        context = self.launch.LaunchContext()
        for action in started:
            action._perform_substitutions(context)
        assert [action.node_name for action in started] == [f"/shop/{node.name}" for node in planned]

    def test_each_node_gets_the_parameters_of_the_plan_as_they_are(self, demo_path):
        # launch would make a number of the bag "2"
        given = {"store": str(demo_path), "record": "2", "log_level": "warn", "namespace": "shop"}
        planned = plan(load_store(demo_path), demo_path)
        planned.append(NodePlan("recorder", "recorder", {"store": str(demo_path.resolve()), "bag": "2"}))
        for action, node in zip(self.nodes(self.start("store", **given)), planned, strict=True):
            words = [part.text for word in action.cmd for part in word if hasattr(part, "text")]
            expected = node.settings("shop", "warn")
            assert f"shop.{node.name}:=warn" in expected
            assert words[words.index(expected[0]) :][: len(expected)] == expected

    @pytest.mark.parametrize(
        ("name", "given"),
        [
            ("store", {"sim": "maybe"}),
            ("store", {"rviz": ""}),
            ("replay", {"rate": "fast"}),
            ("replay", {"rate": "-1"}),
        ],
    )
    def test_an_argument_that_makes_no_sense_is_named(self, name, given, demo_path):
        ((argument, value),) = given.items()
        with pytest.raises(ValueError, match=f"launch argument {argument}: expected .*, not '{value}'"):
            self.start(name, store=str(demo_path), **{"bag": "some/bag", **given})

    def test_simulated_devices_replace_those_of_the_description(self, demo_store, demo_path):
        actions = self.start("store", store=str(demo_path), sim="true", scenario="plain")
        processes = [item for item in actions if isinstance(item, self.actions.ExecuteProcess)]
        assert len(processes) == len(self.nodes(actions)) + 1
        planned = plan(demo_store, demo_path, endpoints=simulated_endpoints(demo_store, Path("run"), 1))
        assert len(self.nodes(actions)) == len(planned)

    @pytest.mark.parametrize(("name", "given"), [("store", {"sim": "true"}), ("replay", {"bag": "some/bag"})])
    def test_what_is_simulated_or_replayed_stays_out_of_the_ledger_of_the_store(self, name, given, demo_path, tmp_path):
        words = self.words(self.start(name, store=str(demo_path), **given))
        assert words and not any(".local/state" in word for word in words)
        words = self.words(self.start(name, store=str(demo_path), state_dir=str(tmp_path), **given))
        assert words and all(str(tmp_path) in word for word in words)

    def words(self, actions):
        """The arguments of nodes that tell where they keep something."""
        texts = [
            part.text for item in self.nodes(actions) for word in item.cmd for part in word if hasattr(part, "text")
        ]
        return [text for text in texts if text.startswith("state_dir:=")]

    def test_a_bag_is_recorded_and_rviz_opened_on_request(self, demo_path):
        names = [item.node_executable for item in self.nodes(self.start("store", store=str(demo_path)))]
        more = self.nodes(self.start("store", store=str(demo_path), record="out/bag", rviz="true"))
        assert [item.node_executable for item in more] == [*names, "recorder", "rviz2"]

    def test_a_replay_plays_a_bag_to_the_stages_alone(self, demo_path):
        started = self.nodes(self.start("replay", store=str(demo_path), bag="some/bag"))
        names = [item.node_executable for item in started]
        assert names[-1] == "player"
        assert not {"camera", "load_cells"} & set(names)

    def test_a_replay_without_a_bag_says_what_is_missing(self, demo_path):
        with pytest.raises(RuntimeError, match="bag"):
            self.start("replay", store=str(demo_path))

    def run(self, nodes, on_start):
        """Let launch run the nodes until nothing is left to do; return what was started and how each ended."""
        handlers = pytest.importorskip("launch.event_handlers")
        launching = importlib.import_module("just_walk_out.ros.launching")
        starts, ends = [], []

        def started(event, context):
            starts.append(event)
            return on_start(len(starts), event)

        def ended(event, context):
            ends.append(event.returncode)

        watched = [handlers.OnProcessStart(on_start=started), handlers.OnProcessExit(on_exit=ended)]
        actions = [self.actions.RegisterEventHandler(handler) for handler in watched]
        actions += launching.node_actions(nodes, "", "info")
        service = self.launch.LaunchService()
        service.include_launch_description(self.launch.LaunchDescription(actions))
        service.run()
        return starts, ends

    def test_a_node_that_is_killed_is_started_again(self, demo_path, tmp_path):
        def on_start(count, event):
            if count == 1:
                os.kill(event.pid, signal.SIGKILL)
                return []
            return [self.actions.Shutdown(reason="it came back")]

        gate = NodePlan("gate", "gate", {"store": str(demo_path), "state_dir": str(tmp_path)})
        starts, ends = self.run([gate], on_start)
        assert [event.action.node_executable for event in starts] == ["gate", "gate"]
        assert ends[0] == -signal.SIGKILL

    def test_a_node_with_a_wrong_parameter_is_not_started_again(self, tmp_path):
        starts, ends = self.run([NodePlan("gate", "gate", {"store": str(tmp_path / "nowhere")})], lambda *_: [])
        assert len(starts) == 1 and ends == [2]

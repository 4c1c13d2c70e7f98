import re
import subprocess
import sys

import pytest

from just_walk_out.cli.benchmark import BENCHMARKS
from just_walk_out.cli.main import VERBS, main
from just_walk_out.resources import scenario_path, version


def leave(arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


def test_help_names_every_verb(capsys):
    assert leave(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(verb in text for verb in VERBS)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_each_verb_explains_itself_and_each_of_its_options(verb, capsys):
    assert leave([verb, "--help"]) == 0
    assert f"jwo {verb}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["teleport"], [], ["check"], ["replay", "bag", "--speed", "2"]])
def test_wrong_usage_is_status_2_and_a_hint(arguments, capsys):
    assert leave(arguments) == 2
    assert "usage: jwo" in capsys.readouterr().err


def test_the_version_is_that_of_the_manifest(capsys):
    assert leave(["--version"]) == 0
    assert capsys.readouterr().out == f"just_walk_out {version()}\n"


def test_who_stops_it_while_it_still_imports_sees_no_traceback(monkeypatch, capsys):
    def stopped(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("just_walk_out.cli.main.import_module", stopped)
    assert main(["calibrate", "show", "store"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_good_store_is_summed_up(demo_path, capsys):
    assert main(["check", str(demo_path)]) == 0
    assert capsys.readouterr().out


def test_everything_wrong_with_a_store_is_a_line_each(tmp_path, capsys):
    (tmp_path / "store.yaml").write_text("id: 5\nnonsense: true\n")
    assert main(["check", str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.splitlines()) > 1
    assert all("store.yaml" in line for line in output.err.splitlines())


@pytest.mark.parametrize("option", [["--all"], ["--rate", "2"], ["--namespace", "shop"]])
def test_what_is_for_a_live_replay_is_refused_without_it(option, tmp_path, capsys):
    assert main(["replay", str(tmp_path), *option]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert option[0] in line and "--live" in line


def test_benchmarks_are_listed_with_what_they_measure(capsys):
    assert leave(["benchmark", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert all(re.search(rf" {name} [A-Z][a-z]+ .*?\.", said) for name in BENCHMARKS) and "``" not in said


@pytest.mark.parametrize("arguments", [["check"], ["replay"], ["up"]])
def test_a_path_that_does_not_exist_is_one_line_and_status_1(arguments, tmp_path, capsys):
    assert main([*arguments, str(tmp_path / "nothing")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "nothing" in line


def test_a_host_the_store_does_not_have_is_one_line_and_status_1(demo_path, capsys):
    assert main(["up", str(demo_path), "--host", "cellar"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "jwo up: host 'cellar' runs nothing of this store; expected one of main"


def test_a_folder_of_parameters_that_is_not_there_is_one_line_and_status_1(demo_path, tmp_path, capsys):
    assert main(["up", str(demo_path), "--config", str(tmp_path / "none")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"jwo up: --config: expected a folder of parameter files, got {str(tmp_path / 'none')!r}"


def test_an_unknown_scenario_names_those_there_are():
    with pytest.raises(ValueError, match=r"'party'.*crowd, demo, packs, plain"):
        scenario_path("party")


def test_checking_a_store_does_not_wait_for_ros_or_opencv(demo_path, tmp_path):
    code = (
        "import sys; from just_walk_out.cli.main import main; status = main(sys.argv[1:])\n"
        "slow = {'rclpy', 'cv2', 'matplotlib', 'rosbags'} & set(sys.modules)\n"
        "raise SystemExit(f'{slow} imported' if slow else status)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "check", str(demo_path)], cwd=tmp_path, timeout=60, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr

import argparse
import shutil
from pathlib import Path

import pytest
import yaml

from just_walk_out.cli import check
from just_walk_out.store.concerns import concerns
from just_walk_out.store.load import load_store

DEMO = Path(__file__).parents[2] / "config" / "demo_store"


@pytest.fixture
def folder(tmp_path):
    for file in DEMO.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def run(store):
    parser = argparse.ArgumentParser()
    check.add_arguments(parser)
    return check.run(parser.parse_args([str(store)]))


def edit(folder, file, action):
    tree = yaml.safe_load((folder / file).read_text())
    action(tree)
    (folder / file).write_text(yaml.dump(tree))


def test_check_prints_what_the_store_holds(capsys):
    assert run(DEMO) == 0

    printed = capsys.readouterr()
    assert "52.0 m2" in printed.out
    assert "5 gondolas, 15 shelves, 84 plates" in printed.out
    assert "hosts      main (the pipeline, 5 cameras, 4 buses)" in printed.out
    assert "42 within 2 g" in printed.out
    assert "warning: entry: trusts the published demonstration key" in printed.out
    assert printed.err == ""


def test_check_prints_errors_and_fails(folder, capsys):
    edit(folder, "policy.yaml", lambda tree: tree["policy"].update(reach=-1, settle_timeout="long"))

    assert run(folder) == 1

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "policy.yaml: policy.settle_timeout: expected seconds, got 'long'",
        "policy.yaml: policy.reach: expected metres (more than 0, at most 5), got -1.0",
    ]


def test_the_same_port_name_on_two_computers_is_two_ports(folder, capsys):
    def move(tree):
        for bus, host in zip(tree["buses"][:2], ("one.shop", "two-shop"), strict=True):
            bus.update(host=host, port="/dev/ttyUSB0")

    edit(folder, "buses.yaml", move)
    assert run(folder) == 0
    printed = capsys.readouterr().out
    assert "main (the pipeline, 5 cameras, 2 buses), one.shop (0 cameras, 1 buses), two-shop (0 c" in printed


def unplug(tree):
    tree["buses"][0]["boards"][0]["plates"][1] = None


def unplace(tree):
    del tree["planogram"][3]


def no_reader(tree):
    del tree["gates"][0]["reader"]


def short_line(tree):
    tree["gates"][2]["end"] = [6.7, 0.6]


def no_divider(tree):
    tree["gates"][0].update(start=[2.6, 2.0], end=[3.5, 2.0])


def one_camera(tree):
    del tree["cameras"][1:4]


@pytest.mark.parametrize(
    ("file", "action", "expected"),
    [
        ("buses.yaml", unplug, ["plate g1/s1/p2: has no channel, nothing taken there is noticed by weight"]),
        (
            "planogram.yaml",
            unplace,
            [
                "plate g1/s1/p6: has no product in the planogram",
                "product cashews: has no place in the planogram",
            ],
        ),
        (
            "floor.yaml",
            no_reader,
            [
                "gate entry_1: has no reader, nobody can show a code there",
                "camera entry_reader: is a reader, and no gate uses it",
            ],
        ),
        ("floor.yaml", short_line, ["gate exit_1: people can walk around its line unseen"]),
        ("floor.yaml", no_divider, ["gate entry_1: people can walk around its line unseen"]),
        (
            "cameras.yaml",
            one_camera,
            ["cameras: 100% of the floor is in the picture of fewer than two overview cameras"],
        ),
    ],
)
def test_concerns_name_what_to_look_at(folder, file, action, expected):
    usual = set(concerns(load_store(DEMO)))
    edit(folder, file, action)

    assert [line for line in concerns(load_store(folder)) if line not in usual] == expected

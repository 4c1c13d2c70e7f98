"""A short day: what the stages of the whole pipeline keep is counted, and is no more at its end than before."""

import json
from collections import deque
from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.benchmark.day.command import Count, growth
from just_walk_out.benchmark.day.kept import kept, reachable
from just_walk_out.cli.main import main


@dataclass(slots=True)
class Slotted:
    values: list


@given(st.lists(st.integers() | st.lists(st.integers(), max_size=4), max_size=12))
def test_everything_that_is_added_is_counted_wherever_it_hangs(values):
    for holder in (list, deque, lambda v: {"a": list(v)}, lambda v: Slotted(list(v)), lambda v: np.zeros(len(v))):
        assert kept([holder([*values, 1])], set()) == kept([holder(values)], set()) + 1
    assert kept([values, values], set()) == kept([values, []], set())  # what hangs on two things is kept once
    assert kept([values], reachable([values])) == 1


def test_growth_is_told_by_stage_and_what_fills_at_first_is_not_growth():
    counts = [Count(h / 2, h, {"leaks": 100 + 7 * h, "fills": min(40 * h, 200)}, 0, 0) for h in range(24)]
    found = growth(counts)
    assert round(found["leaks"], 6) == 14.0 and abs(found["fills"]) < 1e-6
    assert growth(counts[:1]) == {}


def test_a_short_day_leaves_nothing_behind(tmp_path, capsys):
    target = tmp_path / "day.json"
    assert main(["benchmark", "day", "--hours", "0.1", "--hourly", "30", "--every", "0.01", "--json", str(target)]) == 0
    assert "values kept by each stage" in capsys.readouterr().out
    counts = json.loads(target.read_text())["counts"]
    assert len(counts) >= 2 and counts[-1]["charges"] >= 2
    first, last = counts[0]["kept"], counts[-1]["kept"]
    assert last["Tracker"] <= first["Tracker"] + 100
    assert last["Gate"] <= first["Gate"] + 10
    assert main(["benchmark", "day", "--hours", "0"]) == 2

from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path

import pytest

from just_walk_out.settings import setting, validate

ROOT = Path(__file__).parents[1] / "just_walk_out"


@dataclass(frozen=True)
class Example:
    speed: float = setting(1.0, "Speed", unit="m/s", minimum=0.5, maximum=2.0)
    count: int = setting(3, "Count", minimum=1)
    name: str = setting("x", "Name")


def test_defaults_and_limits_themselves_are_allowed():
    for speed in (0.5, 1.0, 2.0):
        validate(Example(speed=speed))


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"speed": 2.1}, "speed: 2.1 is outside 0.5 .. 2.0 m/s"),
        ({"count": 0}, "count: 0 is outside 1 .. inf"),
        ({"speed": float("nan")}, "speed: nan is outside 0.5 .. 2.0 m/s"),
    ],
)
def test_a_value_outside_its_range_is_named(wrong, text):
    with pytest.raises(ValueError) as error:
        validate(Example(**wrong))
    assert str(error.value) == text


def kinds():
    found = []
    for path in sorted(ROOT.glob("*/*.py")):
        if "setting(" not in path.read_text() or path.name.endswith("_node.py"):
            continue
        module = import_module(f"just_walk_out.{path.parent.name}.{path.stem}")
        for kind in vars(module).values():
            if isinstance(kind, type) and kind.__module__ == module.__name__ and hasattr(kind, "__dataclass_fields__"):
                described = [item for item in fields(kind) if "description" in item.metadata]
                if described:
                    found.append(pytest.param(kind, described, id=kind.__name__))
    return found


@pytest.mark.parametrize(("kind", "described"), kinds())
def test_each_setting_of_each_stage_is_described_bounded_and_valid_by_default(kind, described):
    validate(kind())
    for item in described:
        assert item.metadata["description"]
        if isinstance(item.default, int | float) and not isinstance(item.default, bool):
            assert item.metadata["minimum"] is not None, item.name

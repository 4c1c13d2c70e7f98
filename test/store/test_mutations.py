"""Whatever an engineer writes, the loader answers with lines, never with a traceback."""

import copy
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from just_walk_out.store.load import StoreError, load_store

DEMO = Path(__file__).parents[2] / "config" / "demo_store"
FILES = sorted(file.name for file in DEMO.glob("*.yaml"))
TREES = {file: yaml.safe_load((DEMO / file).read_text()) for file in FILES}

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["g1", "g1/s1/p1", "milk", "", "exit", 10**30, -0.0, 1e308, "\n", "0" * 13])
    | st.dates()
    | st.binary(max_size=4)
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


def steps_of(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from steps_of(item, (*path, key))


PATHS = {file: list(steps_of(tree)) for file, tree in TREES.items()}


@st.composite
def mutations(draw):
    file = draw(st.sampled_from(FILES))
    tree = copy.deepcopy(TREES[file])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(PATHS[file]))
        tree = mutated(tree, path, draw(st.sampled_from(["set", "delete", "repeat", "insert"])), draw)
    return file, tree


def mutated(tree, path, kind, draw):
    if not path:
        return draw(values) if kind == "set" else tree
    parent = tree
    for step in path[:-1]:
        try:
            parent = parent[step]
        except (KeyError, IndexError, TypeError):
            return tree
    step = path[-1]
    if not isinstance(parent, (dict, list)):
        return tree
    if isinstance(parent, list) and not (isinstance(step, int) and step < len(parent)):
        return tree
    if kind == "delete" and (isinstance(parent, list) or step in parent):
        del parent[step]
    elif kind == "repeat" and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[step]))
    elif kind == "insert" and isinstance(parent, dict):
        parent[draw(st.text(max_size=6) | st.integers() | st.booleans())] = draw(values)
    else:
        parent[step] = draw(values)
    return tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(mutations())
def test_random_mutations_load_or_give_lines(folder, mutation):
    for file in FILES:
        shutil.copy(DEMO / file, folder)
    file, tree = mutation
    (folder / file).write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8", errors="replace")

    try:
        load_store(folder)
    except StoreError as error:
        assert error.errors
        for line in error.errors:
            assert line.splitlines() == [line]
            assert line.split(":")[0] in FILES


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text("[]{}:-&*!#'\"\n\t ab1<", max_size=60).map(str.encode))
def test_any_bytes_give_lines(folder, content):
    (folder / "alone.yaml").write_bytes(content)

    with pytest.raises(StoreError) as caught:
        load_store(folder / "alone.yaml")

    assert all(line.splitlines() == [line] for line in caught.value.errors)

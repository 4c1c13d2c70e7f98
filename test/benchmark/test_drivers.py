"""The benchmark of the drivers measures what it says it measures."""

import json
import struct

import numpy as np
import pytest

from just_walk_out.benchmark.drivers import command as drivers
from just_walk_out.cli.main import main


@pytest.fixture(scope="module")
def store():
    return drivers.large_store()


def test_the_store_is_as_large_as_it_says(store):
    assert len(store.plate) == 306 and len(store.buses) == 10 and len(store.shelf) == 30
    assert sorted(channel.plate for bus in store.buses for channel in bus.channels) == sorted(store.plate)


def test_both_parsers_read_every_sample(store, monkeypatch):
    bus = store.buses[0]
    sent = drivers.make_traffic(store, 2.0)[bus.id]
    _, records = drivers.drive(bus, store, sent)
    assert sum(len(record.weights) for record in records) == len(bus.channels) * 120
    assert records[-1].lost == 0 and not any(any(record.status) for record in records)
    frames = []
    one = drivers._naive_frame
    monkeypatch.setattr(drivers, "_naive_frame", lambda *given: frames.append(one(*given)))
    drivers.naive(bus, sent)
    ours = np.concatenate([record.weights for record in records])
    assert np.concatenate([np.ravel(rows) for rows in frames]) == pytest.approx(ours, abs=1e-6)


def test_the_traffic_is_that_of_the_protocol(store):
    for frames in drivers.make_traffic(store, 1.0).values():
        assert [arrival for arrival, _ in frames] == sorted(arrival for arrival, _ in frames)
        assert all(data.endswith(b"\0") and len(data) > struct.calcsize("<BBHIHBB") for _, data in frames)


def test_the_table_and_the_file_say_the_same(tmp_path, capsys):
    file = tmp_path / "figures.json"
    status = main(["benchmark", "drivers", "--seconds", "1", "--rounds", "1", "--no-ros", "--json", str(file)])
    text = capsys.readouterr().out
    figures = json.loads(file.read_text())
    assert (figures["plates"], figures["buses"], figures["goal"]) == (306, 10, 0.15)
    for name in ("lines", "records", "baseline"):
        assert f"{100 * figures['core_share'][name]:6.2f} %" in text
    assert status == (figures["core_share"]["lines"] > 0.15)

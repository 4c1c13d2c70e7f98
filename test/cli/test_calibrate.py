"""Calibration on the port itself: a simulated board on a pseudo-terminal, and somebody who handles the weights."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import pytest
import yaml

from just_walk_out.cli.main import main
from just_walk_out.simulation.boards import BusBoards
from just_walk_out.simulation.line import SerialLine

PLATE = "g4/s1/p2"
TRUE_SCALE = 1.07  # the cell is so much stiffer than described
TICK = 0.1


class Shelf(threading.Thread):
    """Boards of a bus in real time; the load of one plate follows what the calibration asks for."""

    def __init__(self, store, bus, line):
        super().__init__(daemon=True)
        self._boards = BusBoards(store, store.bus[bus], "quiet", 3)
        plates = [channel.plate for channel in store.bus[bus].channels]
        self.initial_weight = dict.fromkeys(plates, 0.0)
        self.handlings = []
        self.line, self._over = line, threading.Event()

    def put(self, weight):
        for board in self._boards.boards:
            group = board._group
            if PLATE in group.plates:
                group._resting(self)[group.plates.index(PLATE)] = weight / TRUE_SCALE

    def run(self):
        began = time.monotonic()
        while not self._over.wait(TICK):
            self.line.send(self._boards.advance(time.monotonic() - began, self, None))

    def end(self):
        self._over.set()
        self.join()
        self.line.unplug()


@pytest.fixture
def port(demo_store, tmp_path):
    line = SerialLine(tmp_path / "port", demo_store.bus["bus_b"].baudrate)
    line.plug()
    shelf = Shelf(demo_store, "bus_b", line)
    shelf.start()
    yield shelf
    shelf.end()


@pytest.fixture
def calibrate(demo_path, tmp_path, capsys):
    def run(*arguments):
        given = ["calibrate", arguments[0], str(demo_path), "--state-dir", str(tmp_path / "state"), *arguments[1:]]
        status = main(given)
        out, err = capsys.readouterr()
        return status, out, err

    run.direct = ("--direct", "--port", str(tmp_path / "port"), "--timeout", "30")
    run.kept = tmp_path / "state" / "calibration" / "bus_b.yaml"
    return run


def follow(port, monkeypatch):
    """Handle the weights as told, from the prompts that a person would read."""
    import builtins

    real = builtins.print

    def read(*words, **options):
        told = re.search(r": (take|put ([0-9.]+) kg)", str(words[0]) if words else "")
        if told:
            port.put(float(told[2] or 0))
        real(*words, **options)

    monkeypatch.setattr(builtins, "print", read)


def test_a_known_weight_gives_zero_and_scale_that_are_kept(port, calibrate, demo_store, monkeypatch):
    follow(port, monkeypatch)
    status, out, err = calibrate(
        "scale", "--plate", PLATE, "--weight", "2.0", "--weight", "5", "--hands-free", *calibrate.direct
    )
    assert (status, err) == (0, "")
    assert out.count(" counts, +-") == 4 and "+7.0" in out and "largest residual 0." in out
    kept = yaml.safe_load(calibrate.kept.read_text())["plates"]
    described = next(channel for channel in demo_store.bus["bus_b"].channels if channel.plate == PLATE)
    assert list(kept) == [PLATE]
    assert kept[PLATE]["scale"] == pytest.approx(TRUE_SCALE * described.scale, rel=2e-3)
    status, out, _ = calibrate("show", "--plate", PLATE)
    assert status == 0 and kept[PLATE]["changed"] in out


def test_a_person_at_a_terminal_is_led_through_it(port, demo_path, tmp_path):
    """The command on a terminal of its own: each prompt waits for Enter."""
    master, slave = os.openpty()
    command = [sys.executable, "-c", "import sys; sys.path[:] = filter(None, sys.path); "
               "from just_walk_out.cli.main import main; raise SystemExit(main())",
               "calibrate", "scale", str(demo_path), "--plate", PLATE, "--weight", "2.0", "--dry-run",
               "--state-dir", str(tmp_path / "state"), "--direct", "--port", str(tmp_path / "port")]  # fmt: skip
    running = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    seen, answered = "", 0
    with contextlib.suppress(OSError):  # the terminal hangs up at the end
        while data := os.read(master, 4096):
            seen += data.decode()
            prompts = re.findall(r": (take|put ([0-9.]+) kg)[^\n]*press Enter ", seen)
            for _, weight in prompts[answered:]:
                port.put(float(weight or 0))
                os.write(master, b"\n")
            answered = len(prompts)
    os.close(master)
    assert running.wait(20) == 0, seen
    assert answered == 3 and "+7.0" in seen and "nothing kept: --dry-run" in seen
    assert not (tmp_path / "state" / "calibration").exists()


def test_tare_of_a_bus_and_of_one_plate(port, calibrate, demo_store):
    count = len(demo_store.bus["bus_b"].channels)
    status, out, err = calibrate("tare", "--bus", "bus_b", *calibrate.direct)
    assert (status, err) == (0, "") and f"bus bus_b: {count} plates zeroed" in out
    before = yaml.safe_load(calibrate.kept.read_text())["plates"]
    assert len(before) == count and not any("scale" in each for each in before.values())
    port.put(1.0)
    status, out, err = calibrate("tare", "--plate", PLATE, *calibrate.direct)
    assert (status, err) == (0, "")
    after = yaml.safe_load(calibrate.kept.read_text())["plates"]
    moved = {plate for plate in after if after[plate]["zero"] != before[plate]["zero"]}
    assert moved == {PLATE}
    assert (after[PLATE]["zero"] - before[PLATE]["zero"]) * after[PLATE]["scale"] == pytest.approx(
        1 / TRUE_SCALE, abs=0.01
    )


def test_a_weight_that_is_not_put_on_ends_in_one_line_and_keeps_nothing(port, calibrate):
    status, _, err = calibrate("scale", "--plate", PLATE, "--weight", "2", "--hands-free", *calibrate.direct[:-1], "6")
    assert status == 1
    assert err == f"jwo calibrate: plate {PLATE} gave no reading at rest within 6 s: the load stayed the same\n"
    assert not calibrate.kept.exists()


def test_a_port_that_is_not_there_ends_in_one_line(calibrate):
    status, out, err = calibrate("tare", "--bus", "bus_b", *calibrate.direct[:-1], "0.3")
    assert "waiting for it for up to 0.3 s" in out and "Errno" not in out + err
    assert status == 1 and err.count("\n") == 1 and "gave no reading at rest within 0.3 s" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scale", "--weight", "1", "--hands-free"), "--plate is needed"),
        (("scale", "--plate", "g9/s9/p9", "--weight", "1"), "--plate: expected a plate of the store's buses, got"),
        (("scale", "--plate", PLATE), "--weight is needed"),
        (("scale", "--plate", PLATE, "--weight", "-1"), "--weight is needed: a known weight in kilograms, above 0"),
        (("scale", "--plate", PLATE, "--weight", "1"), "no terminal to press Enter at; give --hands-free"),
        (("tare", "--port", "/dev/ttyUSB0"), "--port is that of one bus: give --bus or --plate, too"),
        (("show", "--plate", "g9/s9/p9"), "--plate: expected a plate of the store's buses, got"),
        (("show", "--bus", "bus_z"), "--bus: expected one of bus_a, bus_b, bus_c, bus_d, got 'bus_z'"),
        (("tare", "--bus", "bus_a", "--plate", PLATE), f"--plate {PLATE} is on bus_b, not on bus_a"),
        (("tare", "--bus", "bus_z"), "--bus: expected one of bus_a, bus_b, bus_c, bus_d, got 'bus_z'"),
    ],
)
def test_wrong_arguments_end_in_one_line(calibrate, arguments, message):
    status, _, err = calibrate(*arguments)
    assert status == 1 and message in err and err.count("\n") == 1


def test_a_wrong_file_is_named(calibrate):
    calibrate.kept.parent.mkdir(parents=True)
    shutil.copyfile(__file__, calibrate.kept)
    status, _, err = calibrate("show")
    assert status == 1 and str(calibrate.kept) in err and err.count("\n") == 1

"""Real processes; every wait is for something that must happen, and bounded."""

import os
import sys
import time

import pytest

from just_walk_out.supervisor import Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
LIMIT = 15.0


def eventually(condition):
    deadline = time.monotonic() + LIMIT
    while not (value := condition()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)
    return value


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def lines():
    return []


@pytest.fixture
def supervisor(tmp_path, lines):
    made = Supervisor(tmp_path / "logs", {"JWO_TEST": "yes"}, lines.append)
    yield made
    made.stop(timeout=1.0)


def test_a_killed_child_comes_back_as_another_process(supervisor, lines):
    supervisor.start("a", SLEEP)
    first = supervisor.pid("a")
    supervisor.kill("a")
    second = eventually(lambda: supervisor.pid("a") not in (None, first) and supervisor.pid("a"))
    assert not alive(first)
    assert alive(second)
    assert supervisor.children["a"].starts == 2
    assert "a: ended with status -9" in lines[0]


def test_a_child_with_a_wrong_configuration_is_given_up(supervisor, lines):
    supervisor.start("a", [sys.executable, "-c", "raise SystemExit(2)"])
    eventually(supervisor.failed)
    assert supervisor.failed() == ["a"]
    assert supervisor.children["a"].starts == 1
    assert "configuration" in lines[0]


def test_the_wait_between_restarts_grows(supervisor, lines):
    supervisor.start("a", [sys.executable, "-c", "raise SystemExit(1)"])
    eventually(lambda: len(lines) >= 2)
    assert "in 0.5 s" in lines[0]
    assert "in 1.0 s" in lines[1]


def test_a_child_that_does_not_respawn_ends_once(supervisor):
    supervisor.start("a", [sys.executable, "-c", "raise SystemExit(3)"], respawn=False)
    assert supervisor.wait("a", LIMIT) == 3
    assert supervisor.pid("a") is None
    assert supervisor.failed() == []


def test_waiting_for_a_child_that_goes_on_gives_none(supervisor):
    supervisor.start("a", SLEEP)
    assert supervisor.wait("a", 0.05) is None


def test_stopping_is_a_signal_that_a_child_may_answer(supervisor, tmp_path):
    code = (
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit('bye'))\n"
        "print('up', flush=True)\ntime.sleep(60)"
    )
    supervisor.start("a", [sys.executable, "-c", code])
    log = tmp_path / "logs" / "a.log"
    eventually(lambda: "up" in log.read_text())
    supervisor.stop(timeout=LIMIT)
    assert log.read_text().split() == ["up", "bye"]
    assert supervisor.pid("a") is None


def test_a_child_that_is_stopped_before_it_listens_says_nothing(supervisor, tmp_path):
    supervisor.start("a", [sys.executable, "-c", "print('up', flush=True)\nwhile True: pass"])
    log = tmp_path / "logs" / "a.log"
    eventually(lambda: "up" in log.read_text())
    supervisor.stop(timeout=LIMIT)
    assert log.read_text() == "up\n"


def test_a_stubborn_child_is_killed(supervisor, tmp_path):
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"
    supervisor.start("a", [sys.executable, "-c", code])
    eventually(lambda: "up" in (tmp_path / "logs" / "a.log").read_text())
    pid = supervisor.pid("a")
    supervisor.stop(timeout=0.2)
    assert not alive(pid)
    assert supervisor.children["a"].starts == 1


def test_one_child_is_stopped_for_good_and_the_others_go_on(supervisor):
    supervisor.start("a", SLEEP)
    supervisor.start("b", SLEEP)
    supervisor.stop(["a"], timeout=LIMIT)
    supervisor.kill("b")
    eventually(lambda: supervisor.children["b"].starts == 2)
    assert supervisor.pid("a") is None
    assert supervisor.children["a"].starts == 1


def test_a_child_stopped_while_it_waits_for_its_restart_stays_away(supervisor, lines):
    supervisor.start("a", [sys.executable, "-c", "raise SystemExit(1)"])
    eventually(lambda: lines)
    supervisor.stop(["a"])
    starts = supervisor.children["a"].starts
    # another child that dies and comes back twice shows that the watch has gone on for longer than the wait
    supervisor.start("b", [sys.executable, "-c", "raise SystemExit(1)"])
    eventually(lambda: supervisor.children["b"].starts >= 3)
    assert supervisor.children["a"].starts == starts


def test_children_get_the_environment(supervisor, tmp_path):
    code = "import os; print(os.environ['JWO_TEST'])"
    supervisor.start("a", [sys.executable, "-c", code], respawn=False)
    assert supervisor.wait("a", LIMIT) == 0
    assert (tmp_path / "logs" / "a.log").read_text() == "yes\n"


def test_a_command_that_does_not_exist_is_an_error_at_once(supervisor):
    with pytest.raises(FileNotFoundError):
        supervisor.start("a", ["/no/such/program"])

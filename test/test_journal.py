import sqlite3
import subprocess
import sys

import pytest

from just_walk_out.journal import Journal
from just_walk_out.records import Alert, CodeScan, Severity


def alert(n):
    return Alert(n, f"a{n}", Severity.WARNING, "kind", "source", "text ü")


def test_records_come_back_in_the_order_they_were_written(tmp_path):
    journal = Journal(tmp_path / "deep" / "er" / "j.sqlite")
    for n in (3, 1, 2):
        assert journal.append(alert(n), f"a{n}", n)
    journal.close()
    assert list(Journal(tmp_path / "deep" / "er" / "j.sqlite").read(Alert)) == [alert(3), alert(1), alert(2)]


def test_a_known_id_is_refused_within_its_class_only():
    journal = Journal()
    assert journal.append(alert(1), "x", 1)
    assert not journal.append(alert(2), "x", 2)
    assert journal.append(CodeScan(1, "g", "c"), "x", 1)
    assert list(journal.read(Alert)) == [alert(1)]
    assert journal.has(Alert, "x")
    assert not journal.has(Alert, "y")


def test_what_was_appended_survives_a_killed_process(tmp_path):
    path = tmp_path / "j.sqlite"
    code = f"""
import os, signal
from pathlib import Path
from just_walk_out.journal import Journal
from just_walk_out.records import CodeScan
journal = Journal(Path({str(path)!r}))
for n in range(20):
    assert journal.append(CodeScan(n, "g", str(n)), str(n), n)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=60, capture_output=True)
    assert ended.returncode == -9, ended.stderr.decode()
    journal = Journal(path)
    assert [scan.stamp for scan in journal.read(CodeScan)] == list(range(20))
    assert not journal.append(CodeScan(5, "g", "5"), "5", 5)


def test_what_is_appended_in_a_transaction_is_there_altogether_or_not_at_all(tmp_path):
    journal = Journal(tmp_path / "j.sqlite")
    with journal.transaction():
        assert journal.append(alert(1), "a1", 1) and journal.has(Alert, "a1")
        assert journal.append(alert(2), "a2", 2)
    with pytest.raises(KeyboardInterrupt), journal.transaction():
        journal.append(alert(3), "a3", 3)
        raise KeyboardInterrupt
    assert not journal.has(Alert, "a3") and journal.append(alert(4), "a4", 4)
    code = f"""
import os, signal
from pathlib import Path
from just_walk_out.journal import Journal
from just_walk_out.records import CodeScan
journal = Journal(Path({str(tmp_path / "j.sqlite")!r}))
with journal.transaction():
    journal.append(CodeScan(1, "g", "1"), "1", 1)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=60).returncode == -9
    later = Journal(tmp_path / "j.sqlite")
    assert list(later.read(Alert)) == [alert(1), alert(2), alert(4)] and not list(later.read(CodeScan))


def test_a_file_that_is_no_journal_is_an_error_and_stays_as_it_is(tmp_path):
    path = tmp_path / "j.sqlite"
    path.write_bytes(b"not a database, but longer than a page header " * 100)
    before = path.read_bytes()
    with pytest.raises(sqlite3.DatabaseError, match=r"j\.sqlite: .*not a database"):
        Journal(path)
    assert path.read_bytes() == before


def test_what_is_recent_is_a_week_back_from_what_was_written_last():
    journal = Journal()
    assert list(journal.recent(Alert)) == [] == journal.last(Alert, 3)
    day = 24 * 3600 * 1_000_000_000
    for number in (0, 2, 99, 7, 8):  # a clock that ran ahead for a while hides nothing
        journal.append(alert(number * day), f"a{number}", number * day)
    assert [each.stamp // day for each in journal.recent(Alert)] == [2, 99, 7, 8]
    assert [each.stamp // day for each in journal.last(Alert, 3)] == [99, 7, 8]
    assert list(journal.recent(CodeScan)) == []


def test_two_processes_may_write_one_after_the_other(tmp_path):
    first, second = Journal(tmp_path / "j.sqlite"), Journal(tmp_path / "j.sqlite")
    assert first.append(alert(1), "a1", 1)
    assert not second.append(alert(1), "a1", 1)
    assert second.append(alert(2), "a2", 2)
    assert list(first.read(Alert)) == [alert(1), alert(2)]

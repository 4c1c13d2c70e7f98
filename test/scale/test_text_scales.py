"""Scales that speak in lines: what their lines mean, whatever is between them and however they are cut."""

import math

import pytest
from buses import SECOND, STORE, T0, text_bus
from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.records import PlateStatus
from just_walk_out.scale.driver import LoadCellDriver
from just_walk_out.scale.protocols import make_parser

OK, NO_VALUE, SATURATED, FAULT = range(4)
TEXTS = {
    "mt_sics": [
        ("S S     100.00 g", OK, 0.1),
        ("S D     129.07 g", OK, 0.12907),
        ("S S      -5.25 g", OK, -0.00525),
        ("S S     1.5000 kg", OK, 1.5),
        ("S I", NO_VALUE, None),
        ("S +", SATURATED, None),
        ("S -", SATURATED, None),
        ("S S Error 10b", FAULT, None),
        ("ES", FAULT, None),
        ("ET", FAULT, None),
        ("EL", FAULT, None),
    ],
    "and_stream": [
        ("ST,NT,+0012.34kg", OK, 12.34),
        ("US,GS,-0000.50kg", OK, -0.5),
        ("ST,GS,+00123.4 g", OK, 0.1234),
        ("ST,+00123.4  g", OK, 0.1234),
        ("ST,NT,+  12.34 kg", OK, 12.34),
        ("ST,GS,   0.120,kg", OK, 0.12),
        ("ST,GS,+0002.00lb", OK, 0.90718474),
        ("OL,GS,+9999.99kg", SATURATED, None),
        ("OL,+9999999E+19", SATURATED, None),
        ("LO,GS,-0000.00kg", SATURATED, None),
        ("QT,+00000012 PC", FAULT, None),
        ("ST,TR,+0001.20kg", FAULT, None),
        ("EC,E01", FAULT, None),
    ],
}
CASES = [(protocol, *case) for protocol, cases in TEXTS.items() for case in cases]
SENT = {
    "mt_sics": b"".join(b"S %c %10.1f g\r\n" % (b"SD"[k % 2], 100.0 + k) for k in range(8)),
    "and_stream": b"".join(b"%s,NT,+%07.3fkg\r\n" % (b"US" if k % 2 else b"ST", 1.0 + k / 1000) for k in range(8)),
}


def read(parser, data, arrival=T0):
    return [(int(frame.status[0]), float(frame.counts[0, 0])) for frame in parser.feed(data, arrival)]


@pytest.mark.parametrize(("protocol", "line", "status", "kilograms"), CASES)
def test_a_line_means_what_the_manual_says(protocol, line, status, kilograms):
    ((got, value),) = read(make_parser(text_bus(protocol)), line.encode() + b"\r\n")
    assert got == status
    assert math.isnan(value) if kilograms is None else value == pytest.approx(kilograms)


@pytest.mark.parametrize(
    ("protocol", "line"),
    [
        ("mt_sics", "S S 100.00"),
        ("mt_sics", "S X     100.00 g"),
        ("mt_sics", "S S     1.2.3 g"),
        ("mt_sics", "S S    10 0.0 g"),
        ("mt_sics", "00.00 g"),
        ("and_stream", "ST,NT,+0012.34kg7"),
        ("and_stream", "ST,NT,+00E2.34kg"),
        ("and_stream", "ST,NT,+0012.3E4kg"),
        ("and_stream", "NT,+0012.34kg"),
    ],
)
def test_a_line_that_makes_no_sense_is_counted_and_is_no_reading(protocol, line):
    parser = make_parser(text_bus(protocol))
    assert read(parser, line.encode() + b"\r\n") == []
    assert parser.counts.framing_errors == 1


@pytest.mark.parametrize("protocol", TEXTS)
@given(st.lists(st.binary(max_size=80), max_size=20))
def test_no_bytes_whatever_stop_the_parser(protocol, chunks):
    parser = make_parser(text_bus(protocol))
    for number, chunk in enumerate(chunks):
        parser.feed(chunk, T0 + number)
        parser.poll(T0 + number)
    assert parser.counts.bytes == sum(map(len, chunks))
    parser.feed(b"\r\n", T0)
    before = parser.counts.frames
    # Three lines of one length are believed, whatever lengths came before.
    readings = [read(parser, SENT[protocol][: len(SENT[protocol]) // 8], T0) for _ in range(3)]
    assert readings[-1] and parser.counts.frames > before


@pytest.mark.parametrize("protocol", TEXTS)
@given(st.sets(st.integers(1, 140)), st.lists(st.binary(max_size=30).filter(lambda b: b"\n" not in b), max_size=4))
def test_readings_are_the_same_however_the_bytes_are_cut_and_garbage_lies_between(protocol, cuts, garbage):
    data = b"".join(piece + b"\n" for piece in garbage if not piece.strip()) + SENT[protocol]
    whole = read(make_parser(text_bus(protocol)), data)
    assert len(whole) == 8
    parser, got, last = make_parser(text_bus(protocol)), [], 0
    for cut in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
        got += read(parser, data[last:cut])
        last = cut
    assert got == whole
    size = len(SENT[protocol]) // 8
    lines = [SENT[protocol][k : k + size] for k in range(0, len(SENT[protocol]), size)]
    spoiled = lines[0] + b"".join(piece + b"\r\n" for piece in garbage) + b"".join(lines[1:])
    assert read(make_parser(text_bus(protocol)), spoiled)[-7:] == whole[-7:]


@pytest.mark.parametrize("protocol", TEXTS)
def test_what_a_pause_cut_in_two_is_not_put_together(protocol):
    """The port was pulled in the middle of a line: its rest must not become the head of another one."""
    parser = make_parser(text_bus(protocol))
    size = len(SENT[protocol]) // 8
    assert len(read(parser, SENT[protocol][:size])) == 1
    assert read(parser, SENT[protocol][: size // 2]) == []
    assert read(parser, SENT[protocol][size // 2 : size], T0 + SECOND) == []
    assert parser.counts.framing_errors == 2
    assert len(read(parser, SENT[protocol][:size], T0 + SECOND)) == 1


@pytest.mark.parametrize("protocol", TEXTS)
def test_a_line_that_lost_a_digit_is_not_believed_but_a_new_format_is(protocol):
    parser = make_parser(text_bus(protocol))
    size = len(SENT[protocol]) // 8
    line = SENT[protocol][:size]
    digit = next(k for k in range(size) if line[k : k + 1].isdigit())
    short = line[:digit] + line[digit + 1 :]
    assert [len(read(parser, piece)) for piece in (line, short, line, short, short, short)] == [1, 0, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("protocol", "line", "says"),
    [
        ("mt_sics", b"S S        3.0 pcs\r\n", "pcs"),
        ("and_stream", b"QT,+00000012 PC\r\n", "PC"),
        ("and_stream", b"ST,GS,+00000012\r\n", "no unit"),
    ],
)
def test_an_unknown_unit_gives_one_notice_and_faulty_plates(protocol, line, says):
    driver = LoadCellDriver(text_bus(protocol), STORE)
    batches = [batch for n in range(5) for batch in driver.feed(T0 + n * SECOND // 10, line)]
    notices = driver.take_notices()
    assert len(batches) == 5
    assert all(batch.status == (PlateStatus.FAULT,) and math.isnan(batch.weights[0]) for batch in batches)
    (notice,) = notices
    assert says in notice and "bus" in notice and "\n" not in notice
    assert driver.take_notices() == []


def test_what_the_scale_says_about_itself_is_the_status_of_its_plate():
    driver = LoadCellDriver(text_bus("mt_sics"), STORE)
    lines = (b"S S     100.0 g", b"S D     101.0 g", b"S +", b"ES", b"S I")
    batches = [b for n, line in enumerate(lines) for b in driver.feed(T0 + n * SECOND // 10, line + b"\r\n")]
    names = [batch.status[0].name for batch in batches]
    assert names == ["OK", "OK", "SATURATED", "FAULT", "STALE"]
    assert all(math.isnan(batch.weights[0]) for batch in batches[2:])
    assert driver.health(T0 + SECOND).counts.refusals == 1


def test_a_reading_is_as_old_as_its_bytes_took_and_three_at_once_came_one_after_the_other():
    driver = LoadCellDriver(text_bus("mt_sics", latency=0.02), STORE)
    line = b"S S     100.00 g\r\n"
    bits = 10 * len(line)
    (batch,) = driver.feed(T0, line)
    assert T0 - batch.stamp == pytest.approx(bits / 9600 * 1e9 + 20e6, abs=1e5)
    late = driver.feed(T0 + 7 * SECOND // 10, 3 * line)
    assert [round((b.stamp - batch.stamp) / 1e6) for b in late] == [519, 619, 700]
    assert all(b.lost == 4 for b in late)


def talk(parser, seconds, answers=lambda data: b"", step=0.005, start=T0):
    """Let a scale be asked for some seconds; return the stamps and bytes of what was written, and the readings."""
    written, readings, coming = [], [], []
    for tick in range(round(seconds / step)):
        now = start + round(tick * step * SECOND)
        data = b"".join(answer for at, answer in coming if at <= now)
        coming = [(at, answer) for at, answer in coming if at > now]
        readings += read(parser, data, now)
        poll = parser.poll(now)
        assert poll.due is None or poll.due > now
        if poll.data:
            written.append(((now - start) / SECOND, poll.data))
            coming.append((now + SECOND // 50, answers(poll.data)))
    return written, readings


def test_a_polled_scale_is_asked_at_its_rate():
    parser = make_parser(text_bus("mt_sics", polled=True, rate=8.0))
    written, readings = talk(parser, 4.0, lambda data: b"S D      12.50 g\r\n")
    assert {data for _, data in written} == {b"SI\r\n"}
    assert len(written) == pytest.approx(32, abs=1) and len(readings) == pytest.approx(32, abs=1)
    assert parser.counts.timeouts == 0


def test_a_polled_scale_that_is_absent_is_asked_less_often_and_found_again():
    parser = make_parser(text_bus("and_stream", polled=True))
    written, readings = talk(parser, 20.0)
    assert readings == [] and parser.counts.timeouts == pytest.approx(len(written), abs=1)
    assert 15 <= len(written) <= 25
    _, readings = talk(parser, 5.0, lambda data: b"ST,GS,+0001.00kg\r\n", start=T0 + 20 * SECOND)
    assert 40 <= len(readings) <= 50


@pytest.mark.parametrize(("polled", "least"), [(True, 40), (False, 2)])
def test_a_clock_that_is_set_back_stops_nothing(polled, least):
    parser = make_parser(text_bus("mt_sics", polled=polled))
    talk(parser, 2.0)
    written, _ = talk(parser, 10.0, lambda data: b"S D      12.50 g\r\n", start=T0 - 3600 * SECOND)
    assert len(written) >= least


def test_a_scale_is_started_and_started_again_when_it_falls_silent_or_was_switched_off():
    parser = make_parser(text_bus("mt_sics"))
    assert parser.poll(T0).data == b"SIR\r\n"
    for tenth in range(30):
        now = T0 + tenth * SECOND // 10
        parser.feed(b"S S     100.00 g\r\n", now)
        assert parser.poll(now).data == b""
    poll = parser.poll(now)
    assert parser.poll(poll.due).data == b"SIR\r\n" and poll.due - now == 2 * SECOND
    parser.feed(b'I4 A "0123456789"\r\n', now + 3 * SECOND)
    assert parser.poll(now + 3 * SECOND).data == b"SIR\r\n"


def test_a_stream_that_is_set_on_the_scale_is_only_listened_to():
    poll = make_parser(text_bus("and_stream")).poll(T0)
    assert poll.data == b"" and poll.due is None


@pytest.mark.parametrize(
    ("protocol", "command", "bytes_", "answer", "outcome"),
    [
        ("mt_sics", "zero", b"Z\r\n", b"Z A\r\n", "zero: done"),
        ("mt_sics", "zero", b"Z\r\n", b"Z +\r\n", "zero: refused"),
        ("mt_sics", "tare", b"T\r\n", b"T S     100.00 g\r\n", "tare: done"),
        ("mt_sics", "tare", b"T\r\n", b"ES\r\n", "tare: refused"),
        ("and_stream", "zero", b"Z\r\n", b"Z\r\n", "zero: done"),
        ("and_stream", "tare", b"T\r\n", b"\x06\r\n", "tare: done"),
    ],
)
def test_a_scale_is_zeroed_and_tared_and_its_readings_do_not_count_meanwhile(
    protocol, command, bytes_, answer, outcome
):
    parser = make_parser(text_bus(protocol))
    parser.poll(T0)
    parser.request(command)
    assert parser.poll(T0 + 1).data == bytes_ and parser.outcome == f"{command}: asked"
    size = len(SENT[protocol]) // 8
    assert [status for status, _ in read(parser, SENT[protocol][:size])] == [NO_VALUE]
    assert read(parser, answer) == [] and parser.outcome == outcome
    assert [status for status, _ in read(parser, SENT[protocol][:size])] == [OK]


def test_a_command_without_an_answer_is_given_up():
    parser = make_parser(text_bus("and_stream"))
    parser.request("tare")
    assert parser.poll(T0).data == b"T\r\n"
    parser.poll(T0 + 16 * SECOND)
    assert parser.outcome == "tare: no answer"

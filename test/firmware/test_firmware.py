"""The example firmware, compiled here: its bytes through the real parser, its sketch on simulated converters."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.scale.protocols.board import BoardParser

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "firmware" / "hx711_board"
COMPILER = shutil.which("c++")
SHAPES = ((1, 2), (4, 6), (32, 64))
CHANNELS, SAMPLES, PERIOD = 6, 6, 16_667

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C++ compiler: c++ is not there")


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    folder = tmp_path_factory.mktemp("firmware")

    def compile_one(name):
        program = folder / name
        flags = ["-std=c++11", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined,address", "-g"]
        command = [COMPILER, *flags, f"-I{FIRMWARE}", f"-I{HERE}", str(HERE / f"{name}.cpp"), "-o", str(program)]
        subprocess.run(command, check=True)
        return program

    return compile_one


@pytest.fixture(scope="module")
def frames_program(build):
    return build("frames")


@pytest.fixture(scope="module")
def sketch(build):
    program = build("run_sketch")

    def run(seconds, *arguments, upstream=b""):
        done = subprocess.run([program, str(seconds), *arguments], input=upstream, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        parser = BoardParser()
        return parser.feed(done.stdout), parser.counts

    return run


def test_the_check_value_of_the_checksum_is_the_published_one(frames_program):
    assert subprocess.check_output([frames_program, "crc", "123456789"], text=True) == "29b1\n"


def test_the_documented_example_is_made_byte_by_byte(frames_program):
    """It is number 7 of its board, so seven others go before it."""
    text = "0 11 16667\n" + "0 1 0 0\n" * 7 + "1000000 2 0 1000 0 1001\n"
    made = subprocess.check_output([frames_program], text=True, input=text).split()
    chapter = (FIRMWARE.parents[1] / "docs" / "scales.md").read_text()
    (line,) = re.findall(r"^on the line:\n((?:[0-9a-f]{2} )+00)$", chapter, re.MULTILINE)
    assert made[7] == line.replace(" ", "")


COUNTS = st.one_of(st.integers(-(2**31), 2**31 - 1), st.sampled_from([0, -1, 1, 255, 256, 0x7FFFFF, -0x800000]))


@st.composite
def streams(draw):
    shape = draw(st.integers(0, 2))
    channels, most = SHAPES[shape]
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(draw(st.integers(1, 4))):
        samples = draw(st.integers(1, most))
        # a few counts are chosen, the rest drawn: 64 x 32 choices are too many
        table = rng.integers(-(2**31), 2**31, (samples, channels)) * (rng.random((samples, channels)) < 0.7)
        table[0, 0], table[-1, -1] = draw(COUNTS), draw(COUNTS)
        frames.append((draw(st.integers(0, 2**32 - 1)), table, rng.integers(0, 4, (samples, channels))))
    return shape, draw(st.integers(0, 255)), draw(st.integers(1, 65535)), frames


@settings(max_examples=40, deadline=None)
@given(streams())
def test_whatever_is_sent_is_what_the_parser_reads(frames_program, stream):
    shape, address, period, frames = stream
    lines = [f"{shape} {address} {period}"]
    for time, table, status in frames:
        cells = np.stack((status, table), axis=2).reshape(-1).tolist()
        lines.append(f"{time} {len(table)} " + " ".join(map(str, cells)))
    out = subprocess.check_output([frames_program], text=True, input="\n".join(lines))
    sent = [bytes.fromhex(line) for line in out.split()]
    assert all(frame.count(0) == 1 and frame[-1] == 0 for frame in sent)
    parser = BoardParser()
    read = parser.feed(b"".join(sent))
    assert (parser.counts.crc_errors, parser.counts.framing_errors, parser.counts.lost) == (0, 0, 0)
    assert [frame.sequence for frame in read] == list(range(len(frames)))
    worst = np.array([0, 2, 1, 3])  # of ok, no value, saturated, fault
    for frame, (time, table, status) in zip(read, frames, strict=True):
        assert (frame.board, frame.period_us, frame.time_us) == (address, period, time)
        assert np.array_equal(frame.counts, table)
        assert np.array_equal(worst[frame.status], worst[status].max(axis=0))


def test_the_sketch_sends_sixty_samples_a_second_of_every_converter(sketch):
    frames, counts = sketch(10)
    assert (counts.crc_errors, counts.framing_errors, counts.lost) == (0, 0, 0)
    assert len(frames) == pytest.approx(100, abs=2)
    assert {(frame.board, frame.period_us, len(frame.counts)) for frame in frames} == {(11, PERIOD, SAMPLES)}
    times = np.array([frame.time_us for frame in frames])
    assert set(np.diff(times) % 2**32) == {SAMPLES * PERIOD}, "also where the clock wraps"
    assert times.max() > 2**32 - 10**6 and times.min() < 10**6
    samples = np.concatenate([frame.counts for frame in frames])
    rising = np.diff(samples, axis=0)
    assert {0 <= step <= 3 for step in np.unique(rising)} == {True}
    assert np.array_equal(samples[-1] // 100_000, np.arange(CHANNELS))
    # 80 conversions a second, read 60 times: 1.33 apart on average
    assert rising.mean(axis=0) == pytest.approx(np.full(CHANNELS, 4 / 3), rel=0.05)
    assert not any(frame.status.any() for frame in frames[1:])


@pytest.mark.parametrize(
    ("state", "code"), [("absent", 1), ("high", 2), ("low", 2), ("shorted", 3), ("late", 1)], ids=lambda each: str(each)
)
def test_a_converter_that_is_not_well_is_said_and_the_others_go_on(sketch, state, code):
    frames, counts = sketch(4, f"chip=2:{state}")
    assert (counts.crc_errors, counts.framing_errors, counts.lost) == (0, 0, 0)
    assert len(frames) == pytest.approx(40, abs=2)
    for frame in frames[2:]:
        assert frame.status.tolist() == [0, 0, code, 0, 0, 0]
        assert (frame.counts[:, [0, 1, 3, 4, 5]] // 100_000 == [0, 1, 3, 4, 5]).all()
    if state in ("high", "low"):
        assert (frames[-1].counts[:, 2] == (0x7FFFFF if state == "high" else -0x800000)).all()


def test_a_loop_that_was_held_up_begins_a_new_frame_with_evenly_spaced_samples(sketch):
    frames, counts = sketch(4, "stall=1.55:0.3")
    assert (counts.crc_errors, counts.framing_errors, counts.lost) == (0, 0, 0)
    ends = [(frame.time_us + len(frame.counts) * PERIOD) % 2**32 for frame in frames]
    jumps = [(after.time_us - end) % 2**32 for end, after in zip(ends, frames[1:], strict=False)]
    (gap,) = [jump for jump in jumps if jump]
    assert gap % PERIOD == 0 and 280_000 <= gap <= 320_000
    assert min(len(frame.counts) for frame in frames) < SAMPLES


def test_frames_from_further_up_the_line_are_passed_on_whole(sketch, frames_program):
    text = "1 7 16667\n" + "\n".join(f"{100_000 * k} 6 " + "0 77 " * 24 for k in range(20))
    upstream = b"".join(map(bytes.fromhex, subprocess.check_output([frames_program], text=True, input=text).split()))
    frames, counts = sketch(4, upstream=b"\x55" * 700 + b"\0" + upstream)
    assert (counts.crc_errors, counts.framing_errors, counts.lost) == (0, 0, 0)
    relayed = [frame for frame in frames if frame.board == 7]
    assert [frame.sequence for frame in relayed] == list(range(20))
    assert all((frame.counts == 77).all() for frame in relayed)
    assert len([frame for frame in frames if frame.board == 11]) == pytest.approx(40, abs=2)


def test_all_converters_silent_are_switched_off_and_on_and_said(sketch):
    frames, _ = sketch(3, *(f"chip={k}:absent" for k in range(CHANNELS)))
    assert len(frames) == pytest.approx(30, abs=2)
    assert all((frame.status == 1).all() for frame in frames)

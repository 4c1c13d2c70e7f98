import itertools

import numpy as np
import pytest
from board_frames import crc_ccitt_false, encode
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf_signals import make_store

from just_walk_out.scale.protocols import make_parser
from just_walk_out.scale.protocols.board import MAX_ENCODED, BoardParser


def facts(frames):
    return [(f.board, f.sequence, f.time_us, f.period_us, f.status.tolist(), f.counts.tolist(), f.lost) for f in frames]


@st.composite
def streams(draw):
    """A run of good frames of one board, with the stretches of rubbish between them."""
    channels = draw(st.integers(1, 4))
    count = st.integers(-(2**31), 2**31 - 1)
    frames = []
    for sequence in range(draw(st.integers(1, 6))):
        rows = draw(st.lists(st.tuples(*[count] * channels), min_size=1, max_size=4))
        frames.append(encode(3, sequence, 1000 * sequence, 16667, (0,) * channels, rows))
    return frames


def test_the_check_value_of_the_checksum_is_the_published_one():
    assert crc_ccitt_false(b"123456789") == 0x29B1


def test_a_frame_comes_out_as_it_was_sent():
    data = encode(7, 513, 2**32 - 1, 12500, (0, 1, 2), ((1, 2, 3), (-(2**31), 2**31 - 1, 0)))
    (frame,) = BoardParser().feed(data)
    assert facts([frame]) == [
        (7, 513, 2**32 - 1, 12500, [0, 1, 2], [[1, 2, 3], [-(2**31), 2**31 - 1, 0]], 0)
    ]  # fmt: skip
    assert frame.counts.dtype == np.int32 and frame.counts.base is not None


@given(st.lists(st.binary(max_size=400), max_size=20))
def test_no_bytes_make_it_raise_or_keep_more_than_a_frame(chunks):
    parser = BoardParser()
    for chunk in chunks:
        parser.feed(chunk)
    parser.feed(b"\0")
    assert facts(parser.feed(encode(sequence=9)))[0][1] == 9


@given(streams(), st.data())
def test_the_frames_do_not_depend_on_where_the_bytes_are_cut(frames, data):
    rubbish = data.draw(st.lists(st.binary(max_size=30), min_size=len(frames), max_size=len(frames)))
    line = b"".join(noise + frame for noise, frame in zip(rubbish, frames, strict=True))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), max_size=12)))
    whole, parts = BoardParser(), BoardParser()
    expected = facts(whole.feed(line))
    got = [frame for a, b in zip([0, *cuts], [*cuts, len(line)], strict=True) for frame in parts.feed(line[a:b])]
    assert facts(got) == expected
    assert parts.counts == whole.counts


@given(streams(), st.data())
def test_intact_frames_between_broken_ones_are_all_recovered(frames, data):
    broken = data.draw(st.sets(st.integers(0, len(frames) - 1)))
    line = b""
    for index, frame in enumerate(frames):
        if index in broken:
            place = data.draw(st.integers(0, len(frame) - 2))
            bit = 1 << data.draw(st.integers(0, 7))
            frame = frame[:place] + bytes([frame[place] ^ bit]) + frame[place + 1 :]
        line += frame
    parser = BoardParser()
    got = [frame.sequence for frame in parser.feed(line)]
    assert got == [index for index in range(len(frames)) if index not in broken]
    lost = [index for index in broken if got and got[0] < index < got[-1]]
    assert parser.counts.lost == len(lost)
    assert parser.counts.crc_errors + parser.counts.framing_errors >= len(broken)


def test_half_a_frame_costs_that_frame_and_the_one_it_runs_into():
    parser = BoardParser()
    half = encode(sequence=0)[:10]
    assert [f.sequence for f in parser.feed(half + encode(sequence=1) + encode(sequence=2))] == [2]
    assert parser.counts.crc_errors + parser.counts.framing_errors == 1


def test_an_endless_run_without_a_zero_is_dropped_and_counted_once():
    parser = BoardParser()
    for _ in range(40):
        assert parser.feed(b"\x55" * (MAX_ENCODED // 10)) == []
    assert parser.counts.framing_errors == 1
    assert len(parser.feed(b"\0" + encode())) == 1


@pytest.mark.parametrize(
    "frame",
    [
        encode(version=2),
        encode(period_us=0),
        encode(status=(), counts=()),
        encode(status=(0,) * 33, counts=((0,) * 33,)),
        encode(status=(0,), counts=((1,),) * 65),
        encode(status=(0, 0), counts=((1, 2), (3,))),
    ],
    ids=["version", "period", "no channels", "channels", "samples", "length"],
)
def test_a_frame_with_a_good_checksum_that_is_none_is_a_framing_error(frame):
    parser = BoardParser()
    assert parser.feed(frame) == []
    assert (parser.counts.framing_errors, parser.counts.crc_errors) == (1, 0)


def numbers(parser, *sequences, board=1):
    return [
        (f.sequence, f.lost) for n in sequences for f in parser.feed(encode(board, n % 65536, (n * 100_000) % 2**32))
    ]


def test_missing_frames_are_counted_across_the_wrap():
    parser = BoardParser()
    assert numbers(parser, 65533, 65534, 65537, 65538) == [(65533, 0), (65534, 0), (1, 2), (2, 0)]
    assert parser.counts.lost == 2


def test_repeated_and_reordered_frames_are_dropped_and_counted():
    parser = BoardParser()
    assert numbers(parser, 1, 2, 2, 4, 3, 5, 5, 6) == [(1, 0), (2, 0), (4, 1), (5, 0), (6, 0)]
    assert (parser.counts.duplicates, parser.counts.reordered, parser.counts.lost) == (2, 1, 1)


def test_a_board_that_restarts_is_heard_again_at_once_or_after_a_few_frames():
    parser = BoardParser()
    assert [n for n, _ in numbers(parser, 5000, 5001, 0, 1)] == [5000, 5001, 0, 1]
    soon = BoardParser()
    assert [n for n, _ in numbers(soon, *range(10), 0, 1, 2, 3, 4)][-2:] == [3, 4]
    assert (parser.counts.restarts, soon.counts.restarts) == (1, 1)


def test_boards_of_one_line_are_counted_apart():
    parser = BoardParser()
    numbers(parser, 1, 2, board=1)
    numbers(parser, 700, 701, board=2)
    numbers(parser, 3, board=1)
    assert parser.counts.lost == 0


@settings(max_examples=30)
@given(st.permutations(range(12)))
def test_in_any_order_each_frame_comes_at_most_once_and_in_order_between_restarts(order):
    parser = BoardParser()
    got = [n for n, _ in numbers(parser, *order)]
    falls = sum(b <= a for a, b in itertools.pairwise(got))
    assert falls == parser.counts.restarts


def test_an_unknown_protocol_is_named():
    with pytest.raises(ValueError, match="'morse' is unknown, expected one of and_stream, board"):
        make_parser(make_store(protocol="morse").buses[0])

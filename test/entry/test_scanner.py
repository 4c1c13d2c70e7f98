from hypothesis import given
from hypothesis import strategies as st

from just_walk_out.entry.scanner import LineSplitter


def feed(data, cuts=(), limit=1024):
    splitter = LineSplitter(limit)
    lines, start = [], 0
    for end in [*sorted(cuts), len(data)]:
        lines += splitter.feed(data[start:end])
        start = end
    return lines, splitter.dropped


def test_lines_end_at_carriage_return_line_feed_or_both():
    assert feed(b"one\rtwo\nthree\r\n\r\nfour\x00rest")[0] == ["one", "two", "three", "four"]


def test_control_characters_and_blanks_around_are_removed():
    assert feed(b"\x02 JWO1.AB \x03\r\n")[0] == ["JWO1.AB"]


def test_bytes_that_are_no_text_do_not_stop_later_lines():
    lines, _ = feed(b"\xff\xfe\x80\nJWO1.AB\n")
    assert lines[-1] == "JWO1.AB"


def test_an_endless_line_is_dropped_and_the_next_is_read():
    lines, dropped = feed(b"x" * 5000 + b"\nnext\n", cuts=range(0, 5000, 7), limit=100)
    assert (lines, dropped) == (["next"], 1)


@given(st.binary(max_size=300), st.data())
def test_how_the_bytes_are_cut_does_not_matter(data, draw):
    cuts = draw.draw(st.lists(st.integers(0, len(data))))
    assert feed(data, cuts, limit=20) == feed(data, limit=20)

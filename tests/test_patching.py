"""Texts in place of others, in a stream: as if the whole had been patched at once."""

from hypothesis import example, given
from hypothesis import strategies as st

from boots.patching import Finder, Replacer, overlay

WANTED = b"abab"
TEXT = b"XYZ "
# Few letters, so that the text and beginnings of it are everywhere.
streams = st.lists(st.sampled_from([b"a", b"b", b"abab", b"c", b"aba"]), max_size=30).map(b"".join)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks, at = [], 0
    for size in sizes:
        chunks.append(data[at : at + size])
        at += size
    return [*chunks, data[at:]]


@given(streams, st.lists(st.integers(0, 7), max_size=20))
@example(b"ab" + b"abab", [1, 1, 1, 1, 1])
def test_any_chunks_give_what_the_whole_gives(data: bytes, sizes: list[int]) -> None:
    replacer = Replacer(WANTED, TEXT)
    out = b"".join([*(replacer.feed(chunk) for chunk in cut(data, sizes)), replacer.end()])

    assert data.replace(WANTED, TEXT) == out


@given(streams, st.lists(st.integers(0, 7), max_size=20), st.integers(0, 60), st.integers(0, 60))
def test_any_range_is_that_part_of_the_patched_whole(
    data: bytes, sizes: list[int], first: int, length: int
) -> None:
    finder = Finder(WANTED)
    for chunk in cut(data, sizes):
        finder.feed(chunk)
    part = data[first : first + length]

    whole = data.replace(WANTED, TEXT)
    assert whole[first : first + length] == overlay(part, first, finder.places, TEXT)


def test_no_more_is_held_than_could_be_a_beginning() -> None:
    replacer = Replacer(b"x" * 1024, b"y" * 1024)

    assert 10_000 - 1023 == len(replacer.feed(b"x" * 1023 + b"." * 8977))

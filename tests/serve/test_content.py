"""Content: what TFTP sends, prepared once for all who get it, in bounded memory."""

import gc
import os
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boots.policy.got import File, Script
from boots.serve import content as content_of
from boots.serve.content import Shelf
from boots.serve.prepared import Prepared
from boots.transfer import Blocks, Unprepared
from boots.wire import tftp

LATER = 1 << 62  # long after any file of a test has changed


def file(path: Path, content: bytes) -> File:
    path.write_bytes(content)
    return File(path.name, str(path))


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def settled(room: int = 64 << 20) -> Shelf:
    """A shelf for which no file has changed of late."""
    return Shelf(room, lambda: LATER)


def blocks_of(shelf: Shelf, what: File, blksize: int = 1000) -> Blocks:
    return shelf.blocks(shelf.take(what, "octet"), blksize)


def all_of(blocks: Blocks, blksize: int = 1000) -> bytes:
    """The content, out of its packets."""
    count, stride = blocks.size // blksize + 1, blksize + 4
    packets = bytes(blocks.packets(0, count))
    return b"".join(packets[at + 4 : at + stride] for at in range(0, len(packets), stride))


# --- files


def test_a_file_is_read_as_far_as_it_is_wanted(tmp_path: Path) -> None:
    blocks = blocks_of(settled(), file(tmp_path / "it", b"x" * 1_000_000))
    assert isinstance(blocks, Prepared)

    blocks.packets(0, 1)

    assert len(blocks.ready) == 262
    assert not blocks.is_whole
    assert all_of(blocks) == b"x" * 1_000_000
    assert blocks.is_whole


def test_those_who_get_the_same_file_share_it(tmp_path: Path) -> None:
    shelf, what = Shelf(), file(tmp_path / "it", b"one")
    before = open_files()
    first = shelf.take(what, "octet")

    assert shelf.take(what, "octet") is first
    assert open_files() == before + 1
    del first
    assert open_files() == before


def test_a_changed_file_is_another_one(tmp_path: Path) -> None:
    shelf = Shelf()
    first = shelf.take(file(tmp_path / "it", b"one"), "octet")
    second = shelf.take(file(tmp_path / "it", b"longer"), "octet")

    assert bytes(second.read(0, 6)) == b"longer"
    assert second is not first


def test_a_script_is_there_at_once() -> None:
    assert bytes(Shelf().take(Script("a\n", "osie"), "octet").read(0, 9)) == b"a\n"
    assert bytes(Shelf().take(Script("a\n", "osie"), "netascii").read(0, 9)) == b"a\r\n"


def test_a_folder_cannot_be_sent(tmp_path: Path) -> None:
    before = open_files()

    with pytest.raises(IsADirectoryError):
        Shelf().take(File("it", str(tmp_path)), "octet")
    assert open_files() == before


# --- prepared blocks


@settings(database=None, max_examples=60)
@given(
    size=st.integers(0, 40_000),
    blksize=st.sampled_from((8, 512, 1000, 1468)) | st.integers(8, 1468),
    window=st.sampled_from((1, 4, 64)),
    at=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 64)), max_size=5),
)
def test_prepared_blocks_are_what_they_would_be_if_made_for_each(
    size: int, blksize: int, window: int, at: list[tuple[int, int]]
) -> None:
    content, count = random.Random(size).randbytes(size), size // blksize + 1
    whole: list[Prepared] = []

    def read(start: int, end: int) -> bytes:
        return content[start:end]

    prepared = Prepared(size, read, blksize, window, whole.append)
    plain = Unprepared(size, read, blksize)

    for first, many in (*at, (0, count)):
        part = min(first, count - 1), min(min(first, count - 1) + many, count)
        assert bytes(prepared.packets(*part)) == plain.packets(*part)
    assert whole == [prepared]
    assert b"".join(packets for packets, _ in prepared.ready) == plain.packets(0, count)
    ends = [min(end, count) for end in range(window, count + window, window)]
    acks = [tftp.encode(tftp.Ack(end & 0xFFFF)) for end in ends[:-1]]
    assert [awaited for _, awaited in prepared.ready] == [*acks, None]


@pytest.mark.parametrize("window", [1, 4])
@pytest.mark.parametrize("blksize", [8, 512, 1468])
def test_prepared_blocks_take_no_more_memory_than_they_say(blksize: int, window: int) -> None:
    size = 40_000
    prepared = Prepared(size, lambda a, b: bytes(b - a), blksize, window, lambda _: None)
    prepared.packets(0, size // blksize + 1)

    held = sum(
        sum(map(sys.getsizeof, (each, *each))) + 8 + 3 * 16  # its place, and the gaps of malloc
        for each in prepared.ready
    )
    assert held <= prepared.room == Prepared.room_for(size, blksize, window)


def test_blocks_are_numbered_from_one_and_wrap_to_zero() -> None:
    blocks = Unprepared(70_000 * 8, lambda start, end: bytes(end - start), 8)
    packets = blocks.packets(65_534, 65_537)

    numbers = [tftp.decode(packets[at : at + 12]) for at in (0, 12, 24)]
    assert numbers == [tftp.Data(number, bytes(8)) for number in (65_535, 0, 1)]


def test_a_file_is_read_once_for_all_its_transfers(tmp_path: Path) -> None:
    shelf, what = settled(), file(tmp_path / "it", b"x" * 5000)
    first = blocks_of(shelf, what)
    assert all_of(first) == b"x" * 5000
    before = open_files()
    kept = id(first)
    del first

    again = blocks_of(shelf, what)

    assert id(again) == kept
    assert isinstance(again, Prepared)
    assert again.is_whole
    assert open_files() == before


def test_what_is_not_read_to_its_end_is_not_kept(tmp_path: Path) -> None:
    shelf, what = settled(), file(tmp_path / "it", b"x" * 1_000_000)
    before = open_files()
    blocks = blocks_of(shelf, what)
    blocks.packets(0, 1)
    assert shelf.held > 0

    del blocks

    assert shelf.held == 0
    assert open_files() == before


# --- changes


def test_a_kept_file_that_changes_is_not_served_as_it_was(tmp_path: Path) -> None:
    shelf, path = settled(), tmp_path / "it"
    assert all_of(blocks_of(shelf, file(path, b"one"))) == b"one"
    facts = path.stat()
    what = file(path, b"two")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # as cp -p and rsync do

    assert all_of(blocks_of(shelf, what)) == b"two"


def test_a_file_that_changed_a_moment_ago_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "it"
    what = file(path, b"one")
    shelf = Shelf(now=lambda: path.stat().st_ctime_ns + 1_000_000)
    blocks = blocks_of(shelf, what)
    assert all_of(blocks) == b"one"
    assert shelf.held > 0

    del blocks

    assert shelf.held == 0


def test_a_file_that_changed_while_it_was_read_is_not_kept(tmp_path: Path) -> None:
    shelf, path = settled(), tmp_path / "it"
    blocks = blocks_of(shelf, file(path, b"one" * 200_000))
    blocks.packets(0, 1)
    path.write_bytes(b"two" * 200_000)
    all_of(blocks)

    del blocks

    assert shelf.held == 0


# --- room


def test_kept_files_make_room_and_the_one_asked_for_last_stays(tmp_path: Path) -> None:
    shelf = settled(room=25_000)
    one, two, three = (file(tmp_path / name, name.encode() * 5000) for name in ("aa", "bb", "cc"))
    for what in (one, two, one, three):
        assert all_of(blocks_of(shelf, what)) == what.name.encode() * 5000
        assert shelf.held <= 25_000

    assert len(shelf._kept) == 2
    assert blocks_of(shelf, one).is_whole  # type: ignore[attr-defined]
    assert not blocks_of(shelf, two).is_whole  # type: ignore[attr-defined]


def test_without_room_a_file_is_read_for_each_transfer(tmp_path: Path) -> None:
    shelf, what = settled(room=25_000), file(tmp_path / "it", b"x" * 20_000)
    first = blocks_of(shelf, what)

    second = blocks_of(shelf, what, 500)

    assert isinstance(first, Prepared)
    assert isinstance(second, Unprepared)
    assert all_of(second, 500) == b"x" * 20_000
    assert shelf.held <= 25_000


def test_a_large_file_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_of, "_LARGEST_PREPARED", 10_000)
    shelf, what = settled(), file(tmp_path / "it", b"x" * 20_000)

    blocks = blocks_of(shelf, what)

    assert all_of(blocks) == b"x" * 20_000
    assert shelf.held == 0


def test_a_large_file_that_became_shorter_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_of, "_LARGEST_PREPARED", 10_000)
    blocks = blocks_of(settled(), file(tmp_path / "it", b"x" * 20_000))
    (tmp_path / "it").write_bytes(b"new")

    with pytest.raises(OSError, match="it became shorter while it was sent"):
        blocks.packets(10, 11)

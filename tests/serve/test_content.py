"""Content: what TFTP sends, in memory once for all who get it."""

import gc
from pathlib import Path

import pytest

from boots.policy.got import File, Script
from boots.serve.content import Shelf


def file(path: Path, content: bytes) -> File:
    path.write_bytes(content)
    return File(path.name, str(path))


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_file_is_read_as_far_as_it_is_wanted(tmp_path: Path) -> None:
    content = Shelf().take(file(tmp_path / "it", b"x" * 1_000_000), "octet")

    content.reach(1)

    assert content.view[262_143] == ord("x")
    assert content.view[262_144] == 0
    content.reach(10_000_000)
    assert bytes(content.view) == b"x" * 1_000_000


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

    second.reach(6)

    assert bytes(second.view) == b"longer"
    assert second is not first


def test_a_script_is_there_at_once() -> None:
    assert bytes(Shelf().take(Script("a\n", "osie"), "octet").view) == b"a\n"
    assert bytes(Shelf().take(Script("a\n", "osie"), "netascii").view) == b"a\r\n"


def test_a_folder_cannot_be_sent(tmp_path: Path) -> None:
    before = open_files()

    with pytest.raises(IsADirectoryError):
        Shelf().take(File("it", str(tmp_path)), "octet").reach(1)
    assert open_files() == before

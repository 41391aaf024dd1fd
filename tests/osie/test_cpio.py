"""The archive writer, against the ``cpio`` program and by its own rules."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from boots.osie.cpio import (
    Entry,
    archive,
    character_device,
    directory,
    regular,
    symlink,
    with_parents,
)

ENTRIES = [
    regular("etc/greeting", b"hello", 0o640),
    symlink("bin", "usr/bin"),
    directory("etc"),
    character_device("dev/console", 5, 1),
    directory("dev"),
    regular("init", b"#!/bin/sh\n", 0o755),
    regular("empty", b""),
]


def packed(entries: list[Entry]) -> bytes:
    return b"".join(archive(entries))


needs_cpio = pytest.mark.skipif(shutil.which("cpio") is None, reason="needs the program cpio")


@needs_cpio
def test_cpio_lists_the_same_entries() -> None:
    command = ["cpio", "--quiet", "-tvn"]
    env = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    text = subprocess.check_output(command, input=packed(ENTRIES), env=env).decode()
    expected = [
        "lrwxrwxrwx 1 0 0 7 Jan 1 1970 bin -> usr/bin",
        "drwxr-xr-x 2 0 0 0 Jan 1 1970 dev",
        "crw------- 1 0 0 5, 1 Jan 1 1970 dev/console",
        "-rw-r--r-- 1 0 0 0 Jan 1 1970 empty",
        "drwxr-xr-x 2 0 0 0 Jan 1 1970 etc",
        "-rw-r----- 1 0 0 5 Jan 1 1970 etc/greeting",
        "-rwxr-xr-x 1 0 0 10 Jan 1 1970 init",
    ]
    assert expected == [" ".join(line.split()) for line in text.splitlines()]


@needs_cpio
def test_cpio_unpacks_the_same_content(tmp_path: Path) -> None:
    plain = [entry for entry in ENTRIES if not entry.path.startswith("dev")]
    command = ["cpio", "--quiet", "-id"]
    subprocess.run(command, input=packed(plain), cwd=tmp_path, check=True)
    assert b"hello" == (tmp_path / "etc/greeting").read_bytes()
    assert "usr/bin" == str((tmp_path / "bin").readlink())


def test_the_order_of_entries_plays_no_part() -> None:
    assert packed(ENTRIES) == packed(ENTRIES[::-1])


def test_the_length_is_a_multiple_of_512() -> None:
    assert 0 == len(packed(ENTRIES)) % 512
    assert 512 == len(packed([]))


def test_a_member_is_as_the_kernels_document_says() -> None:
    fields = (
        "070701",
        "00000001",  # inode
        "000081A4",  # regular file, rw-r--r--
        "00000000",  # owner
        "00000000",  # group
        "00000001",  # links
        "00000000",  # time
        "00000002",  # size
        "00000000" * 4,  # devices
        "00000002",  # length of the name with its end
        "00000000",  # checksum
    )
    expected = "".join(fields).encode() + b"f\0" + b"hi\0\0"
    assert expected == packed([regular("f", b"hi")])[: len(expected)]


@pytest.mark.parametrize("path", ["", ".", "..", "/etc", "../up", "a//b", "a/", "./a", "a/../b"])
def test_a_path_that_is_not_normalised_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no normalised relative path"):
        packed([regular(path, b"")])


def test_a_path_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="a comes twice"):
        packed([regular("a", b"1"), regular("a", b"2")])


def test_a_missing_directory_is_refused_because_the_kernel_would_drop_the_entry() -> None:
    with pytest.raises(ValueError, match="a/b/c comes without its directory a/b"):
        packed([directory("a"), regular("a/b/c", b"")])


def test_missing_directories_can_be_added() -> None:
    whole = with_parents([regular("a/b/c", b""), directory("a", 0o700)])
    assert {"a", "a/b", "a/b/c"} == {entry.path for entry in whole}
    assert [directory("a", 0o700)] == [entry for entry in whole if entry.path == "a"]

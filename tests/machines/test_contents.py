"""Files of people are read whole; what would never end or never begin is refused at once."""

import os
from pathlib import Path

import pytest

from boots.machines.contents import MOST, contents


def test_a_file_is_read_whole_and_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)) * 1000)
    (tmp_path / "link").symlink_to("file")
    assert bytes(range(256)) * 1000 == contents(tmp_path / "file") == contents(tmp_path / "link")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, MOST + 1)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (pipe, "it is no file"),
        (endless, "it is no file"),
        (sparse, "it is larger than 256 MiB"),
        (loop, "Too many levels of symbolic links"),
        (Path.mkdir, "Is a directory"),
        (lambda _: None, "No such file or directory"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, make: object, why: str) -> None:
    path = tmp_path / "file"
    make(path)  # type: ignore[operator]
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(OSError, match=why):
        contents(path)
    assert before == set(Path("/proc/self/fd").iterdir())

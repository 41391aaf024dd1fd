from pathlib import Path

import pytest

from boots.lab.tail import Tail, readable


def test_a_file_that_is_not_there_yet_has_no_lines(tmp_path: Path) -> None:
    assert Tail(tmp_path / "console.log").lines() == []


def test_only_whole_lines_are_given_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "console.log"
    tail = Tail(path)

    path.write_bytes(b"one\ntw")
    assert tail.lines() == [b"one"]
    with path.open("ab") as file:
        file.write(b"o\nthree\nfo")
    assert tail.lines() == [b"two", b"three"]
    assert tail.lines() == []
    assert tail.rest() == [b"fo"]
    assert tail.rest() == []


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"plain\r", "plain"),
        (b"\x1b[2J\x1b[01;01HUEFI  \r", "UEFI"),
        (b"12 %\r50 %\r99 %", "99 %"),
        (b"\x1b[0m\x1b[1mBold\x07", "Bold"),
        (b"caf\xe9", "caf\N{REPLACEMENT CHARACTER}"),
        (b"\r", ""),
    ],
)
def test_console_lines_are_readable(line: bytes, text: str) -> None:
    assert readable(line) == text

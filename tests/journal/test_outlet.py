"""Standard error goes its way by a thread: who does not read it keeps nobody waiting."""

import fcntl
import io
import os
import re
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from boots.journal.outlet import MOST, Outlet, patient

LINE = "a line that says something " * 20 + "\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe that holds 4 KiB: its end to read from, and that to write to."""
    ends = os.pipe()
    fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, 4096)
    yield ends
    for each in ends:
        os.close(each)


def note(lost: int) -> str:
    return f"{lost} lost\n"


def read_until(fd: int, enough: Callable[[bytes], bool]) -> str:
    data = b""
    while not enough(data):
        data += os.read(fd, 1 << 16)
    return data.decode()


def accounted(said: str) -> int:
    """The lines that came, and those that are said to be lost."""
    return said.count(LINE) + sum(map(int, re.findall(r"^(\d+) lost$", said, re.MULTILINE)))


def test_what_is_said_comes_in_its_order(pipe: tuple[int, int]) -> None:
    outlet = Outlet(pipe[1], note)
    outlet.begin()
    for number in range(100):
        outlet.write(f"{number}\n")
    outlet.end()
    assert "".join(f"{number}\n" for number in range(100)) == os.read(pipe[0], 4096).decode()


def test_nothing_written_is_no_end_of_it(pipe: tuple[int, int]) -> None:
    outlet = Outlet(pipe[1], note)
    outlet.begin()
    print("one", file=outlet)
    print(end="", file=outlet)
    print("two", file=outlet)
    outlet.end()
    assert b"one\ntwo\n" == os.read(pipe[0], 4096)


def test_a_full_pipe_holds_nobody_up_and_what_is_left_out_is_told_once(
    pipe: tuple[int, int],
) -> None:
    outlet = Outlet(pipe[1], note)
    outlet.begin()
    every = 2 * MOST // len(LINE)
    began = time.monotonic()
    for _ in range(every):
        outlet.write(LINE)
    assert time.monotonic() - began < 5, "nobody reads, and it went on"
    said = read_until(pipe[0], lambda data: every == accounted(data.decode()))
    assert 1 <= said.count("lost\n") < 5
    outlet.write("and on\n")
    assert "and on\n" == read_until(pipe[0], lambda data: data.endswith(b"on\n"))
    outlet.end()


def test_the_end_waits_a_moment_only_for_who_does_not_read(pipe: tuple[int, int]) -> None:
    outlet = Outlet(pipe[1], note)
    outlet.begin()
    outlet.write("x" * 10_000)
    began = time.monotonic()
    outlet.end()
    assert 0.5 < time.monotonic() - began < 5
    os.read(pipe[0], 1 << 16)  # lets the thread go on, and end


def test_a_closed_pipe_stops_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    outlet = Outlet(writing, note)
    outlet.begin()
    for _ in range(10):
        outlet.write(LINE)
    outlet.end()
    os.close(writing)
    assert not outlet.isatty()


def test_all_of_standard_error_goes_that_way_for_a_while(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with open(os.dup(2), "w", encoding="utf-8") as stream:  # noqa: PTH123  # of a descriptor
        before = sys.stderr
        with patient(stream, "json"):
            print("within", file=sys.stderr)
            assert before is not sys.stderr
        assert before is sys.stderr
    assert "within\n" == capfd.readouterr().err


def test_what_is_no_file_is_left_as_it_is() -> None:
    stream, before = io.StringIO(), sys.stderr
    with patient(stream, "console"):
        assert before is sys.stderr

"""Programs of an action: what they print are lines, what they end with is told."""

import os
import time
from pathlib import Path

import pytest
from tests.peers.conftest import need

from boots_agent.actions.context import ActionFailed
from boots_agent.programs import MISSING, Lines, Running


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.run = Running(self.lines.append)

    def sh(self, text: str, **more: object) -> int:
        return self.run(["sh", "-c", text], **more)  # type: ignore[arg-type]


@pytest.fixture
def log() -> Log:
    return Log()


def test_both_outputs_are_lines_in_order(log: Log) -> None:
    assert 3 == log.sh("echo one; echo two >&2; printf three; exit 3")
    assert ["one", "two", "three"] == log.lines


def test_a_program_that_is_not_there_is_said(log: Log) -> None:
    assert MISSING == log.run(["no-such-program"])
    assert ["there is no program no-such-program"] == log.lines


def test_a_signal_that_ends_it_is_told_as_shells_do(log: Log) -> None:
    assert 128 + 9 == log.sh("kill -9 $$")


def test_it_reads_what_it_is_given_and_nothing_else(log: Log) -> None:
    assert 0 == log.run(["cat"], given=b"a\nb\n")
    assert 0 == log.run(["cat"])
    assert ["a", "b"] == log.lines


def test_a_program_that_does_not_read_what_it_is_given_ends_all_the_same(log: Log) -> None:
    assert 0 == log.run(["true"], given=b"x" * 10_000_000)


def test_its_environment_is_what_it_is_given_and_a_path(log: Log) -> None:
    log.sh(
        "echo $COLOUR; ls / >/dev/null && echo found; echo [$HOME]", environment={"COLOUR": "red"}
    )
    assert ["red", "found", "[]"] == log.lines


def test_what_it_leaves_running_holds_nothing_up(log: Log) -> None:
    began = time.monotonic()
    assert 0 == log.sh("sleep 30 & echo begun; echo $! >&2")
    assert time.monotonic() - began < 10
    assert "begun" == log.lines[0]
    os.kill(int(log.lines[1]), 9)


def test_a_bar_of_progress_and_endless_lines_are_cut(log: Log) -> None:
    lines = Lines(log.lines.append)
    lines.feed(b"10 %\r20 %\r\n" + b"x" * 5000)
    lines.feed(b"y\nbroken \xff\xc3")
    lines.feed(b"\xa4")
    lines.end()
    assert ["10 %", "20 %", "x" * 5000, "y", "broken \N{REPLACEMENT CHARACTER}ä"] == log.lines


def test_output_is_not_in_the_log_and_a_failure_says_the_last_words(log: Log) -> None:
    assert "a\n" == log.run.output(["echo", "a"])
    with pytest.raises(ActionFailed, match="sh -c echo why >&2; exit 4 ended with 4: why") as error:
        log.run.output(["sh", "-c", "echo why >&2; exit 4"])
    assert 4 == error.value.code
    with pytest.raises(ActionFailed, match="cannot be run"):
        log.run.output(["no-such-program"])
    assert [] == log.lines


@pytest.mark.peers
def test_a_root_of_its_own_is_all_that_it_sees(log: Log, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    busybox = Path(need("busybox"))
    (tmp_path / "bin/sh").write_bytes(busybox.read_bytes())
    (tmp_path / "bin/sh").chmod(0o755)
    assert 0 == log.run(["/bin/sh", "-c", "echo /*"], chroot=tmp_path)
    assert ["/bin"] == log.lines

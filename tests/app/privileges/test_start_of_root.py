"""What keeps no server from starting, and is told instead."""

import errno
from pathlib import Path

import pytest
import structlog

from boots.app.privileges import landlock, linux, moving, start
from boots.settings import Settings


def refused(*_: object) -> str:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_kernel_that_takes_no_rules_is_told_and_calls_are_denied_still(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(landlock, "enter", refused)
    monkeypatch.setattr(linux, "install", lambda _: None)
    with structlog.testing.capture_logs() as said:
        confined = list(start._confined(Settings(state=str(tmp_path), cache=str(tmp_path))))

    assert ["seccomp"] == confined
    assert ["files are not confined"] == [each["event"] for each in said]


def test_state_that_cannot_be_moved_is_used_where_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(moving, "bring", refused)
    with structlog.testing.capture_logs() as said:
        assert tmp_path / "home" == start._moved(tmp_path / "home", tmp_path / "lib")

    assert [("what was kept cannot be moved", str(tmp_path / "home"))] == [
        (each["event"], each["stays"]) for each in said
    ]

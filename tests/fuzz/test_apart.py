"""Targets run side by side, each in a fork of one process that has loaded them all."""

import contextlib
import os
import tempfile
from pathlib import Path

import pytest

from boots.model.site import Mode
from boots.serve.sockets import StartError
from fuzz.targets import answers


def _opened_in_a_fork() -> int:
    """0 if a server of a mode could be had there, while this process has one."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    with contextlib.suppress(StartError):
        answers._bench(Mode.PROXY)
        os._exit(0)
    os._exit(1)


def test_two_targets_of_one_mode_do_not_share_leases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answers._bench.cache_clear()
    first = answers._bench(Mode.PROXY)
    answers._bench.cache_clear()  # as it is in a fork that has not asked yet

    assert 0 == _opened_in_a_fork()
    assert first.folder.parent == tmp_path
    answers._bench.cache_clear()

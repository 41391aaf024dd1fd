"""What an action leaves behind is gone before the next one begins."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.agent.actions.stage import gone
from tests.peers.conftest import lacking, need

from boots_agent.cleaning import mounted_below, unmount_all
from boots_agent.leaving import end


@pytest.fixture
def mounts(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        lacking("mounting needs root")
    place = tmp_path / "mounts"
    place.mkdir()
    yield place
    gone(place)


def mounted(place: Path) -> Path:
    place.mkdir()
    subprocess.run([need("mount"), "-t", "tmpfs", "none", place], check=True)
    return place


@pytest.mark.peers
def test_all_that_is_mounted_is_unmounted_in_reverse(mounts: Path) -> None:
    outer = mounted(mounts / "a disk")
    inner = mounted(outer / "with a\tfolder")
    assert [str(outer), str(inner)] == mounted_below(mounts)
    said: list[str] = []
    unmount_all(mounts, said.append)
    assert ([], []) == (mounted_below(mounts), said)


@pytest.mark.peers
def test_what_is_mounted_over_the_folder_is_unmounted_too(mounts: Path) -> None:
    over = mounts / "over"
    mounted(over)
    mounted(over / "inner")
    assert [str(over), str(over / "inner")] == mounted_below(over)
    said: list[str] = []
    unmount_all(over, said.append)
    assert ([], []) == (mounted_below(over), said)


@pytest.mark.peers
def test_what_is_in_use_is_detached_and_said(mounts: Path) -> None:
    place = mounted(mounts / "busy")
    with (place / "file").open("w"):
        said: list[str] = []
        unmount_all(mounts, said.append)
    assert [] == mounted_below(mounts)
    assert [f"{place} cannot be unmounted (Device or resource busy): it is detached"] == said


@pytest.mark.peers
def test_what_is_mounted_beside_stays(mounts: Path) -> None:
    beside = mounted(mounts / "beside")
    (mounts / "be").mkdir()
    unmount_all(mounts / "be", print)
    assert [str(beside)] == mounted_below(mounts)


def test_a_kernel_that_is_not_loaded_is_not_begun_and_the_machine_reboots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    def leave(how: str) -> None:
        done.append(how)
        if how == "kexec":
            raise OSError(22, "Invalid argument", "kexec")

    monkeypatch.setattr("boots_agent.leaving.leave", leave)
    monkeypatch.setattr(os, "sync", lambda: done.append("sync"))
    said: list[str] = []
    end("kexec", said.append)
    assert ["sync", "kexec", "reboot"] == done
    assert ["kexec failed: [Errno 22] Invalid argument: 'kexec'"] == said

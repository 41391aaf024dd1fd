"""Disks of files for actions to mount: loop devices, with a partition or without (root)."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.peers.conftest import lacking, need

from boots_agent.images.armed import Armed, Policy

MIB = 1 << 20
_MAKERS = {
    "ext4": ("mkfs.ext4", "-q", "-F"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
    "vfat": ("mkfs.vfat",),
    "btrfs": ("mkfs.btrfs", "-q", "-f"),
}


@dataclass(frozen=True)
class MadeDisk:
    """A disk of a file; `partition` is what holds its file system."""

    file: Path
    device: str
    partition: str

    def armed(self, policy: Policy = Policy.FORCE) -> Armed:
        """Its permission to be written."""
        size = self.file.stat().st_size
        return Armed("node-1", "run-1", f"file:{self.file}", size, policy)


def known_to_linux(kind: str) -> None:
    """Skip where this machine's kernel has no such file system, nor a module for it."""
    with contextlib.suppress(FileNotFoundError):  # where there are no modules
        subprocess.run(["modprobe", "-q", kind], check=False)
    if kind not in Path("/proc/filesystems").read_text().split():
        pytest.skip(f"this kernel has no {kind}")


@contextlib.contextmanager
def made_disk(
    folder: Path, kind: str, *, mib: int = 64, table: bool = True, before: str = ""
) -> Iterator[MadeDisk]:
    """A disk with a file system on its last partition; without a table the disk has it itself.

    `before` are lines of sfdisk's for partitions before that one.
    """
    if os.geteuid() != 0:
        lacking("loop devices need root")
    known_to_linux(kind)
    file = folder / "disk"
    file.touch()
    os.truncate(file, mib * MIB)
    if table:
        script = f"label: gpt\n{before}type=linux\n"
        subprocess.run([need("sfdisk"), "-q", file], input=script, text=True, check=True)
    attach = [need("losetup"), "-f", "--show", file]
    done = subprocess.run(attach, capture_output=True, text=True, check=False)
    if done.returncode:
        lacking(f"no loop device can be had: {done.stderr.strip()}")
    device = done.stdout.strip()
    try:
        number = len(before.splitlines()) + 1
        partition = f"{device}p{number}" if table else device
        if table:
            # By hand: kernels of small virtual machines read no partition tables.
            subprocess.run([need("partx"), "-a", device], check=True)
        subprocess.run([need(_MAKERS[kind][0]), *_MAKERS[kind][1:], partition], check=True)
        yield MadeDisk(file, device, partition)
    finally:
        if table:
            subprocess.run(["partx", "-d", device], check=False)
        subprocess.run(["losetup", "-d", device], check=True)
        _gone(device)


@contextlib.contextmanager
def looked_at(partition: str, folder: Path) -> Iterator[Path]:
    """What is on it, read-only, mounted by the system's own mount."""
    place = folder / "looked-at"
    place.mkdir()
    subprocess.run([need("mount"), "-o", "ro", partition, place], check=True)
    try:
        yield place
    finally:
        subprocess.run([need("umount"), place], check=True)
        place.rmdir()


def mounts_below(folder: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [place for line in lines if (place := line.split()[4]).startswith(str(folder))]


def _gone(device: str) -> None:
    """Detaching is done when the last one lets go."""
    file = Path("/sys/block", Path(device).name, "loop/backing_file")
    deadline = time.monotonic() + 5
    while file.exists() and time.monotonic() < deadline:
        time.sleep(0.01)

"""Actions as the agent starts them, on files and loop devices that stand for disks."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.conftest import lacking, need

from boots_agent.actions.context import ActionFailed, Context, Programs, Progress
from boots_agent.images.armed import Armed, Policy
from boots_agent.images.target import open_source
from boots_agent.tables import reading
from boots_agent.tables.words import Table

MIB = 1 << 20
SIZE = 256 * MIB


class Started(Programs):
    """Programs of this machine, but for those that are said to be missing."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.missing: set[str] = set()
        self.words: list[Sequence[str]] = []

    def __call__(
        self,
        words: Sequence[str],
        *,
        chroot: Path | None = None,
        environment: Mapping[str, str] | None = None,
        given: bytes = b"",
    ) -> int:
        self.words.append(words)
        inside = [] if chroot is None else ["chroot", str(chroot)]
        done = self._done([*inside, *words], given, environment)
        for line in done.stdout.decode(errors="replace").splitlines():
            self.say(line)
        return done.returncode

    def output(self, words: Sequence[str]) -> str:
        self.words.append(words)
        done = self._done(words, b"", None)
        if done.returncode:
            raise ActionFailed(f"{words[0]} ended with {done.returncode}")
        return done.stdout.decode()

    def _done(
        self, words: Sequence[str], given: bytes, environment: Mapping[str, str] | None
    ) -> subprocess.CompletedProcess[bytes]:
        if words[0] in self.missing:
            return subprocess.CompletedProcess(words, 127, b"", b"")
        path = {**os.environ, "PATH": f"/usr/sbin:/sbin:{os.environ['PATH']}"}
        return subprocess.run(
            words,
            env=path if environment is None else environment,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )


@dataclass
class Stage:
    """One machine with its disks, and what actions said.

    `arms` are the permissions by the path that an action asks for.
    """

    folder: Path
    arms: dict[str, Armed] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    told: list[Progress] = field(default_factory=list)
    armed: list[str] = field(default_factory=list)
    ends: dict[int, bytes] = field(default_factory=dict)
    machine: dict[str, object] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    def allow(self, path: str | Path, backing: Path, policy: Policy = Policy.FORCE) -> None:
        size = backing.stat().st_size
        serial = f"file:{backing.resolve()}"
        self.arms[str(path)] = Armed("52:54:00:12:34:56", "run-1", serial, size, policy)

    def arm(self, path: str) -> Armed:
        self.armed.append(path)
        if path not in self.arms:
            raise ActionFailed(f"{path} is not armed")
        return self.arms[path]

    def context(self, kind: str, *command: str, **environment: str) -> Context:
        programs = Started(self.lines.append)
        programs.missing = self.missing
        return Context(
            name=kind,
            kind=kind,
            command=command,
            environment=environment,
            machine=self.machine,
            say=self.lines.append,
            tell=self.told.append,
            arm=self.arm,
            edges=self.ends.__getitem__,
            run=programs,
            mounts=self.folder / "mounts",
        )

    def said(self) -> str:
        return "\n".join(self.lines)


def file_disk(path: Path, size: int = SIZE, fill: bytes = b"") -> Path:
    with path.open("wb") as file:
        if fill:
            file.write((fill * (size // len(fill) + 1))[:size])
        file.truncate(size)
    return path


@contextlib.contextmanager
def attached(backing: Path, sector: int = 512) -> Iterator[str]:
    """A loop device; its partitions go with it."""
    if os.geteuid() != 0:
        lacking("loop devices need root")
    command = [need("losetup"), "-f", "--show", "--sector-size", str(sector), str(backing)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lacking(f"no loop device can be had: {done.stderr.strip()}")
    name = done.stdout.strip()
    try:
        yield name
    finally:
        subprocess.run([need("partx"), "-d", name], check=False, capture_output=True)
        subprocess.run(["losetup", "-d", name], check=True)


def gone(directory: Path) -> None:
    """Unmount whatever a failed test has left."""
    for mount in reversed(Path("/proc/mounts").read_text().splitlines()):
        if mount.split()[1].startswith(f"{directory}/"):
            subprocess.run(["umount", mount.split()[1]], check=False)


def table(path: Path | str) -> Table:
    disk = open_source(str(path))
    try:
        found = reading.table_of(disk.look, disk.sector, disk.size)
    finally:
        disk.close()
    assert found is not None
    return found


def blkid(device: str) -> tuple[str, str]:
    done = subprocess.run(
        [need("blkid"), "-p", "-o", "export", device], capture_output=True, text=True, check=True
    )
    said = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return said["TYPE"], said.get("LABEL", "")

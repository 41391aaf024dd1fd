"""What a server cost: CPU of it and all its children, exact, and its resident memory."""

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in bytes, children summed; in `shared_once` what several share counts once.

    `resident` is RSS, `shared_once` is PSS.  `own` is what belongs to no file (the anonymous
    part of PSS): a library's pages are not in it, whose share grows when other programs end.
    """

    resident: int
    shared_once: int
    own: int


@dataclass(frozen=True, slots=True)
class Meter:
    """Counts for one server.  `how` says by what."""

    folder: Path | None
    how: str

    def entering(self) -> tuple[str, ...]:
        """The words before a command that is to be counted."""
        if self.folder is None:
            return ()
        script = f'echo $$ > "{self.folder}/cgroup.procs" && exec "$@"'
        return ("sh", "-c", script, "sh")

    def cpu(self, pid: int) -> float:
        """Seconds of CPU so far, of the process and of all that came of it."""
        if self.folder is None:
            return sum(_schedstat(each, 0) for each in tree(pid)) + _reaped(pid)
        usage = self.folder / "cpuacct.usage"
        if usage.exists():
            return int(usage.read_text()) / 1e9
        for line in (self.folder / "cpu.stat").read_text().splitlines():
            name, value = line.split()
            if name == "usage_usec":
                return int(value) / 1e6
        raise LookupError(f"no usage_usec in {self.folder}/cpu.stat")

    def waited(self, pid: int) -> float:
        """Seconds that its threads were ready to run and others had the core."""
        return sum(_schedstat(each, 1) for each in tree(pid))

    def memory(self, pid: int) -> Memory:
        """Resident memory now."""
        found = [_rollup(each) for each in tree(pid)]
        return Memory(
            resident=sum(m.resident for m in found),
            shared_once=sum(m.shared_once for m in found),
            own=sum(m.own for m in found),
        )


@contextlib.contextmanager
def meter() -> Iterator[Meter]:
    """A meter of our own, in a control group where the machine lets us make one.

    The hierarchies are mounted anew, in our mount namespace: ``/sys`` was replaced in it.
    """
    with contextlib.ExitStack() as made:
        for kind, options, how in (
            ("cgroup2", (), "control group (v2, cpu.stat)"),
            ("cgroup", ("-o", "cpuacct"), "control group (v1, cpuacct.usage)"),
        ):
            root = Path(tempfile.mkdtemp(prefix="boots-bench-"))
            made.callback(_remove, root)  # never what is in it: that is the machine's own
            folder = root / f"boots-bench-{time.time_ns()}"
            if _run("mount", "-t", kind, *options, "boots-bench", str(root)) != 0:
                continue
            made.callback(_run, "umount", str(root))
            try:
                folder.mkdir()
            except OSError:
                continue
            made.callback(_remove, folder)
            if (folder / "cpu.stat").exists() or (folder / "cpuacct.usage").exists():
                yield Meter(folder, how)
                return
        yield Meter(None, "schedstat of its threads, and its children's time when they ended")


def tree(pid: int) -> list[int]:
    """A process and all its descendants that are alive."""
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        found.append(each)
        with contextlib.suppress(OSError):
            for task in (PROC / str(each) / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return found


def _schedstat(pid: int, field: int) -> float:
    """Seconds of all its threads that live: on a CPU (field 0), waiting for one (1)."""
    total = 0
    with contextlib.suppress(OSError):
        for task in (PROC / str(pid) / "task").iterdir():
            total += int((task / "schedstat").read_text().split()[field])
    return total / 1e9


def _reaped(pid: int) -> float:
    """Seconds of its children that ended: cutime and cstime, in ticks."""
    with contextlib.suppress(OSError):
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _rollup(pid: int) -> Memory:
    values = {"Rss": 0, "Pss": 0, "Pss_Anon": 0}
    with contextlib.suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in values:
                values[name] = int(rest.split()[0]) * 1024
    return Memory(values["Rss"], values["Pss"], values["Pss_Anon"])


def _remove(folder: Path) -> None:
    """A group can be removed a moment after its last process is gone."""
    for _ in range(100):
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.02)
        else:
            return


def _run(*words: str) -> int:
    return subprocess.run(words, check=False, capture_output=True).returncode

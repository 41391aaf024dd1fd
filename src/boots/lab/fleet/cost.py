"""What a simulation costs: our own CPU, whether it was enough, and the server's."""

import re
import time
from collections.abc import Sequence
from pathlib import Path

_PROC = Path("/proc")
_EVERY = 0.25  # seconds between two looks
_ALL = 0.9  # of a core: from here on our own speed is what is measured, or what others left us


class Meter:
    """Counts our CPU time, and the seconds in which we had no more of it to give.

    `saturated` are the latter: what we got and what we waited for while others had it make up a
    whole core.
    """

    def __init__(self, statistics: Path = Path("/proc/self/schedstat")) -> None:
        self._statistics = statistics
        self._began = self._looked = time.monotonic()
        self._cpu_began = time.process_time()
        self._wanted = self._wanted_until_now()
        self.saturated = 0.0

    def look(self, now: float) -> None:
        """To be called often."""
        if now - self._looked < _EVERY:
            return
        wanted = self._wanted_until_now()
        if wanted - self._wanted > _ALL * (now - self._looked):
            self.saturated += now - self._looked
        self._looked, self._wanted = now, wanted

    def _wanted_until_now(self) -> float:
        """Seconds that we ran or were ready to; of kernels that do not tell, those that we ran."""
        try:
            ran, waited = self._statistics.read_text().split()[:2]
            return (int(ran) + int(waited)) / 1e9
        except (OSError, ValueError):
            return time.process_time()

    @property
    def cpu(self) -> float:
        """Seconds of CPU since the beginning."""
        return time.process_time() - self._cpu_began

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began


def cpu_of(pids: Sequence[int]) -> float | None:
    """Seconds of CPU that processes have had, all their threads; None if there is none."""
    found = [_of_one(pid) for pid in pids]
    there = [each for each in found if each is not None]
    return sum(there) if there else None


def _of_one(pid: int) -> float | None:
    total, seen = 0, False
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(task.read_text().split()[0])  # nanoseconds on a CPU
            seen = True
        except (OSError, IndexError, ValueError):
            continue  # a thread that has just ended
    return total / 1e9 if seen else None


def dhcp_servers() -> list[int]:
    """The processes of this network namespace that have port 67 open."""
    try:
        lines = (_PROC / "net/udp").read_text().splitlines()[1:]
    except OSError:
        return []
    rows = [line.split() for line in lines]
    inodes = {f"socket:[{row[9]}]" for row in rows if re.search(r":0043$", row[1])}
    return [
        int(process.name)
        for process in (_PROC.glob("[0-9]*") if inodes else ())
        if _holds(process / "fd", inodes)
    ]


def _holds(folder: Path, inodes: set[str]) -> bool:
    try:
        return any(str(each.readlink()) in inodes for each in folder.iterdir())
    except OSError:
        return False  # it ended, or is not ours to look into

"""What an action leaves behind: processes are ended, what is mounted is unmounted."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from boots_agent.facts import names, raw, text
from boots_agent.kernel import DETACH, unmount
from boots_agent.process import MARK

_ROUNDS = 50  # a tenth of a second apart
_TRIES = 5
_STOPPED = "Z"


def end_strays(session: int = 0, mark: str = "") -> int:
    """End what descends from this process, a session, and what has a mark; how many there were.

    Orphans are this process's children (`boots_agent.kernel.adopt_orphans`), but not those of an
    agent before it.
    """
    ended: set[int] = set()
    for _ in range(_ROUNDS):
        _reap()
        found = _strays(session, mark)
        if not found:
            break
        for each in found:
            ended.add(each)
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        time.sleep(0.1)
    return len(ended)


def unmount_all(folder: Path, say: Callable[[str], None]) -> None:
    """Unmount all at and below a folder, the latest first; what is busy is detached."""
    for place in reversed(mounted_below(folder)):
        for attempt in range(_TRIES):
            try:
                unmount(place)
                break
            except OSError as error:
                if attempt < _TRIES - 1:
                    time.sleep(0.1)
                    continue
                say(f"{place} cannot be unmounted ({error.strerror}): it is detached")
                with contextlib.suppress(OSError):
                    unmount(place, DETACH)


def mounted_below(folder: Path) -> list[str]:
    """What is mounted below a folder, or over it, in the order of mounting."""
    own = str(folder.resolve())
    places = (_place(line) for line in text(Path("/proc/self/mountinfo")).splitlines())
    return [each for each in places if each == own or each.startswith(f"{own}/")]


def _place(line: str) -> str:
    """The fifth field of a line of mountinfo, where blanks are written in octal (proc(5))."""
    field = line.split(" ")[4]
    return (
        field.encode().decode("unicode_escape").encode("latin-1").decode(errors="surrogateescape")
    )


def _strays(session: int, mark: str) -> set[int]:
    parents: dict[int, int] = {}
    sessions: dict[int, int] = {}
    for name in names(Path("/proc")):
        if not name.isdecimal():
            continue
        # The program's name may hold anything, but ends at the last bracket.
        said = text(Path("/proc") / name / "stat").rpartition(")")[2].split()
        if len(said) > 3 and said[0] != _STOPPED:
            parents[int(name)], sessions[int(name)] = int(said[1]), int(said[3])
    found = {pid for pid, each in sessions.items() if session and each == session}
    if mark:
        found |= {pid for pid in parents if _is_marked(pid, mark)}
    own = os.getpid()
    for pid in parents:
        above = pid
        while above in parents and above != own:
            above = parents[above]
        if above == own and pid != own:
            found.add(pid)
    return found - {own}


def _is_marked(pid: int, mark: str) -> bool:
    return f"{MARK}={mark}".encode() in raw(Path(f"/proc/{pid}/environ")).split(b"\0")


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass

"""A machine for the agent: a folder, and a process that works off what a server has.

As a program: ``machine.py URL FOLDER TICKET``; what the agent said, and how the machine ended, are
files in the folder.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from boots_agent.courier import Pace
from boots_agent.kernel import adopt_orphans
from boots_agent.server import Server, pauses
from boots_agent.session import Clock, Keeper
from boots_agent.transport import sending
from boots_agent.working import Workshop, tidy, work


def soon() -> Iterator[float]:
    """Pauses of a hurried agent."""
    return (pause / 50 for pause in pauses())


QUICK = Pace(busy=0.05, quiet=0.2, again=soon)
PATIENCE = 60.0


class Machine:
    """A machine that can be switched on, and whose agent can be killed."""

    def __init__(self, folder: Path, url: str, ticket: str = "one-time") -> None:
        self.folder = folder
        self.url = url
        self.ticket = ticket
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the agent (anew): what it kept is there."""
        (self.folder / "ended").unlink(missing_ok=True)
        command = [sys.executable, __file__, self.url, str(self.folder), self.ticket]
        self.process = subprocess.Popen(command, env={**os.environ, "FOLDER": str(self.folder)})

    def end(self) -> str:
        """How it ended."""
        assert self.process is not None
        assert 0 == self.process.wait(PATIENCE), self.said
        return (self.folder / "ended").read_text()

    def run(self) -> str:
        self.start()
        return self.end()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @property
    def said(self) -> str:
        said = self.folder / "said"
        return said.read_text() if said.exists() else ""

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()


def without_disks(root: Path) -> Path:
    """OSIE on this machine, whose own disks it does not see."""
    (root / "sys").mkdir(parents=True, exist_ok=True)
    for name in ("dev", "proc", "sys/class", "sys/dev"):
        if not (root / name).exists():
            (root / name).symlink_to(f"/{name}")
    return root


def until(what: object, *, seconds: float = 20.0) -> None:
    """Wait until a question is answered with yes."""
    assert callable(what)
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


def main(url: str, folder: Path, ticket: str) -> None:
    log = (folder / "said").open("a", buffering=1)

    def say(text: str) -> None:
        log.write(f"{text}\n")

    def ended(how: str) -> None:
        status = Path("/proc/self/status").read_text()
        (folder / "peak").write_text(status.partition("VmHWM:")[2].split()[0])  # KiB
        (folder / "ended").write_text(how)
        os._exit(0)

    adopt_orphans()
    shop = Workshop(
        server=Server(url, sending(), lambda seconds: time.sleep(seconds / 50), say),
        clock=Clock(),
        keeper=Keeper(folder / "kept"),
        ticket=ticket,
        say=say,
        sleep=lambda seconds: time.sleep(seconds / 50),
        end=ended,
        mounts=folder / "mounts",
        root=without_disks(folder / "osie"),
        refresh=lambda: None,
        inventory=lambda: {"version": 1, "disks": []},
        pace=QUICK,
        grace=0.5,
    )
    tidy(shop)
    ended(work(shop))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])

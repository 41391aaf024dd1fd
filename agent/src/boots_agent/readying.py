"""What is made ready before the agent says what the machine is: its clock, and missing drivers."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from boots_agent import clock, modules
from boots_agent.facts import text
from boots_agent.transport import Source

_PLENTY = 2048  # MiB of memory from which on none need be saved


def ready(root: Path, source: Source, say: Callable[[str], None]) -> None:
    """Set the clock by the server, and fetch what drivers this image lacks."""
    machine = os.uname()
    archive = f"osie/modules-{machine.machine}"
    try:
        said = source.date()
    except OSError:
        said = ""  # the agent will say that there is no server
    clock.settle(time.time(), said, _turn, say)
    hands = modules.Hands(
        lambda at, length: source.piece(archive, at, length), modules.run, time.sleep, say
    )
    modules.complete(root, modules.read_index(root), hands)
    if memory(root, "MemTotal") < _PLENTY:
        modules.let_go(root, machine.release)


def standing(root: Path) -> str:
    """When, and with what memory: ``5.2 s after the kernel, 320 of 469 MiB free``."""
    uptime = text(root / "proc/uptime").partition(" ")[0]
    free, whole = memory(root, "MemAvailable"), memory(root, "MemTotal")
    return f"{uptime} s after the kernel, {free} of {whole} MiB free"


def memory(root: Path, key: str) -> int:
    """A figure of ``/proc/meminfo``, MiB; 0 where it is not told."""
    for line in text(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == key and value.split()[:1]:
            return int(value.split()[0]) // 1024
    return 0


def _turn(moment: float) -> None:
    time.clock_settime(time.CLOCK_REALTIME, moment)

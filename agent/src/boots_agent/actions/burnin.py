"""``burnin``: disks read, memory filled and read, processors kept busy, all of it checked.

Nothing is written to a disk.  Each of the three has a third of the time, or ends when it is done.
"""

import hashlib
import mmap
import os
import time
from collections.abc import Callable
from typing import NamedTuple

from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.pace import metered
from boots_agent.disks import disks
from boots_agent.facts import text
from boots_agent.images.target import open_source
from boots_agent.images.words import BLOCK, MIB, DiskFailed, ImageError
from boots_agent.images.work import buffer

_GIB = 1 << 30
_MOST_MEMORY = 2  # of what is free, one part in so many
_PATTERNS = (0x00, 0xFF, 0x55, 0xAA)
_ROUNDS = 20_000  # of hashing before it is compared
_MOST_ERRORS = 16


class Pace(NamedTuple):
    """How time passes for a burn-in."""

    clock: Callable[[], float] = time.monotonic
    fork: Callable[[], int] = os.fork


THIS_MACHINE = Pace()


def burn(context: Context, pace: Pace = THIS_MACHINE) -> None:
    """Try the machine, and fail where anything of it does.

    Raises:
        ActionFailed: What failed, all of it in one text.
    """
    minutes = _number(context, "MINUTES", 10)
    each = minutes * 60 / 3
    errors: list[str] = []
    for test in (_disks, _memory, _processors):
        errors += test(context, pace, each)
    if errors:
        raise ActionFailed("; ".join(dict.fromkeys(errors)))
    context.say("burn-in: no errors")


def _number(context: Context, name: str, otherwise: float) -> float:
    said = context.environment.get(name, "")
    try:
        found = float(said) if said else otherwise
    except ValueError:
        found = -1
    if not 0 <= found < 1e6:
        raise ActionFailed(f"{name} {said!r} is no number")
    return found


# --- disks


def _disks(context: Context, pace: Pace, seconds: float) -> list[str]:
    """Every disk, or those that are named, from the beginning."""
    named = context.environment.get("SOURCE_DISKS", "").split()
    paths = named or [str(disk["path"]) for disk in disks(context.root)]
    most = _number(context, "GIB", 0) * _GIB
    errors: list[str] = []
    for path in paths:
        errors += _read(context, pace, path, seconds / len(paths), most)
    return errors


def _read(context: Context, pace: Pace, path: str, seconds: float, most: float) -> list[str]:
    """One disk, as far as time and `most` go (0: all); a place that cannot be read is passed by."""
    try:
        disk = open_source(path)
    except ImageError as error:
        return [str(error)]
    errors: list[str] = []
    began, done = pace.clock(), 0
    end = min(disk.size, int(most) or disk.size)
    meter = metered(context, "disk", end, pace.clock)
    view = buffer(BLOCK)
    try:
        while done < end and pace.clock() - began < seconds and len(errors) < _MOST_ERRORS:
            piece = view[: min(BLOCK, end - done)]
            try:
                disk.read(piece, done)
            except DiskFailed as error:
                errors.append(str(error))
            done += len(piece)
            meter.add(len(piece))
            meter.tick()
            if not done % _GIB:
                disk.forget()
    finally:
        disk.forget()
        disk.close()
    rate = done / MIB / max(pace.clock() - began, 0.001)
    context.say(f"{path}: {done} of {disk.size} bytes read, {rate:.0f} MiB/s, {len(errors)} errors")
    return errors


# --- memory


def _memory(context: Context, pace: Pace, seconds: float) -> list[str]:
    """Half of what is free, with patterns and with what tells each page from all others."""
    free = _free(context)
    most = _number(context, "MEMORY_MIB", free / MIB / _MOST_MEMORY) * MIB
    size = max(1, int(min(most, free) // BLOCK)) * BLOCK
    errors: list[str] = []
    began, rounds = pace.clock(), 0
    meter = metered(context, "memory", None, pace.clock)
    with mmap.mmap(-1, size) as room:
        while not errors and (not rounds or pace.clock() - began < seconds):
            errors = _round(room, rounds, meter.add)
            meter.tick()
            rounds += 1
    context.say(f"memory: {size // MIB} MiB, {rounds} rounds, {len(errors)} errors")
    return errors


def _free(context: Context) -> int:
    for line in text(context.root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 256 * MIB


def _round(room: mmap.mmap, number: int, add: Callable[[int], None]) -> list[str]:
    """All of it written, then all of it read."""
    blocks = range(0, len(room), BLOCK)
    for at in blocks:
        room[at : at + BLOCK] = _content(number, at)
        add(BLOCK)
    wrong = []
    for at in blocks:
        if room[at : at + BLOCK] != _content(number, at):
            wrong.append(
                f"memory does not hold what was written to it (round {number}, MiB {at // MIB})"
            )
        add(BLOCK)
    return wrong[:_MOST_ERRORS]


def _content(number: int, at: int) -> bytes:
    """A pattern in turn; every other round what only this place has, to find crossed lines."""
    if number % 2 == 0:
        return bytes([_PATTERNS[number // 2 % len(_PATTERNS)]]) * BLOCK
    own = hashlib.sha256(f"{number} {at}".encode()).digest()
    return own * (BLOCK // len(own))


# --- processors


def _processors(context: Context, pace: Pace, seconds: float) -> list[str]:
    """One process on each, hashing the same; who comes to another end than the first is broken."""
    known = _chain()
    cores = sorted(os.sched_getaffinity(0))
    children = {_started(pace, core, seconds, known): core for core in cores}
    errors = [
        f"processor {core} reckons wrong, or its process died"
        for child, core in children.items()
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    ]
    context.say(f"processors: {len(cores)}, {seconds:.0f} s, {len(errors)} errors")
    return errors


def _started(pace: Pace, core: int, seconds: float, known: bytes) -> int:
    child = pace.fork()
    if child:
        return child
    good = False
    try:
        os.sched_setaffinity(0, {core})
        began, good = pace.clock(), _chain() == known
        while good and pace.clock() - began < seconds:
            good = _chain() == known
    finally:
        os._exit(0 if good else 1)


def _chain() -> bytes:
    """A hash of a hash of a hash, and so on."""
    value = b"boots"
    for _ in range(_ROUNDS):
        value = hashlib.sha256(value).digest()
    return value

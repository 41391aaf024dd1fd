"""What an action that was killed left running: maps of disks that it only read, and all on them.

`boots_agent.actions.stacked` makes such a map, and takes it away unless it is killed before.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from boots_agent.facts import names, text

OURS = "boots-"
"""What their names begin with."""
_PATIENCE = 30.0  # seconds for a program that removes a map


def remove(name: str) -> str:
    """Have a map go; why it does not."""
    words = ["dmsetup", "remove", "--retry", name]
    environment = {**os.environ, "DM_DISABLE_UDEV": "1"}
    try:
        done = subprocess.run(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except OSError as error:
        return f"dmsetup: {error.strerror}"
    except subprocess.TimeoutExpired:
        return "it does not end"
    return done.stderr.decode(errors="replace").strip() if done.returncode else ""


def unstack(root: Path, say: Callable[[str], None], remove: Callable[[str], str] = remove) -> None:
    """Take away all such maps, and before them the arrays, volumes and maps that hold them."""
    block = root / "sys/block"
    for name in names(block):
        if text(block / name / "dm/name").startswith(OURS):
            for each in dict.fromkeys(_from_the_top(block / name)):
                _take_away(each, say, remove)


def _from_the_top(block: Path) -> Iterator[Path]:
    parts = [block / name for name in names(block) if (block / name / "partition").exists()]
    for each in (block, *parts):
        for name in names(each / "holders"):
            yield from _from_the_top(block.parent / name)
    yield block


def _take_away(block: Path, say: Callable[[str], None], remove: Callable[[str], str]) -> None:
    called = text(block / "dm/name")
    why = remove(called) if called else _cleared(block / "md/array_state")
    shown = called or block.name
    if why:
        say(f"{shown}, which an action left, cannot be taken away: {why}")
    else:
        say(f"{shown}, which an action left, is taken away")


def _cleared(state: Path) -> str:
    """Have an array stop; why it does not."""
    try:
        descriptor = os.open(state, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return "it is no array"
    try:
        os.write(descriptor, b"clear")
    except OSError as error:
        return os.strerror(error.errno or 0)
    finally:
        os.close(descriptor)
    return ""

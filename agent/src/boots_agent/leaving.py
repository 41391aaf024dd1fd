"""The end of OSIE: all that was written is on the disks, and another system comes up."""

import contextlib
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from boots_agent.disks import disks
from boots_agent.kernel import leave

_BLKFLSBUF = 0x1261


def flush(root: Path) -> None:
    """What is on its way to any disk is there."""
    os.sync()
    for disk in disks(root):
        with contextlib.suppress(OSError):
            descriptor = os.open(root / "dev" / str(disk["name"]), os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.ioctl(descriptor, _BLKFLSBUF)
            finally:
                os.close(descriptor)


def end(how: str, say: Callable[[str], None]) -> None:
    """Reboot, power off, or begin the kernel that is loaded; where that fails, reboot.

    Returns only where the kernel does not even do that.
    """
    os.sync()
    for each in dict.fromkeys((how, "reboot")):
        try:
            leave(each)
        except (OSError, KeyError) as error:
            say(f"{each} failed: {error}")

"""What a boot of OSIE took, as its console says: time to its init and its agent, memory."""

import re
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

_INIT = re.compile(r"OSIE: version .* ([\d.]+) s after the kernel")
_HELLO = re.compile(r"OSIE: agent .*, ([\d.]+) s after the kernel, (\d+) of (\d+) MiB free(?:\s|$)")


class Taken(NamedTuple):
    """One boot, or the middle of several.

    Attributes:
        init: Seconds from the kernel's start to ``/init``: the archive is unpacked.
        hello: Seconds from the kernel's start to the agent's hello.
        used: MiB of memory that are in use then, the image included.
        whole: MiB that the kernel has to give.
    """

    init: float
    hello: float
    used: float
    whole: float


def read(console: str) -> Taken | None:
    """Read a console; None where the agent said no hello."""
    init, hello = _INIT.search(console), _HELLO.search(console)
    if init is None or hello is None:
        return None
    free, whole = float(hello[2]), float(hello[3])
    return Taken(float(init[1]), float(hello[1]), whole - free, whole)


def middle(boots: Sequence[Taken]) -> Taken:
    """The median of each figure."""
    return Taken(*(median(figures) for figures in zip(*boots, strict=True)))

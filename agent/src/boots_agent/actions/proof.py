"""Whether a disk is empty: what was put there before is gone, and samples all over it are zero."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from boots_agent.images.disk import Disk
from boots_agent.images.words import DiskFailed, State
from boots_agent.images.work import buffer
from boots_agent.images.zeros import is_zero

PAGE = 4096
SENTINELS, SAMPLES = 16, 1024

Chance = Callable[[int], bytes]
"""So many bytes that nobody can foresee."""


class Proof(NamedTuple):
    """What was found after a disk was erased.

    Attributes:
        sentinels: Pages of chance that were put on the disk before.
        left: How many of them were still there.
        samples: Pages that were looked at.
        dirty: How many of them were not zero.
        first_dirty: The byte where the first of these is, or -1.
    """

    sentinels: int
    left: int
    samples: int
    dirty: int
    first_dirty: int = -1

    @property
    def is_zero(self) -> bool:
        """Whether nothing was found."""
        return not self.left and not self.dirty


class Sentinel(NamedTuple):
    """A page of chance, and where it is."""

    offset: int
    content: bytes


def lay(disk: Disk, chance: Chance) -> tuple[Sentinel, ...]:
    """Put sentinels on the disk: one at each end, the others anywhere.

    Raises:
        DiskFailed: It does not hold them, so nothing could be proved with them.
    """
    pages = disk.size // PAGE
    places = {0, pages - 1, *(_number(chance) % pages for _ in range(SENTINELS - 2))}
    laid = tuple(Sentinel(place * PAGE, chance(PAGE)) for place in sorted(places))
    for each in laid:
        disk.write(memoryview(each.content), each.offset)
    disk.sync()
    for each in laid:
        if _page(disk, each.offset) != each.content:
            why = f"{disk.path} does not hold what was written to byte {each.offset}"
            raise DiskFailed(why, State.DOUBTFUL)
    return laid


def prove(disk: Disk, laid: Sequence[Sentinel], chance: Chance) -> Proof:
    """Look for the sentinels, and at samples: both ends, and one page anywhere in each part."""
    pages = disk.size // PAGE
    part = max(1, pages // SAMPLES)
    places = {0, pages - 1, *(each.offset // PAGE for each in laid)}
    for start in range(0, pages, part):
        places.add(start + _number(chance) % min(part, pages - start))
    left = sum(_page(disk, each.offset) == each.content for each in laid)
    view = buffer(PAGE)
    dirty = []
    disk.forget()
    for place in sorted(places):
        disk.read(view, place * PAGE)
        if not is_zero(view):
            dirty.append(place * PAGE)
    return Proof(len(laid), left, len(places), len(dirty), dirty[0] if dirty else -1)


def _number(chance: Chance) -> int:
    return int.from_bytes(chance(8), "big")


def _page(disk: Disk, offset: int) -> bytes:
    """A page from the disk itself."""
    disk.forget()
    view = buffer(PAGE)
    disk.read(view, offset)
    return bytes(view)

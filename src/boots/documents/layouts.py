"""Partitions as people write them: ``efi 512M vfat /boot/efi, swap 4G, root rest ext4 /``."""

import re
from decimal import Decimal

from boots.model.word import Word

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?)([KMGT]?)(?:i?B)?", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9_.+-]{1,36}")
_FILE_SYSTEM = re.compile(r"[a-z0-9]{2,16}")
# What a partition of this name has on it, if nothing else is said.
_PLAIN = {"efi": "vfat", "esp": "vfat", "swap": "swap"}
_EXAMPLE = "write it like efi 512M vfat /boot/efi, swap 4G, root rest ext4 /"


class NoLayout(ValueError):
    """A text is no layout; `advice` says what to write instead."""

    def __init__(self, problem: str, advice: str = _EXAMPLE) -> None:
        super().__init__(problem)
        self.advice = advice


class Partition(Word, frozen=True):
    """One partition; `size` in bytes, 0 for all that is left.

    `file_system` is what is made on it, `point` where it is mounted; both may be empty.
    """

    name: str
    size: int
    file_system: str = ""
    point: str = ""


def parse(text: str) -> tuple[Partition, ...]:
    """Read partitions in their order.

    Raises:
        NoLayout: it says something else.
    """
    found = tuple(_partition(each) for each in re.split(r"[,\n]", text) if each.strip())
    if not found:
        raise NoLayout("there is no partition in it")
    if any(not each.size for each in found[:-1]):
        raise NoLayout("only the last partition can have the rest")
    return found


def _partition(text: str) -> Partition:
    words = text.split()
    if not 2 <= len(words) <= 4:
        raise NoLayout(f'"{text.strip()[:80]}" is no partition: a name and a size are wanted')
    name, size, *rest = words
    if not _NAME.fullmatch(name):
        raise NoLayout(f'"{name[:80]}" is no name of a partition', "letters and digits, at most 36")
    point = rest.pop() if rest and rest[-1].startswith("/") else ""
    if len(rest) > 1:
        raise NoLayout(f'"{rest[-1][:80]}" is no place to mount it', "write an absolute path")
    file_system = rest[0].lower() if rest else _PLAIN.get(name.lower(), "")
    if file_system and not _FILE_SYSTEM.fullmatch(file_system):
        raise NoLayout(f'"{file_system[:80]}" is no file system', "write ext4, xfs, vfat or swap")
    if point and not file_system:
        raise NoLayout(f"{name} is mounted and has no file system", f"write {name} {size} ext4 …")
    return Partition(name=name, size=_bytes(size), file_system=file_system, point=point)


def _bytes(word: str) -> int:
    if word.lower() == "rest":
        return 0
    found = _SIZE.fullmatch(word)
    size = int(Decimal(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if not size or size % 512:
        problem = f'"{word[:80]}" is no size of a partition'
        raise NoLayout(problem, "write 512M, 4G (of 1024) or rest")
    return size

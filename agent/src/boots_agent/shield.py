"""Disks that take no writes while an action is on, but for those that it may write.

The gate says what an action may write; this has the kernel hold it to that, whatever the programs
do that it runs: one may follow a volume group, a file system or a journal to another disk.
Such a disk is read-only, and claimed: what is stacked on a read-only disk Linux writes all the
same, and only warns (``bio_check_ro``), be it an array, a volume, or swap.
It keeps mistakes from disks, and nobody who means harm: what runs as root may undo it.
"""

import contextlib
import enum
import errno
import fcntl
import os
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from boots_agent.arrivals import watched
from boots_agent.disks import is_disk
from boots_agent.facts import names, text

_BLKROSET = 0x125D  # linux/fs.h
_NO_DISK = frozenset({errno.ENOENT, errno.ENOMEDIUM, errno.ENXIO})  # ENXIO: not whole yet


class Notes:
    """What outlives this process, in a folder of the agent's: paths of disks, one a line.

    Attributes:
        held: Disks that take no writes.
        unused: Disks that nobody used when they were first held, and that nobody was let through
            to since.
    """

    def __init__(self, folder: Path) -> None:
        self.held = folder / "shielded"
        self.unused = folder / "shielded-unused"

    def add(self, note: Path, path: Path) -> None:
        """Note one more."""
        self.keep(note, [*self.of(note), str(path)])

    def drop(self, note: Path, path: Path) -> None:
        """Note one no more."""
        self.keep(note, [each for each in self.of(note) if each != str(path)])

    def of(self, note: Path) -> list[str]:
        """The lines of a note."""
        return text(note).splitlines()

    def keep(self, note: Path, lines: Iterable[str]) -> None:
        """Have a note say this: whoever is killed, there is the old or the new."""
        fresh = note.with_suffix(".new")
        fresh.write_text("".join(f"{line}\n" for line in dict.fromkeys(lines)))
        fresh.replace(note)


class Found(enum.Enum):
    """What came of a disk that was to be held."""

    HELD = enum.auto()
    IN_USE = enum.auto()
    FREED = enum.auto()


class Shield:
    """Disks that take no writes, by their numbers.

    What is claimed is so until `close`; what takes no writes, until `lift`.  One thread may free
    disks while another one puts those that come.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._paths: dict[int, Path] = {}
        self._claims: dict[int, int] = {}
        self._freed: set[int] = set()
        self._turn = threading.Lock()  # never held while a disk is opened: it may not answer

    @property
    def names(self) -> frozenset[str]:
        """What they are called."""
        return frozenset(path.name for path in self._paths.values())

    def covers(self, number: int) -> bool:
        """Whether a disk takes no writes because of this."""
        return number in self._paths

    def put(self, path: Path) -> Found:
        """Have one take no writes, and nothing have it; its path is noted before.

        Raises:
            OSError: it cannot be, or (EBUSY) something has it.
        """
        if path.stat().st_rdev in self._freed:  # what may write it has it alone for a while
            return Found.FREED
        claim = _claimed(path)
        number = os.fstat(claim).st_rdev
        with self._turn:
            if number in self._freed:
                os.close(claim)
                return Found.FREED
            self._claims[number] = claim
            self._hold(claim, path)
            self._notes.add(self._notes.unused, path)
        return Found.HELD

    def put_used(self, path: Path) -> Found:
        """The same for one that something has, if it was noted as unused.

        What uses it came while it took no writes, so it is what an action left.
        """
        if str(path) not in self._notes.of(self._notes.unused):
            return Found.IN_USE
        with _opened(path) as descriptor, self._turn:
            if os.fstat(descriptor).st_rdev in self._freed:
                return Found.FREED
            self._hold(descriptor, path)
        return Found.HELD

    def _hold(self, descriptor: int, path: Path) -> None:
        self._notes.add(self._notes.held, path)
        _read_only(descriptor, value=True)
        self._paths[os.fstat(descriptor).st_rdev] = path

    @contextlib.contextmanager
    def lent(self, numbers: Iterable[int]) -> Iterator[None]:
        """What reads may have these meanwhile, to mount or to run them; they take no writes."""
        with self._turn:
            claimed = [each for each in numbers if self._disclaim(each)]
        try:
            yield
        finally:
            for number in claimed:
                with contextlib.suppress(OSError):  # it is in use, or gone
                    self._reclaim(number)

    def _reclaim(self, number: int) -> None:
        path = self._paths.get(number)
        if path is None:  # it was freed meanwhile
            return
        claim = _claimed(path)
        with self._turn:
            if number in self._paths:
                self._claims[number] = claim
            else:
                os.close(claim)

    def close(self) -> None:
        """Claim none any more: the action is over."""
        with self._turn:
            for number in list(self._claims):
                self._disclaim(number)

    def _disclaim(self, number: int) -> bool:
        claim = self._claims.pop(number, None)
        if claim is not None:
            os.close(claim)
        return claim is not None

    def free(self, number: int) -> None:
        """Have one take writes: the gate has let it through."""
        with self._turn:
            self._freed.add(number)
            self._disclaim(number)
            path = self._paths.pop(number, None)
            if path is None:
                return
            self._notes.drop(self._notes.unused, path)
        with _opened(path) as descriptor:
            _read_only(descriptor, value=False)


@contextlib.contextmanager
def shielded(root: Path, folder: Path, say: Callable[[str], None]) -> Iterator[Shield]:
    """All disks that take writes: they take none from now on, but for those that are freed.

    So do those that come meanwhile.
    They are noted in the folder, and that outlives this process: who lifts it has ended all that
    the action left running before.  What mounts and scripts may touch is no place for it.
    """
    shield = Shield(Notes(folder))
    try:
        with watched(_Guard(shield, root, say).look):
            yield shield
    finally:
        shield.close()


_COME = {Found.HELD: ": it is read-only, too", Found.IN_USE: ", is in use, and not held"}


class _Guard:
    """Puts each disk under the shield as it sees it first."""

    def __init__(self, shield: Shield, root: Path, say: Callable[[str], None]) -> None:
        self._shield = shield
        self._root = root
        self._say = say
        self._seen: set[str] = set()
        self._looks = 0

    def look(self) -> None:
        """At the disks that there are."""
        block = self._root / "sys/block"
        self._looks += 1
        for name in names(block):
            if (
                name not in self._seen
                and is_disk(block / name)
                and text(block / name / "ro") != "1"
            ):
                self._meet(name)

    def _meet(self, name: str) -> None:
        path = self._root / "dev" / name.replace("!", "/")  # as the kernel names nodes
        try:
            found = _put(self._shield, path, self._say)
        except OSError as error:
            if error.errno in _NO_DISK:
                return  # not yet
            self._say(f"{name} is not held read-only: {error.strerror}")
        else:
            if self._looks > 1 and found in _COME:
                self._say(f"{name} has come meanwhile{_COME[found]}")
        self._seen.add(name)


def _put(shield: Shield, path: Path, say: Callable[[str], None]) -> Found:
    try:
        return shield.put(path)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
    found = shield.put_used(path)
    if found is Found.HELD:
        say(f"{path.name} is in use since an action: what uses it may still write there")
    return found


def lift(folder: Path) -> None:
    """Have the disks that are noted there take writes again; those that do not stay noted.

    One that is gone is forgotten.
    """
    notes = Notes(folder)
    held = notes.of(notes.held)
    if held:
        notes.keep(notes.held, [each for each in held if not _lifted(Path(each))])


def _lifted(path: Path) -> bool:
    try:
        with _opened(path) as descriptor:
            _read_only(descriptor, value=False)
    except OSError as error:
        return error.errno == errno.ENOENT
    return True


def _claimed(path: Path) -> int:
    """A disk that nothing else can mount, stack or claim: the descriptor that keeps it so.

    Raises:
        OSError: it cannot be, or (EBUSY) something has it, or one of its partitions.
    """
    return os.open(path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read_only(descriptor: int, *, value: bool) -> None:
    """Have a disk and its partitions take no writes, or take them again.  Raises `OSError`."""
    fcntl.ioctl(descriptor, _BLKROSET, struct.pack("i", int(value)))

"""Records in files: a file or a directory of them, and the parsed form kept between runs."""

import contextlib
import gc
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from boots.documents import fault
from boots.documents.fault import Fault, unreadable
from boots.machines import apart
from boots.machines.contents import contents
from boots.machines.index import Index
from boots.machines.lookup import build
from boots.machines.packed import Damaged, Packed, from_bytes, to_bytes
from boots.machines.records import packed
from boots.model import machine

SUFFIXES = (".yaml", ".yml", ".json")
_KEEP_DAYS = 30
_LARGE = 1 << 20  # bytes, which take longer to read than a process takes to start


Parts = tuple[Packed, ...]
"""The machines of one file."""


class Read(msgspec.Struct, frozen=True):
    """What one file holds: the machines that could be read, and what is wrong with the rest."""

    machines: Parts
    faults: tuple[Fault, ...] = ()


class Loaded(msgspec.Struct, frozen=True):
    """What a path held: the index of the machines that could be read, and all that is wrong."""

    index: Index
    faults: tuple[Fault, ...]
    files: int


class Cache:
    """The parsed form of files, kept by the hash of what they say.

    Parsing YAML is the slow part of a start; what was seen once is not parsed again.  Losing
    the cache loses nothing.  In memory it also spares unchanged files at a reload.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._reader = _reader()
        self._memory: dict[str, Parts] = {}
        self._wrote = False

    def read(self, path: Path, name: str) -> Read:
        """The records of a file, parsed only if no file said the same before."""
        try:
            data = contents(path)
        except OSError as error:
            return _unreadable(name, error.strerror or str(error))
        # The name is in it as places within the records hold it.
        said = apart.digest(data)
        key = hashlib.sha256(self._reader + f"{name}\n".encode() + said).hexdigest()
        machines = self._memory.pop(key, None)
        if machines is None:
            machines = self._from_disk(key, name)
        if machines is None:
            fresh = _read_apart(path, name, said) if len(data) > _LARGE else None
            fresh = fresh or _read(data, name)
            if fresh.faults:
                return fresh  # never kept: the faults must be told again
            machines = fresh.machines
            self._to_disk(key, machines)
        self._memory[key] = machines
        return Read(machines)

    def tidy(self, used: int) -> None:
        """Drop from memory what the last `used` reads did not touch, and from disk what is old."""
        while len(self._memory) > used:
            del self._memory[next(iter(self._memory))]
        if self._wrote and self._directory is not None:
            with contextlib.suppress(OSError):
                _prune(self._directory)
        self._wrote = False

    def _from_disk(self, key: str, name: str) -> Parts | None:
        if self._directory is None:
            return None
        path = self._directory / f"{key}.msgpack"
        try:
            machines = from_bytes(path.read_bytes(), name)
            path.touch()
        except (OSError, Damaged):
            return None
        return machines

    def _to_disk(self, key: str, machines: Parts) -> None:
        if self._directory is None:
            return
        with contextlib.suppress(OSError):  # a cache that cannot be written is only slow
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=self._directory, delete=False) as file:
                fresh = Path(file.name)
                try:
                    file.write(to_bytes(machines))
                    file.flush()
                    fresh.replace(self._directory / f"{key}.msgpack")
                finally:
                    fresh.unlink(missing_ok=True)
            self._wrote = True


def _prune(directory: Path) -> None:
    """Drop what was last used long before the newest."""
    kept = sorted(directory.glob("*.msgpack"), key=lambda path: path.stat().st_mtime)
    newest = kept[-1].stat().st_mtime if kept else 0
    for path in kept:
        if newest - path.stat().st_mtime > _KEEP_DAYS * 86_400:
            path.unlink()


def _reader() -> bytes:
    """What tells this code from any other that reads records: a change of it voids the cache."""
    code = hashlib.sha256()
    for room in (Path(__file__), Path(machine.__file__), Path(fault.__file__)):
        for source in sorted(room.parent.glob("*.py")):
            code.update(source.read_bytes())
    return code.digest()


def _read(data: bytes, name: str) -> Read:
    try:
        machines, faults = packed(data.decode(), name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _unreadable(name, "not UTF-8 text", "save it as UTF-8", line)
    return Read(machines, faults)


def _read_apart(path: Path, name: str, said: bytes) -> Read | None:
    """What another process reads in a file, if the file still says what it said."""
    parcel = apart.fetch(path, name)
    if parcel is None or parcel.digest != said:
        return None
    return Read(from_bytes(parcel.machines, name), parcel.faults)


def _unreadable(
    name: str, why: str, advice: str = "check that it is there and may be read", line: int = 0
) -> Read:
    return Read((), (unreadable(name, why, advice, line),))


def record_files(path: Path) -> list[Path]:
    """The record files at a path: itself, or what a directory holds directly, in name order.

    Kubernetes mounts files as links into hidden directories, which it swaps: only the links
    count.  A link to nothing is in the list, so that it is complained of.

    Raises:
        OSError: the directory cannot be listed.
    """
    if not path.is_dir():
        return [path]
    return sorted(
        entry
        for entry in path.iterdir()
        if entry.suffix in SUFFIXES
        and not entry.name.startswith(".")
        and (entry.is_file() or not entry.exists())
    )


def load(paths: list[Path], cache: Cache) -> Loaded:
    """Read all records at these paths.  Never raises on what the files say."""
    packs: list[Packed] = []
    faults: list[Fault] = []
    found: dict[Path, None] = {}  # a file named twice is still one file
    for path in paths:
        try:
            found.update(dict.fromkeys(record_files(path)))
        except OSError as error:
            faults += _unreadable(fault.named(path), error.strerror or str(error)).faults
    files = list(found)
    with _without_collector():
        for file in files:
            records = cache.read(file, fault.named(file))
            packs.extend(records.machines)
            faults.extend(records.faults)
        index, clashes = build(packs)
    cache.tidy(len(files))
    return Loaded(index, (*faults, *clashes), len(files))


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Reading makes millions of objects and no garbage: the collector would only slow it down."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

"""The "newc" archive that the kernel unpacks as its first file system.

Pure functions from entries to bytes.  The same entries always give the same bytes: they are sorted
by path, owned by root, dated 1970 and numbered in order.  The format is described in the kernel's
``Documentation/driver-api/early-userspace/buffer-format.rst``.
"""

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from posixpath import dirname, normpath

_TRAILER = "TRAILER!!!"
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Entry:
    """One file system object.

    Attributes:
        path: Relative to the root, normalised, without a leading slash.
        mode: File type and permissions, as in ``st_mode``.
        data: A file's content or a symbolic link's target.
        device: Major and minor number of a device node.
    """

    path: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def directory(path: str, permissions: int = 0o755) -> Entry:
    """A directory."""
    return Entry(path, stat.S_IFDIR | permissions)


def regular(path: str, data: bytes, permissions: int = 0o644) -> Entry:
    """A regular file."""
    return Entry(path, stat.S_IFREG | permissions, data)


def symlink(path: str, target: str) -> Entry:
    """A symbolic link."""
    return Entry(path, stat.S_IFLNK | 0o777, target.encode())


def character_device(path: str, major: int, minor: int, permissions: int = 0o600) -> Entry:
    """A character device node."""
    return Entry(path, stat.S_IFCHR | permissions, device=(major, minor))


def with_parents(entries: Iterable[Entry]) -> list[Entry]:
    """The entries and every directory above them that they leave out."""
    known = {entry.path: entry for entry in entries}
    for path in list(known):
        parent = dirname(path)
        while parent and parent not in known:
            known[parent] = directory(parent)
            parent = dirname(parent)
    return list(known.values())


def archive(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The archive in pieces, its length a multiple of 512 bytes.

    Raises:
        ValueError: A path is not normalised or comes twice, or its directory is missing; the
            kernel would drop such an entry without a word.
    """
    ordered = sorted(entries, key=lambda entry: entry.path)
    _check(ordered)
    length = 0
    for number, entry in enumerate(ordered, start=1):
        piece = _member(entry, number)
        length += len(piece)
        yield piece
    end = _member(Entry(_TRAILER, 0), 0)
    yield end + bytes(-(length + len(end)) % _BLOCK)


def _check(ordered: list[Entry]) -> None:
    seen: set[str] = set()
    for entry in ordered:
        path = entry.path
        if path.startswith(("/", "../")) or path in {"", ".", ".."} or normpath(path) != path:
            raise ValueError(f"{path!r} is no normalised relative path")
        if path in seen:
            raise ValueError(f"{path} comes twice")
        parent = dirname(path)
        if parent and parent not in seen:
            raise ValueError(f"{path} comes without its directory {parent}")
        seen.add(path)


def _member(entry: Entry, number: int) -> bytes:
    name = entry.path.encode() + b"\0"
    major, minor = entry.device
    fields = (
        number,
        entry.mode,
        0,  # owner
        0,  # group
        # A link count above one makes readers look for hard links among files.
        2 if stat.S_ISDIR(entry.mode) else 1,
        0,  # time of change
        len(entry.data),
        0,  # device of the archive
        0,
        major,
        minor,
        len(name),
        0,  # checksum, unused in this variant
    )
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + name) + _padded(entry.data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)

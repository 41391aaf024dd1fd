"""A tree of files whose paths never lead out of it.

What stands in an installed system is anybody's: ``/etc/netplan`` may be a link to ``/`` of OSIE.
Each part of a path is opened by itself and no link is followed by the kernel; links are read, and
mean what they would mean if the tree were ``/``.
"""

import contextlib
import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_LINKS = 40  # as many as Linux follows
_FOLDER = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_LABEL = "security.selinux"
_AT_ONCE = 1 << 20
TEXT = 16 << 20
"""The longest file that is read as a text; what an image has may be a hole of a terabyte."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a new file is, and who may do what with it and with folders made for it."""

    user: int = 0
    group: int = 0
    mode: int = 0o644
    folder_mode: int = 0o755


class Place(NamedTuple):
    """An entry of a folder: where, what it is called, and itself unless it is missing.

    Both descriptors lead there and can neither read nor write (O_PATH).
    """

    folder: int
    name: str
    itself: int | None


class Tree:
    """The tree below `root`; paths in it begin with ``/`` or need not."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str, most: int | None = None) -> bytes:
        """What a file says.  Raises `OSError`, also where it is longer than `most`."""
        with self.opened(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
            if most is not None and os.fstat(descriptor).st_size > most:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
            return file.read()

    @contextlib.contextmanager
    def opened(self, path: str) -> Iterator[int]:
        """A file, open for reading.  Raises `OSError`."""
        with self._at(path) as place:
            itself = _there(place, path)
            if not stat.S_ISREG(os.fstat(itself).st_mode):  # a pipe would be waited for
                raise OSError(errno.EINVAL, "it is no file", path)
            descriptor = os.open(_same(itself), os.O_RDONLY | os.O_CLOEXEC)
            try:
                yield descriptor
            finally:
                os.close(descriptor)

    def facts(self, path: str, *, follow: bool = True) -> os.stat_result | None:
        """What a path is; None if nothing is there."""
        try:
            with self._at(path, follow=follow) as place:
                return None if place.itself is None else os.fstat(place.itself)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted; none if there is no such folder."""
        try:
            with self._at(path) as place:
                return sorted(each.name for each in Path(_same(_there(place, path))).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def write(self, path: str, content: bytes, owner: Owner, *, follow: bool = False) -> None:
        """Put a file there, whole or not at all, and on the disk when this returns.

        Folders that are missing are made.  A link at the path itself is replaced unless `follow`.

        Raises:
            OSError: It cannot be done; what was there is still there.
        """
        with self._at(path, follow=follow, make=owner) as place:
            if place.itself is not None and stat.S_ISDIR(os.fstat(place.itself).st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            folder = os.open(_same(place.folder), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                _replace(folder, place, content, owner)
                os.fsync(folder)
            finally:
                os.close(folder)

    @contextlib.contextmanager
    def entry(self, path: str, make: Owner | None = None) -> Iterator[Place]:
        """An entry, there or not, for as long as it is worked on.

        A link at the path itself is the entry; folders on the way are made where `make` is given.
        Raises `OSError`.
        """
        with self._at(path, follow=False, make=make) as place:
            yield place

    def put_link(self, path: str, target: str) -> None:
        """Have a symbolic link there, whatever it points to; one that is there stays."""
        with self._at(path, follow=False, make=Owner()) as place:
            if place.itself is None:
                os.symlink(target, place.name, dir_fd=place.folder)
                _label(f"{_same(place.folder)}/{place.name}", _same(place.folder))

    def remove(self, path: str, *, follow: bool = False) -> None:
        """Take a file or link away, if it is there."""
        with self._at(path, follow=follow) as place:
            if place.itself is not None:
                os.unlink(place.name, dir_fd=place.folder)

    def folder(self, path: str) -> Path:
        """A folder's true path, as `place`; it is made if it is missing."""
        with self._at(path, make=Owner(), last_is_folder=True) as place:
            return Path(_same(_there(place, path))).readlink()

    def place(self, path: str) -> Path:
        """Where something truly is, links resolved.  Raises `OSError`.

        To be mounted on, by its name: only for a tree that nobody else changes meanwhile.
        """
        with self._at(path) as place:
            return Path(_same(_there(place, path))).readlink()

    @contextlib.contextmanager
    def _at(
        self,
        path: str,
        *,
        follow: bool = True,
        make: Owner | None = None,
        last_is_folder: bool = False,
    ) -> Iterator[Place]:
        walk = _Walk(self._root)
        try:
            yield walk.to(path, follow, make, last_is_folder)
        finally:
            walk.close()


class _Walk:
    """On the way to a path: the folders from the root to where it is, open."""

    def __init__(self, root: Path) -> None:
        self._folders = [os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)]
        self._loose: list[int] = []

    def close(self) -> None:
        for descriptor in self._folders + self._loose:
            os.close(descriptor)

    def to(self, path: str, follow: bool, make: Owner | None, last_is_folder: bool) -> Place:
        if "\0" in path:
            raise OSError(errno.EINVAL, "a path has no NUL in it", path)
        left, links = deque(_parts(path)), 0
        while left:
            name = left.popleft()
            if name == "..":
                self._up()
                continue
            itself = self._open(name, make if left or last_is_folder else None, needed=bool(left))
            if itself is None:
                return Place(self._folders[-1], name, None)
            kind = os.fstat(itself).st_mode
            if stat.S_ISLNK(kind) and (left or follow):
                links += 1
                if links > _LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                self._follow(itself, left)
            elif not left:
                return Place(self._folders[-1], name, itself)
            elif stat.S_ISDIR(kind):
                self._folders.append(self._loose.pop())
            else:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        return Place(self._folders[-1], ".", self._folders[-1])

    def _open(self, name: str, make: Owner | None, *, needed: bool) -> int | None:
        folder = self._folders[-1]
        try:
            found = os.open(name, _FOLDER, dir_fd=folder)
        except FileNotFoundError:
            if make is None:
                if needed:
                    raise
                return None
            _make_folder(folder, name, make)
            found = os.open(name, _FOLDER, dir_fd=folder)
        self._loose.append(found)
        return found

    def _follow(self, link: int, left: deque[str]) -> None:
        target = os.readlink("", dir_fd=link)
        if target.startswith("/"):
            while len(self._folders) > 1:
                self._up()
        left.extendleft(reversed(_parts(target)))

    def _up(self) -> None:
        """The folder above; above the root is the root, as it is for ``/``."""
        if len(self._folders) > 1:
            os.close(self._folders.pop())


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def _there(place: Place, path: str) -> int:
    if place.itself is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return place.itself


def _same(descriptor: int) -> str:
    """A name for what is open, for calls that take names."""
    return f"/proc/self/fd/{descriptor}"


def _make_folder(folder: int, name: str, owner: Owner) -> None:
    os.mkdir(name, owner.folder_mode, dir_fd=folder)
    made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    try:
        _give(made, owner, owner.folder_mode)
        _label(made, _same(folder))
    finally:
        os.close(made)


def _replace(folder: int, place: Place, content: bytes, owner: Owner) -> None:
    name = f".{place.name[:200]}.boots-{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        try:
            _fill(descriptor, content)
            _give(descriptor, owner, owner.mode)
            _label(descriptor, _same(folder if place.itself is None else place.itself))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(name, place.name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)
        raise


def _fill(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view[:_AT_ONCE]) :]


def _give(descriptor: int, owner: Owner, mode: int) -> None:
    os.fchown(descriptor, owner.user, owner.group)
    os.fchmod(descriptor, mode)


def _label(what: int | str, like: str) -> None:
    """The SELinux label of the file that was there, or of the folder: OSIE makes none itself."""
    with contextlib.suppress(OSError):
        label = os.getxattr(like, _LABEL)
        os.setxattr(what, _LABEL, label, follow_symlinks=isinstance(what, int))

"""Unpacking a tar archive into a tree of files that it cannot lead out of, in bounded memory.

Owners are numbers, as the archive has them: its names are those of another system.
"""

import contextlib
import errno
import os
import stat
import tarfile
from collections.abc import Callable
from typing import NamedTuple

from boots_agent.actions import acl
from boots_agent.actions.confined import TEXT, Owner, Place, Tree
from boots_agent.actions.forward import Stream
from boots_agent.images.words import Damaged

_BLOCK = 512
_LATE = 1 << 16  # folders whose modes and times wait for their content
_MOST_NUMBER = 0xFFFFFFFE
_LAST_MOMENT = 1 << 34  # seconds; what ext4 can hold
_XATTR = "SCHILY.xattr."
_ACLS = {
    "SCHILY.acl.access": "system.posix_acl_access",
    "SCHILY.acl.default": "system.posix_acl_default",
}


class Unpacked(NamedTuple):
    """What came of it: entries, bytes of files, attributes that the disk has no room for."""

    entries: int
    size: int
    lost: int


class _Late(NamedTuple):
    """What is set when all is there: a folder's modes and times, and ACLs, which name users."""

    path: str
    mode: int
    moment: int
    attributes: dict[str, bytes]
    acls: dict[str, str]


def unpack(
    stream: Stream,
    tree: Tree,
    missing: Callable[[str], None],
    before: Callable[[tarfile.TarInfo], bool] = lambda _: True,
) -> Unpacked:
    """Unpack all of it.

    Args:
        stream: The archive.
        tree: Where to.
        missing: Told of what is left out.
        before: Asked of each entry, and says whether it is one.

    Raises:
        Damaged: It is no archive, or ends early, or leads elsewhere.
        OSError: The disk does not take it.
    """
    work = _Unpacking(stream, tree, missing)
    try:
        # By itself, tarfile reads a stream in pieces that hide how much a header asks for.
        with tarfile.open(
            fileobj=stream,
            mode="r:",
            encoding="utf-8",
            errors="surrogateescape",
        ) as archive:
            member = archive.next()
            while member is not None:
                if before(member):
                    work.put(member)
                archive.members.clear()  # type: ignore[attr-defined]  # else every entry is kept
                member = archive.next()
            end = archive.offset
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
        # tarfile calls itself for each header that belongs to the next.
        raise Damaged(f"broken tar: {error}") from error
    # tarfile takes a header that is cut or broken for the end.
    if stream.last != bytes(_BLOCK) or stream.tell() != end + _BLOCK:
        raise Damaged(f"the archive ends early, or is broken, at byte {end}")
    work.finish()
    return Unpacked(work.entries, work.size, work.lost)


class _Unpacking:
    """One archive on its way."""

    def __init__(self, stream: Stream, tree: Tree, missing: Callable[[str], None]) -> None:
        self._stream = stream
        self._tree = tree
        self._missing = missing
        self._late: list[_Late] = []
        self.entries = self.size = self.lost = 0

    def put(self, member: tarfile.TarInfo) -> None:
        """One entry."""
        path = _inside(member.name, "an entry")
        way = next((way for is_kind, way in _WAYS if is_kind(member)), None)
        if way is None:
            self._missing(f"{member.name}: an entry of the kind {member.type!r} is left out")
            return
        with self._tree.entry(path, Owner()) as place:
            way(self, member, place, path)
        self.entries += 1

    def finish(self) -> None:
        """What had to wait, the last folder first: those above it still let anybody in."""
        self._settle(0)

    # --- kinds of entries

    def folder(self, member: tarfile.TarInfo, place: Place, path: str) -> None:
        there = place.itself
        if there is not None and not stat.S_ISDIR(os.fstat(there).st_mode):
            if stat.S_ISLNK(os.fstat(there).st_mode) and self._leads_to_folder(path):
                return  # /lib may be a link to /usr/lib: what is in it goes there
            os.unlink(place.name, dir_fd=place.folder)
            there = None
        if there is None:
            os.mkdir(place.name, 0o700, dir_fd=place.folder)
        _own(place, member)
        self._wait(path, member)

    def file(self, member: tarfile.TarInfo, place: Place, path: str) -> None:
        _clear(place)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(place.name, flags, 0o600, dir_fd=place.folder)
        try:
            self._fill(descriptor, member)
        finally:
            os.close(descriptor)
        self._finished(member, place, path)

    def link(self, member: tarfile.TarInfo, place: Place, _: str) -> None:
        _clear(place)
        os.symlink(member.linkname, place.name, dir_fd=place.folder)
        _own(place, member)
        self._attributes(place, _xattrs(member))
        _at_moment(place, _moment(member))

    def same(self, member: tarfile.TarInfo, place: Place, _: str) -> None:
        """A further name for what is unpacked already."""
        target = _inside(member.linkname, "a hard link")
        with self._tree.entry(target) as other:
            if other.itself is None:
                raise Damaged(f"{member.name} is a link to {target}, which is not there")
            if place.itself is not None and os.path.samestat(
                os.fstat(place.itself), os.fstat(other.itself)
            ):
                return
            _clear(place)
            os.link(
                other.name,
                place.name,
                src_dir_fd=other.folder,
                dst_dir_fd=place.folder,
                follow_symlinks=False,
            )

    def node(self, member: tarfile.TarInfo, place: Place, path: str) -> None:
        _clear(place)
        kind = stat.S_IFCHR if member.ischr() else stat.S_IFBLK if member.isblk() else stat.S_IFIFO
        device = os.makedev(member.devmajor, member.devminor)
        os.mknod(place.name, kind | 0o600, 0 if member.isfifo() else device, dir_fd=place.folder)
        self._finished(member, place, path)

    # --- content and what is around it

    def _fill(self, descriptor: int, member: tarfile.TarInfo) -> None:
        """The content; holes of sparse files stay holes."""
        sparse: list[tuple[int, int]] = getattr(member, "sparse", None) or [(0, member.size)]
        for offset, length in sparse:
            at = offset
            for piece in self._stream.pieces(length):
                at += _written(descriptor, piece, at)
        os.truncate(descriptor, member.size)
        self.size += member.size

    def _finished(self, member: tarfile.TarInfo, place: Place, path: str) -> None:
        _own(place, member)
        os.chmod(_name(place), member.mode & 0o7777)  # noqa: PTH101  # made here, so no link
        self._attributes(place, _xattrs(member))
        _at_moment(place, _moment(member))
        if _acls(member):
            self._wait(path, member)

    def _wait(self, path: str, member: tarfile.TarInfo) -> None:
        late = _Late(path, member.mode & 0o7777, _moment(member), _xattrs(member), _acls(member))
        self._late.append(late)
        if len(self._late) > _LATE:
            self._settle(_LATE // 2)

    def _settle(self, left: int) -> None:
        while len(self._late) > left:
            late = self._late.pop()
            with self._tree.entry(late.path) as place:
                if place.itself is None or stat.S_ISLNK(os.fstat(place.itself).st_mode):
                    continue  # a later entry took its place
                os.chmod(_name(place), late.mode)  # noqa: PTH101
                self._attributes(place, late.attributes)
                self._attributes(place, self._packed(late))
                _at_moment(place, late.moment)

    def _packed(self, late: _Late) -> dict[str, bytes]:
        try:
            return {_ACLS[name]: acl.packed(text, self._number) for name, text in late.acls.items()}
        except ValueError as error:
            raise Damaged(f"{late.path}: {error}") from error

    def _attributes(self, place: Place, attributes: dict[str, bytes]) -> None:
        for name, value in attributes.items():
            try:
                os.setxattr(_name(place), name, value, follow_symlinks=False)
            except OSError as error:
                if error.errno not in {errno.ENOTSUP, errno.EPERM}:
                    raise
                self.lost += 1

    def _number(self, kind: str, name: str) -> int | None:
        """A user's or group's number in what has been unpacked."""
        with contextlib.suppress(OSError):
            file = self._tree.read("etc/passwd" if kind == "user" else "etc/group", TEXT)
            for line in file.decode(errors="replace").splitlines():
                fields = line.split(":")
                if fields[0] == name and len(fields) > 2 and fields[2].isdecimal():
                    return int(fields[2])
        return None

    def _leads_to_folder(self, path: str) -> bool:
        facts = self._tree.facts(path)
        return facts is not None and stat.S_ISDIR(facts.st_mode)


_Way = Callable[[_Unpacking, tarfile.TarInfo, Place, str], None]
_WAYS: tuple[tuple[Callable[[tarfile.TarInfo], bool], _Way], ...] = (
    (lambda member: member.type in {b"V", b"M", b"N", b"A"}, lambda *_: None),  # labels of tapes
    (lambda member: member.isdir() or member.type == b"D", _Unpacking.folder),
    (tarfile.TarInfo.issym, _Unpacking.link),
    (tarfile.TarInfo.islnk, _Unpacking.same),
    (tarfile.TarInfo.isdev, _Unpacking.node),
    (tarfile.TarInfo.isreg, _Unpacking.file),
)


def _inside(name: str, what: str) -> str:
    """A path that the archive may have."""
    if name.startswith("/") or ".." in name.split("/"):
        raise Damaged(f"{what} of the archive leads out of it: {name!r}")
    return name


def _name(place: Place) -> str:
    return f"/proc/self/fd/{place.folder}/{place.name}"


def _clear(place: Place) -> None:
    """Whatever has the name goes; a folder only if it is empty."""
    if place.itself is None:
        return
    if stat.S_ISDIR(os.fstat(place.itself).st_mode):
        os.rmdir(place.name, dir_fd=place.folder)
    else:
        os.unlink(place.name, dir_fd=place.folder)


def _own(place: Place, member: tarfile.TarInfo) -> None:
    if not (0 <= member.uid <= _MOST_NUMBER and 0 <= member.gid <= _MOST_NUMBER):
        raise Damaged(f"{member.name} is owned by {member.uid}:{member.gid}, which nobody can be")
    os.chown(place.name, member.uid, member.gid, dir_fd=place.folder, follow_symlinks=False)


def _at_moment(place: Place, moment: int) -> None:
    os.utime(place.name, ns=(moment, moment), dir_fd=place.folder, follow_symlinks=False)


def _moment(member: tarfile.TarInfo) -> int:
    """In nanoseconds, of which a float has not all."""
    seconds, _, part = member.pax_headers.get("mtime", str(int(member.mtime))).partition(".")
    if not (seconds.isdecimal() and (part or "0").isdecimal()):
        return 0  # before 1970, or nonsense
    return min(int(seconds), _LAST_MOMENT) * 1_000_000_000 + int(part.ljust(9, "0")[:9])


def _xattrs(member: tarfile.TarInfo) -> dict[str, bytes]:
    return {
        key.removeprefix(_XATTR): value.encode("utf-8", "surrogateescape")
        for key, value in member.pax_headers.items()
        if key.startswith(_XATTR)
    }


def _acls(member: tarfile.TarInfo) -> dict[str, str]:
    return {key: member.pax_headers[key] for key in _ACLS if member.pax_headers.get(key)}


def _written(descriptor: int, piece: memoryview, offset: int) -> int:
    at = 0
    while at < len(piece):
        at += os.pwrite(descriptor, piece[at:], offset + at)
    return at

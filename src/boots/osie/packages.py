"""Debian packages: which are needed, fetching them into a cache, unpacking them.

``apt-get`` resolves against an empty package status, so that what this host has installed plays no
part.  Nothing is installed, no maintainer script runs and no root rights are needed.
"""

import hashlib
import re
import shutil
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

from boots.osie.apt import Apt
from boots.osie.errors import BuildError
from boots.osie.programs import host_pipe

_INSTALL = re.compile(r"^Inst (?P<name>\S+) (?:\[\S+\] )?\((?P<version>\S+) ")
_UNKNOWN = re.compile(r"Unable to locate package (\S+)")
_ADDRESS = re.compile(r"^'(?P<address>[^']+)' (?P<file>\S+) (?P<size>\d+) SHA256:(?P<hash>\w+)$")
MERGED = ("bin", "lib", "lib64", "sbin")
"""These live under usr/ in every unpacked tree."""


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """A package in one version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Archive:
    """A package file as apt knows it: its name in the cache, bytes and SHA-256."""

    file: str
    size: int
    sha256: str


def parse_closure(text: str) -> tuple[Package, ...]:
    """Read the packages out of what ``apt-get --simulate install`` prints."""
    found = (_INSTALL.match(line) for line in text.splitlines())
    return tuple(sorted(Package(match["name"], match["version"]) for match in found if match))


def parse_addresses(text: str) -> tuple[Archive, ...]:
    """Read the package files out of what ``apt-get --print-uris download`` prints."""
    found = (_ADDRESS.match(line) for line in text.splitlines())
    return tuple(
        Archive(match["file"], int(match["size"]), match["hash"]) for match in found if match
    )


def closure(
    names: Iterable[str], work: Path, apt: Apt, asked: Iterable[str] = ()
) -> tuple[Package, ...]:
    """The packages that `names` need on an empty system; `work` takes an empty status file.

    `asked` are those of them that a person named.

    Raises:
        BuildError: apt is missing, or does not know a package.
    """
    status = work / "status"
    status.write_bytes(b"")
    try:
        text = apt.get(
            *("-o", f"Dir::State::status={status}"),
            *("-o", f"Dir::State::extended_states={work / 'extended_states'}"),
            *("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="),
            *("-o", "Debug::NoLocking=1"),
            *("--simulate", "--no-install-recommends", "install", *names),
        )
    except BuildError as error:
        unknown = _UNKNOWN.findall(str(error))
        if unknown and set(unknown) <= set(asked):
            raise BuildError(f"apt knows no package {', '.join(unknown)}") from error
        raise BuildError(
            f"{error}. OSIE is made of Debian packages: apt on this host must know"
            " a Debian archive (section main) and have its lists (apt-get update)"
        ) from error
    return parse_closure(text)


def fetch(
    packages: Iterable[Package], cache: Path, apt: Apt, report: Callable[[str], None]
) -> tuple[Path, ...]:
    """Bring package files into the cache; those already there are checked, not fetched again.

    Raises:
        BuildError: apt cannot fetch a file, or what it fetched is not what its lists promise.
    """
    cache.mkdir(parents=True, exist_ok=True)
    wanted = [f"{package.name}={package.version}" for package in packages]
    archives = parse_addresses(apt.get("--print-uris", "download", *wanted))
    if len(archives) != len(wanted):
        raise BuildError(
            f"apt knows where to get {len(archives)} of {len(wanted)} packages;"
            " run apt-get update and build again"
        )
    absent = [archive for archive in archives if not _whole(archive, cache)]
    if absent:
        total = sum(archive.size for archive in absent)
        report(f"fetching {len(absent)} of {len(archives)} packages, {total / 1e6:.1f} MB")
        for archive in absent:
            (cache / archive.file).unlink(missing_ok=True)
        # A cached name is NAME_VERSION_ARCHITECTURE.deb and no package name holds "_".
        names = {archive.file.partition("_")[0] for archive in absent}
        again = [name for name in wanted if name.partition("=")[0] in names]
        apt.get("download", *again, cwd=cache)
    for archive in archives:
        if not _whole(archive, cache):
            raise BuildError(f"{cache / archive.file} is not the file that apt's lists promise")
    return tuple(sorted(cache / archive.file for archive in archives))


def unpack(archive: Path, root: Path) -> tuple[str, ...]:
    """Unpack a package below `root`, with ``/bin``, ``/sbin`` and ``/lib*`` merged into ``/usr``.

    Returns the paths of its files and links there.

    Only files, links and directories: owners and device nodes play no part in an image.  Symbolic
    links become relative, so that they stay within the tree.
    """
    placed: list[str] = []
    with (
        host_pipe("dpkg-deb", "--fsys-tarfile", str(archive)) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as members,
    ):
        for member in members:
            _place(members, member, root)
            if not member.isdir():
                placed.append(merged(member.name))
    if process.returncode != 0:
        raise BuildError(f"{archive} cannot be unpacked: delete it and build again")
    return tuple(placed)


def merged(name: str) -> str:
    """Where a packaged path lives once ``/bin``, ``/sbin``, ``/lib*`` are merged into ``/usr``."""
    # Above the root is the root: no name leads out of the tree.
    parts = normpath(join("/", name)).lstrip("/").split("/")
    return "/".join(["usr", *parts] if parts[0] in MERGED else parts)


def _place(members: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    place = root / merged(member.name)
    if member.isdir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if member.issym():
        target = merged(join(dirname(member.name), member.linkname))
        place.symlink_to(relpath(root / target, place.parent))
    elif member.islnk():
        shutil.copy2(root / merged(member.linkname), place, follow_symlinks=False)
    elif content := members.extractfile(member) if member.isreg() else None:
        with content, place.open("wb") as file:
            shutil.copyfileobj(content, file, 1 << 20)
        place.chmod(member.mode & 0o755 | 0o600)


def _whole(archive: Archive, cache: Path) -> bool:
    path = cache / archive.file
    if not path.is_file() or path.stat().st_size != archive.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == archive.sha256

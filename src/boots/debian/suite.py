"""Packages of another release of Debian, by apt, beside what this machine is set to.

apt runs with a configuration, sources, lists and a cache of its own.  Of the machine's settings
it takes the mirror, and how to reach it (proxies, passwords).  Nothing is installed, no hook runs,
and what Debian's own keys have not signed is not taken.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote

from boots.osie.apt import Apt, configured
from boots.osie.archives import Source, host_sources, keyring, mirror
from boots.osie.errors import BuildError
from boots.osie.packages import Package


class SuiteError(Exception):
    """A release cannot be had; the text says why, and what to do."""


class Suite:
    """One release of Debian: `apt` has its lists."""

    def __init__(self, apt: Apt) -> None:
        self._apt = apt

    @classmethod
    def open(cls, name: str, folder: Path, architectures: Sequence[str] = ("amd64",)) -> "Suite":
        """Bring its lists up to date, which a folder of its own holds between runs.

        Raises:
            SuiteError: this machine knows no Debian archive, has no keys of Debian's, or the
                archive does not have the release.
        """
        if not name.replace("-", "").isalnum():
            raise SuiteError(f'"{name}" is no name of a release; write one like trixie')
        try:
            source = Source(mirror(host_sources()), name, ("main",)).line(str(keyring()))
            apt = apt_of(source, folder.absolute(), architectures)
            apt.get("update")
        except BuildError as error:
            raise SuiteError(str(error)) from error
        return cls(apt)

    def download(self, names: Iterable[str], into: Path) -> tuple[Path, ...]:
        """Fetch packages; a name may have an architecture, like ``shim-signed:arm64``.

        Raises:
            SuiteError: the release has no such package, or it cannot be fetched.
        """
        into.mkdir(parents=True, exist_ok=True)
        try:
            self._apt.get("download", *names, cwd=into)
        except BuildError as error:
            raise SuiteError(str(error)) from error
        return tuple(sorted(into.glob("*.deb")))


def apt_of(source: str, folder: Path, architectures: Sequence[str]) -> Apt:
    """Apt with one source, to which nothing is installed here; the network may be away."""
    folder.mkdir(parents=True, exist_ok=True)
    status = folder / "status"
    status.write_bytes(b"")
    own = (f'Dir::State::status "{status}";', 'Acquire::http::Timeout "20";')
    return configured(folder, architectures, [source], *own)


def named(path: Path) -> Package:
    """The package in a file, which is called NAME_VERSION_ARCHITECTURE.deb."""
    name, version, _ = path.name.split("_", 2)
    return Package(name, unquote(version))

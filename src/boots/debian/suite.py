"""Packages of another release of Debian, by apt, beside what this machine is set to.

apt runs with a configuration, sources, lists and a cache of its own.  Of the machine's settings
it takes the mirror, and how to reach it (proxies, passwords).  Nothing is installed, no hook runs,
and what Debian's own keys have not signed is not taken.
"""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from boots.osie.archives import keyring
from boots.osie.errors import BuildError
from boots.osie.packages import Package
from boots.osie.programs import host_output

_TARGETS = "$(REPO_URI)|$(ORIGIN)|$(LABEL)"

_CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "amd64";
APT::Architectures {{ {architectures} }};
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Dir::Etc::SourceList "{folder}/debian.sources";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Log "{folder}";
"""

_SOURCES = """\
Types: deb
URIs: {mirror}
Suites: {suite}
Components: main
Signed-By: {keyring}
"""


class SuiteError(Exception):
    """A release cannot be had; the text says why, and what to do."""


class Suite:
    """One release of Debian, in a folder of its own that holds apt's lists between runs."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder.absolute()
        self._apt = ("apt-get", "-c", str(self._folder / "apt.conf"), "-q")

    @classmethod
    def open(cls, name: str, folder: Path, architectures: Iterable[str] = ("amd64",)) -> "Suite":
        """Bring its lists up to date.

        Raises:
            SuiteError: this machine knows no Debian mirror, has no keys of Debian's, or the
                mirror does not have the release.
        """
        if not name.replace("-", "").isalnum():
            raise SuiteError(f'"{name}" is no name of a release; write one like trixie')
        suite = cls(name, folder)
        try:
            suite._prepare(mirror(), keyring(), architectures)
            host_output(*suite._apt, "update")
        except BuildError as error:
            raise SuiteError(str(error)) from error
        return suite

    def download(self, names: Iterable[str], into: Path) -> tuple[Path, ...]:
        """Fetch packages; a name may have an architecture, like ``shim-signed:arm64``.

        Raises:
            SuiteError: the release has no such package, or it cannot be fetched.
        """
        into.mkdir(parents=True, exist_ok=True)
        try:
            host_output(*self._apt, "download", *names, cwd=into)
        except BuildError as error:
            raise SuiteError(str(error)) from error
        return tuple(sorted(into.glob("*.deb")))

    def _prepare(self, mirror: str, keys: Path, architectures: Iterable[str]) -> None:
        folder = self._folder
        for below in ("state/lists/partial", "cache/archives/partial"):
            (folder / below).mkdir(parents=True, exist_ok=True)
        (folder / "status").write_bytes(b"")
        configuration = _CONFIGURATION.format(
            folder=folder, architectures=" ".join(f'"{each}";' for each in architectures)
        )
        (folder / "apt.conf").write_text(configuration)
        sources = _SOURCES.format(mirror=mirror, suite=self.name, keyring=keys)
        (folder / "debian.sources").write_text(sources)


def named(path: Path) -> Package:
    """The package in a file, which is called NAME_VERSION_ARCHITECTURE.deb."""
    name, version, _ = path.name.split("_", 2)
    return Package(name, unquote(version))


def mirror() -> str:
    """The Debian mirror that this machine is set to.

    Raises:
        SuiteError: there is none.
        BuildError: apt cannot be asked.
    """
    command = ("apt-get", "indextargets", "--format", _TARGETS, "Created-By: Packages")
    found = choose_mirror(host_output(*command))
    if not found:
        # Without lists apt tells of no target unless it need not know who made it.
        plain = ("-o", "APT::Get::IndexTargets::ReleaseInfo=false")
        found = choose_mirror(host_output(command[0], *plain, *command[1:]))
    if not found:
        raise SuiteError("apt on this machine knows no Debian mirror")
    return found


def choose_mirror(text: str) -> str:
    """The first of apt's targets that is Debian's archive itself; empty if none is.

    A mirror whose lists are not there is known by its path alone.
    """
    for line in text.splitlines():
        address, origin, label, *_ = [*line.split("|"), "", "", ""]
        by_list = (origin, label) == ("Debian", "Debian")
        if by_list or (origin.startswith("$") and address.rstrip("/").endswith("/debian")):
            return address
    return ""

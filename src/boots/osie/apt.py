"""apt for one architecture: with this host's lists, or with lists of its own for a foreign one.

Nothing of the host is changed: dpkg learns no architecture, and the lists lie in the cache.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from boots.osie.architectures import Architecture
from boots.osie.errors import BuildError
from boots.osie.programs import host_output

KEYRINGS = tuple(
    Path("/usr/share/keyrings") / f"debian-archive-keyring.{ending}" for ending in ("pgp", "gpg")
)
"""Where Debian's package debian-archive-keyring has its keys; newer releases first."""

_TARGETS = "$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)"

# No hook of the host runs, and what is not signed by Debian's own keys is not taken.
_CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "{debian}";
APT::Architectures {{ "{debian}"; }};
APT::Update::Error-Mode "any";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Languages "none";
Acquire::Retries "1";
Dir::Etc::SourceList "{folder}/debian.sources";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{folder}/state";
Dir::Cache "{folder}/cache";
Dir::Log "{folder}";
"""

_SOURCE = """\
Types: deb
URIs: {uri}
Suites: {suite}
Components: {components}
Signed-By: {keyring}
"""


@dataclass(frozen=True, slots=True)
class Apt:
    """How apt is called.

    Attributes:
        options: What stands behind the name of each of its programs.
    """

    options: tuple[str, ...]

    def get(self, *words: str, cwd: Path | None = None) -> str:
        """What ``apt-get`` prints.

        Raises:
            BuildError: It fails; the text tells its last words.
        """
        return host_output("apt-get", *self.options, "-q", *words, cwd=cwd)

    def names(self, prefix: str) -> tuple[str, ...]:
        """The packages whose names begin so, sorted."""
        return tuple(sorted(host_output("apt-cache", *self.options, "pkgnames", prefix).split()))


def of_host(architecture: Architecture) -> Apt:
    """Apt as this host is set, for its own architecture."""
    return Apt(("-o", "APT::Sandbox::User=root", "-o", f"APT::Architecture={architecture.debian}"))


def foreign(architecture: Architecture, cache: Path, report: Callable[[str], None]) -> Apt:
    """Apt for another architecture, of the releases that this host has, its lists up to date.

    Raises:
        BuildError: This host has no Debian archive or none of Debian's keys, or the archive does
            not have that architecture.
    """
    folder = (cache / f"apt-{architecture.debian}").resolve()
    for below in ("state/lists/partial", "cache/archives/partial"):
        (folder / below).mkdir(parents=True, exist_ok=True)
    sources = sources_of(host_output("apt-get", "indextargets", "--format", _TARGETS), keyring())
    if not sources:
        raise BuildError(
            f"apt on this host has no lists of a Debian archive to find {architecture.debian} in:"
            " run apt-get update, and build again"
        )
    text = _CONFIGURATION.format(debian=architecture.debian, folder=folder)
    (folder / "apt.conf").write_text(text)
    (folder / "debian.sources").write_text(sources)
    report(f"bringing apt's lists for {architecture.debian} up to date")
    apt = Apt(("-c", str(folder / "apt.conf"), "-o", "APT::Sandbox::User=root"))
    apt.get("update")
    return apt


def sources_of(targets: str, keys: Path) -> str:
    """Debian's own archives among apt's targets, as a file of sources; empty if there are none."""
    found: dict[tuple[str, str], list[str]] = {}
    for line in targets.splitlines():
        origin, uri, suite, component, *_ = [*line.split("|"), "", "", ""]
        if origin == "Debian" and component not in found.setdefault((uri, suite), []):
            found[uri, suite].append(component)
    return "\n".join(
        _SOURCE.format(uri=uri, suite=suite, components=" ".join(components), keyring=keys)
        for (uri, suite), components in found.items()
    )


def keyring() -> Path:
    """Debian's own keys.

    Raises:
        BuildError: They are not installed.
    """
    for path in KEYRINGS:
        if path.is_file():
            return path
    raise BuildError(
        f"no {KEYRINGS[-1]} to check signatures with: install the package debian-archive-keyring"
    )

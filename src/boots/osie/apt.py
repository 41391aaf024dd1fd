"""apt with this host's lists, or with lists of its own: for a foreign architecture, or release.

Nothing of the host is changed: dpkg learns no architecture, and the lists lie in the cache.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from boots.osie.architectures import Architecture
from boots.osie.archives import host_sources, lines
from boots.osie.programs import host_output

# No hook of the host runs, and what is not signed by Debian's own keys is not taken.
_CONFIGURATION = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "{own}";
APT::Architectures {{ {all} }};
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Languages "none";
Acquire::Retries "1";
Dir::Etc::SourceList "{folder}/debian.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{folder}/state";
Dir::Cache "{folder}/cache";
Dir::Log "{folder}";
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
    apt = configured(folder, (architecture.debian,), lines(host_sources()))
    report(f"bringing apt's lists for {architecture.debian} up to date")
    apt.get("update")
    return apt


def configured(
    folder: Path, architectures: Sequence[str], sources: Iterable[str], *more: str
) -> Apt:
    """Apt with sources, lists and a cache of its own in a folder, which keeps them between runs.

    `architectures` are Debian's names, apt's own first; `sources` are lines of its ``sources.list``
    and `more` lines of its configuration.
    """
    for below in ("state/lists/partial", "cache/archives/partial"):
        (folder / below).mkdir(parents=True, exist_ok=True)
    every = " ".join(f'"{each}";' for each in architectures)
    text = _CONFIGURATION.format(own=architectures[0], all=every, folder=folder)
    (folder / "apt.conf").write_text(text + "".join(f"{line}\n" for line in more))
    (folder / "debian.list").write_text("".join(f"{line}\n" for line in sources))
    return Apt(("-c", str(folder / "apt.conf")))

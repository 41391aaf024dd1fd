"""apt for one architecture: with this host's lists, or with lists of its own for a foreign one.

Nothing of the host is changed: dpkg learns no architecture, and the lists lie in the cache.
"""

from collections.abc import Callable
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
APT::Architecture "{debian}";
APT::Architectures {{ "{debian}"; }};
APT::Update::Error-Mode "any";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
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
    for below in ("state/lists/partial", "cache/archives/partial"):
        (folder / below).mkdir(parents=True, exist_ok=True)
    text = _CONFIGURATION.format(debian=architecture.debian, folder=folder)
    (folder / "apt.conf").write_text(text)
    (folder / "debian.list").write_text("\n".join(lines(host_sources())) + "\n")
    report(f"bringing apt's lists for {architecture.debian} up to date")
    apt = Apt(("-c", str(folder / "apt.conf"), "-o", "APT::Sandbox::User=root"))
    apt.get("update")
    return apt

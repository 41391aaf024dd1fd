"""Where this machine's apt has Debian from, and Debian's keys: what images are built with."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from boots.osie.errors import BuildError
from boots.osie.programs import host_output

KEYRINGS = tuple(
    Path("/usr/share/keyrings") / f"debian-archive-keyring.{ending}" for ending in ("pgp", "gpg")
)
"""Where Debian's package debian-archive-keyring has its keys; newer releases first."""

_TARGETS = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(LABEL)"
_PLAIN = ("-o", "APT::Get::IndexTargets::ReleaseInfo=false")
# Of a mirror whose lists are not there apt knows the path alone.
_ARCHIVES = ("/debian", "/debian-security")
_BESIDE = ("-updates", "-security")
_NONE = "apt on this machine knows no Debian archive; write one into /etc/apt/sources.list.d"


class Source(NamedTuple):
    """One suite of one archive: ``deb ADDRESS SUITE COMPONENT…``."""

    address: str
    suite: str
    components: tuple[str, ...]

    def line(self, keys: str) -> str:
        """As apt's ``sources.list`` has it."""
        return f"deb [signed-by={keys}] {self.address} {self.suite} {' '.join(self.components)}"


def host_sources() -> tuple[Source, ...]:
    """Debian's own archives among those that apt knows here, its security updates too.

    Raises:
        BuildError: apt cannot be asked, or knows no Debian archive.
    """
    command = ("apt-get", "indextargets", "--format", _TARGETS, "Created-By: Packages")
    found = parse(host_output(*command)) or parse(host_output(command[0], *_PLAIN, *command[1:]))
    if not found:
        raise BuildError(_NONE)
    return found


def parse(text: str) -> tuple[Source, ...]:
    """Read what ``apt-get indextargets`` prints; other archives than Debian's are left out."""
    found: dict[tuple[str, str], list[str]] = {}
    for line in text.splitlines():
        address, suite, component, origin, label, *_ = [*line.split("|"), *[""] * 5]
        by_list = origin == "Debian" and label.startswith("Debian")
        if not by_list and not (origin.startswith("$") and address.rstrip("/").endswith(_ARCHIVES)):
            continue
        components = found.setdefault((address.rstrip("/"), suite), [])
        if component not in components:
            components.append(component)
    return tuple(Source(*place, tuple(components)) for place, components in found.items())


def mirror(sources: Iterable[Source]) -> str:
    """Where the archive itself is, of which every release is to be had.

    Raises:
        BuildError: only archives beside it are known, like that of security updates.
    """
    own = next((each.address for each in sources if not each.suite.endswith(_BESIDE)), None)
    if own is None:
        raise BuildError(_NONE)
    return own


def release(sources: Iterable[Source]) -> str:
    """The release that they are of: the first suite that stands beside no other."""
    suites = [each.suite for each in sources]
    return next((each for each in suites if not each.endswith(_BESIDE)), suites[0])


def of_release(sources: Iterable[Source], wanted: str) -> tuple[Source, ...]:
    """The same archives, for another release."""
    given = tuple(sources)
    own = release(given)
    return tuple(
        each._replace(suite=wanted + each.suite.removeprefix(own))
        for each in given
        if each.suite.startswith(own)
    )


def lines(sources: Iterable[Source]) -> list[str]:
    """As ``sources.list`` has them, each proved by Debian's own keys.

    Raises:
        BuildError: the keys are not installed.
    """
    keys = str(keyring())
    return [each.line(keys) for each in sources]


def keyring() -> Path:
    """Debian's own keys.

    Raises:
        BuildError: they are not installed.
    """
    for path in KEYRINGS:
        if path.is_file():
            return path
    raise BuildError(
        f"no {KEYRINGS[-1]} to check signatures with: install the package debian-archive-keyring"
    )


def proxies() -> list[str]:
    """How apt gets out of here, as options of apt.

    Raises:
        BuildError: apt cannot be asked.
    """
    said = host_output("apt-config", "dump", "--no-empty", "Acquire").splitlines()
    return [line for line in said if "proxy" in line.partition(" ")[0].lower()]

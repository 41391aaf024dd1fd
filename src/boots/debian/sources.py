"""Where this machine's apt has Debian from: the sources that an image is built with, and keeps."""

from collections.abc import Iterable
from typing import NamedTuple

from boots.debian.suite import SuiteError, keyring
from boots.osie.errors import BuildError
from boots.osie.programs import host_output

_TARGETS = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(LABEL)"
_PLAIN = ("-o", "APT::Get::IndexTargets::ReleaseInfo=false")
# Of a mirror whose lists are not there apt knows the path alone.
_ARCHIVES = ("/debian", "/debian-security")
_BESIDE = ("-updates", "-security")


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
        raise BuildError(
            "apt on this machine knows no Debian archive; write one into /etc/apt/sources.list.d"
        )
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
    try:
        keys = str(keyring())
    except SuiteError as error:
        raise BuildError(str(error)) from error
    return [each.line(keys) for each in sources]


def proxies() -> list[str]:
    """How apt gets out of here, as options of apt.

    Raises:
        BuildError: apt cannot be asked.
    """
    said = host_output("apt-config", "dump", "--no-empty", "Acquire").splitlines()
    return [line for line in said if "proxy" in line.partition(" ")[0].lower()]

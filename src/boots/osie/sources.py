"""The packages of one build: which, fetched and unpacked, and the programs to build with."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from boots.osie import apt as apts
from boots.osie import firmware, flavours
from boots.osie.apt import Apt
from boots.osie.architectures import Architecture, native
from boots.osie.errors import BuildError
from boots.osie.extras import Extras
from boots.osie.flavours import Flavour
from boots.osie.packages import Package, closure, fetch, unpack
from boots.osie.programs import Unpacked

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an image is to be made of."""

    flavour: Flavour
    architecture: Architecture
    extras: Extras


@dataclass(frozen=True, slots=True)
class Sources:
    """The unpacked packages.

    Attributes:
        root: The tree they are unpacked in.
        tools: Programs that this host can run, of the same release.
        files: What each package brought, by its name.
    """

    root: Path
    tools: Unpacked
    packages: tuple[Package, ...]
    files: dict[str, tuple[str, ...]]

    @property
    def kernel(self) -> str:
        """The version of the one kernel in them.

        Raises:
            BuildError: There is none, or another besides.
        """
        found = sorted(path.name for path in (self.root / "usr/lib/modules").iterdir())
        if len(found) != 1:
            raise BuildError(
                f"the packages hold {len(found)} kernels ({', '.join(found)}), not one"
            )
        return found[0]


def bring(wanted: Wanted, cache: Path, work: Path, report: Report) -> Sources:
    """Resolve, fetch and unpack.

    Raises:
        BuildError: What went wrong and what to do about it.
    """
    host = native()
    here = apts.of_host(host)
    foreign = wanted.architecture != host
    apt = apts.foreign(wanted.architecture, cache, report) if foreign else here
    packages = _chosen(wanted, work, apt, report)
    root = work / "root"
    files = _unpacked(packages, cache, root, apt, report)
    tools = Unpacked(root, host)
    if foreign:
        report(f"building {wanted.architecture.name} with this host's {host.name} programs")
        again = [
            each
            for each in closure(flavours.FOREIGN_TOOLS, work, here)
            if not _unused(each.name, ())
        ]
        _unpacked(tuple(again), cache, work / "tools", here, report)
        tools = Unpacked(work / "tools", host)
    return Sources(root, tools, packages, files)


def _chosen(wanted: Wanted, work: Path, apt: Apt, report: Report) -> tuple[Package, ...]:
    flavour, extras = wanted.flavour, wanted.extras
    names = (
        *flavours.USER_SPACE,
        *flavours.BUILD_TOOLS,
        *flavour.packages,
        flavour.kernel_package(wanted.architecture),
        *firmware.packages(flavour.firmware, extras.firmware, apt),
        *extras.packages,
    )
    whole = closure(names, work, apt, extras.packages)
    used = tuple(each for each in whole if not _unused(each.name, extras.packages))
    report(
        f"flavour {flavour.name} for {wanted.architecture.name}:"
        f" {len(used)} of {len(whole)} packages of the closure are used"
    )
    return used


def _unused(name: str, asked: tuple[str, ...]) -> bool:
    unused = any(fnmatchcase(name, pattern) for pattern in flavours.UNUSED_PACKAGES)
    return unused and name not in asked


def _unpacked(
    packages: tuple[Package, ...], cache: Path, root: Path, apt: Apt, report: Report
) -> dict[str, tuple[str, ...]]:
    archives = fetch(packages, cache / "packages", apt, report)
    return {archive.name.partition("_")[0]: unpack(archive, root) for archive in archives}

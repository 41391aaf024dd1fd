"""The catalogue: which files we hand out, by the names they are published under.

Only what stands in it can be fetched, so there is no path for a client to climb out of.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from boots.app.withheld import Withheld
from boots.model.machine import Architecture
from boots.model.site import Profile
from boots.policy import path as paths
from boots.policy.ladder import LADDER, SIGNED, STAND_INS, climb
from boots.policy.programs import HEAD, built_for
from boots.policy.programs import SUFFIXES as SUFFIXES_OF_PROGRAMS
from boots.policy.templates import is_template
from boots.settings import SettingsError

# Where the packages of iPXE put boot files, Debian's first.
SYSTEM_FOLDERS = (Path("/usr/lib/ipxe"), Path("/usr/share/ipxe"), Path("/boot/ipxe"))

# More than any folder of boot files has: whoever publishes more named the wrong folder.
MOST_FILES = 20_000
CPUS = {"x86_64": "amd64", "aarch64": "arm64"}  # and what Debian calls them
SUFFIXES = frozenset({".kpxe", ".kkpxe", ".kkkpxe", ".pxe", ".efi", ".lkrn", ".iso", ".img"})


def boot_files(
    own: Iterable[Path],
    system: Iterable[Path] | None = None,
    signed: Mapping[str, str] = SIGNED,
    *,
    withheld: Withheld,
) -> dict[str, str]:
    """Published names of boot files, to their paths; the operator's own folders win.

    Of those all that is below them is published, by its path from there.

    Raises:
        SettingsError: a folder holds more files than a folder of boot files can.
    """
    found: dict[str, str] = {}
    for folder in own:
        for name, place in _below(folder, withheld):
            found.setdefault(name, place)
    for folder in SYSTEM_FOLDERS if system is None else system:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix in SUFFIXES and _is_public(path):
                found.setdefault(path.name, str(path))
    for name, place in signed.items():
        if Path(place).is_file():
            found.setdefault(name, place)
    rungs = climb(found)
    for name, architecture in STAND_INS.items():
        if name not in found and architecture in rungs:
            found[name] = found[rungs[architecture]]
    return found


def _below(folder: Path, withheld: Withheld) -> Iterator[tuple[str, str]]:
    """Every file at and below a folder, under the name by which it is asked for.

    Hidden ones are left out, what is the server's own, and what would be read as a machine's own:
    clients cannot ask for it.
    """
    count, is_ours = 0, withheld.at(folder)
    for place in folders(folder):
        for path in sorted(place.iterdir()):
            if not _is_public(path) or is_ours(path):
                continue
            count += 1
            if count > MOST_FILES:
                raise SettingsError(
                    f'boot.files = "{folder}" holds more than {MOST_FILES} files, and all of them'
                    " could be fetched; name the folder that has only boot files"
                )
            named = path.relative_to(folder).as_posix()
            wanted = paths.read(named)
            if wanted.name and (wanted.mac is None or wanted.name == named):
                yield wanted.name, str(path)


def _is_public(path: Path) -> bool:
    """Whether this is a file to hand out.

    A hidden one is on its way to another name, and may be half of it; one whose name is no UTF-8
    nobody can ask for.
    """
    return not _is_hidden(path.name) and path.is_file()


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or not name.isprintable()


def folders(top: Path) -> Iterator[Path]:
    """A folder and those below it, without hidden ones and without what is behind symlinks."""
    for place, below, _ in os.walk(top):
        below[:] = sorted(name for name in below if not _is_hidden(name))
        yield Path(place)


def programs(files: Mapping[str, str]) -> dict[str, Architecture]:
    """What kind of machine each of these boot files is a program for, where that is known."""
    found = {}
    for name, place in files.items():
        if Path(name).suffix.lower() not in SUFFIXES_OF_PROGRAMS or name.startswith("osie/"):
            continue
        built = built_for(name, _head(place))
        if built is not None:
            found[name] = built
    return found


def _head(place: str) -> bytes:
    """How a file begins; a file that cannot be read is told of when it is asked for."""
    try:
        with open(place, "rb", buffering=0) as file:  # noqa: PTH123  # a Path for each costs as much
            return file.read(HEAD)
    except OSError:
        return b""


def osie_files(folder: Path, withheld: Withheld) -> dict[str, str]:
    """Kernels and initramfs of OSIE, published below ``osie/``."""
    if not folder.is_dir():
        return {}
    is_ours = withheld.at(folder)
    return {
        f"osie/{path.name}": str(path)
        for path in sorted(folder.iterdir())
        if _is_public(path) and not is_ours(path)
    }


def image_files(folder: Path, withheld: Withheld) -> dict[str, str]:
    """Indexes and frames of images for disks, published below ``images/``."""
    return {f"images/{name}": place for name, place in _below(folder, withheld)}


def profile_files(profile: Profile, *folders: Path) -> tuple[Profile, dict[str, str]]:
    """A profile whose file names are published ones, and those of these files that are there.

    They are looked for in each of the folders; the first that has one wins.  ``{cpu}`` in a name
    stands for a file for each CPU, ``{arch}`` for Debian's word for it; a ``*`` for whatever is
    there, the last by name where one file is wanted.
    """
    files: dict[str, str] = {}

    def publish(name: str) -> str:
        if not name or _is_elsewhere(name):
            return name
        own = Path(name)
        # What tells the CPUs apart must be in the published name, too.
        apart = "{cpu}/" if "{" in str(own.parent) and "{cpu}" not in own.name else ""
        published = f"profiles/{profile.name}/{apart}{own.name}"
        for cpu, arch in CPUS.items():
            found = _there(name.replace("{cpu}", cpu).replace("{arch}", arch), folders)
            if found:
                files[published.replace("{cpu}", cpu)] = found[-1]
        return published

    for name in profile.files:
        for path in _there(name, folders):
            files[f"profiles/{profile.name}/{Path(path).name}"] = path
    changed = msgspec.structs.replace(
        profile,
        kernel=publish(profile.kernel),
        initrds=tuple(publish(name) for name in profile.initrds),
        boot_files={
            key: publish(name) if _there(name, folders) else name
            for key, name in profile.boot_files.items()
        },
    )
    return changed, files


def _is_elsewhere(name: str) -> bool:
    """Whether a name is a URL, or a template that makes one, or one of OSIE's."""
    return "://" in name or is_template(name) or name.startswith("osie/")


def _there(name: str, folders: Iterable[Path]) -> list[str]:
    """The files of a name or pattern, from the first folder that has any."""
    for folder in folders:
        whole = folder / name  # an absolute name stands for itself
        below = whole.relative_to("/") if whole.is_absolute() else whole
        top = Path("/") if whole.is_absolute() else Path()
        found = sorted(str(path) for path in top.glob(str(below)) if path.is_file())
        if found:
            return found
    return []


def missing() -> str:
    """What to install where no boot file was found at all."""
    names = ", ".join(sorted({name for rung in LADDER.values() for name in rung})[:3])
    return f"no iPXE was found ({names} …); install Debian's package ipxe, or set boot.files"

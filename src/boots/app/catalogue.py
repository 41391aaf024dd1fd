"""The catalogue: which files we hand out, by the names they are published under.

Only what stands in it can be fetched, so there is no path for a client to climb out of.
"""

from collections.abc import Iterable
from pathlib import Path

from boots.model.site import Profile
from boots.policy.ladder import LADDER, STAND_INS, climb

# Where the packages of iPXE put boot files, Debian's first.
SYSTEM_FOLDERS = (Path("/usr/lib/ipxe"), Path("/usr/share/ipxe"), Path("/boot/ipxe"))
CPUS = ("x86_64", "aarch64")
_SUFFIXES = frozenset({".kpxe", ".kkpxe", ".kkkpxe", ".pxe", ".efi", ".lkrn", ".iso", ".img"})


def boot_files(own: Iterable[Path]) -> dict[str, str]:
    """Published names of boot files, to their paths; the operator's own folders win."""
    found: dict[str, str] = {}
    for folder in (*own, *SYSTEM_FOLDERS):
        if not folder.is_dir():
            continue
        mine = folder not in SYSTEM_FOLDERS
        for path in sorted(folder.iterdir()):
            if path.is_file() and (mine or path.suffix in _SUFFIXES):
                found.setdefault(path.name, str(path))
    rungs = climb(found)
    for name, architecture in STAND_INS.items():
        if name not in found and architecture in rungs:
            found[name] = found[rungs[architecture]]
    return found


def osie_files(folder: Path) -> dict[str, str]:
    """Kernels and initramfs of OSIE, published below ``osie/``."""
    if not folder.is_dir():
        return {}
    return {f"osie/{path.name}": str(path) for path in sorted(folder.iterdir()) if path.is_file()}


def profile_files(profile: Profile, folder: Path) -> tuple[Profile, dict[str, str]]:
    """A profile whose file names are published ones, and those of these files that are there.

    ``{cpu}`` in a name stands for a file for each CPU.
    """
    files: dict[str, str] = {}

    def publish(name: str) -> str:
        if not name or "://" in name or name.startswith("osie/"):
            return name
        published = f"profiles/{profile.name}/{Path(name).name}"
        for cpu in CPUS:
            path = folder / name.replace("{cpu}", cpu)
            if path.is_file():
                files[published.replace("{cpu}", cpu)] = str(path)
        return published

    changed = Profile(
        name=profile.name,
        kernel=publish(profile.kernel),
        initrds=tuple(publish(name) for name in profile.initrds),
        args=profile.args,
        agent=profile.agent,
    )
    return changed, files


def missing() -> str:
    """What to install where no boot file was found at all."""
    names = ", ".join(sorted({name for rung in LADDER.values() for name in rung})[:3])
    return f"no iPXE was found ({names} …); install Debian's package ipxe, or set boot.files"

"""Which boot files are taken out of which packages, and the folder they are laid into."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from boots.debian.suite import Suite, SuiteError, named
from boots.osie.errors import BuildError
from boots.osie.packages import Package, unpack
from boots.osie.packing import write
from boots.policy.ladder import SIGNED

IPXE_FOLDER = "usr/lib/ipxe"
_ENDINGS = (".pxe", ".kpxe", ".kkpxe", ".efi", ".lkrn", ".iso")

PACKAGES = ("ipxe",)
SECURE_PACKAGES = tuple(
    f"{name}:{cpu}"
    for cpu in ("amd64", "arm64")
    for name in ("shim-signed", f"shim-helpers-{cpu}-signed", f"grub-efi-{cpu}-signed")
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was laid into the folder, and out of which packages.

    With a `problem` the release could not be had, and what is installed here was taken instead.
    """

    files: tuple[str, ...]
    packages: tuple[Package, ...] = ()
    problem: str = ""


def fetch(
    suite: str,
    output: Path,
    cache: Path,
    *,
    secure_boot: bool = False,
    root: Path = Path("/"),
    report: Callable[[str], None] = lambda _: None,
) -> Fetched:
    """Fill `output` with the boot files of a release, or with those installed below `root`.

    What was there under the same name is replaced, unless only the installed ones could be had.
    """
    output.mkdir(parents=True, exist_ok=True)
    names = (*PACKAGES, *(SECURE_PACKAGES if secure_boot else ()))
    cpus = ("amd64", "arm64") if secure_boot else ("amd64",)
    report(f"asking for packages of Debian {suite}: {', '.join(names)}")
    try:
        lists = Suite.open(suite, cache / suite, cpus)
        with tempfile.TemporaryDirectory(dir=cache) as work:
            archives = lists.download(names, Path(work) / "packages")
            tree = Path(work) / "tree"
            for archive in archives:
                unpack(archive, tree / archive.stem)
            files = [
                _lay(name, path, output)
                for root_of_one in sorted(tree.iterdir())
                for name, path in boot_files(root_of_one, secure_boot=secure_boot)
            ]
    except (SuiteError, BuildError) as error:
        found = boot_files(root, secure_boot=secure_boot)
        kept = [
            name if (output / name).exists() else _lay(name, path, output) for name, path in found
        ]
        return Fetched(tuple(sorted(kept)), problem=str(error))
    return Fetched(tuple(sorted(files)), tuple(sorted({named(path) for path in archives})))


def boot_files(root: Path, *, secure_boot: bool) -> Iterator[tuple[str, Path]]:
    """Boot files below `root` as their packages put them there, under their published names."""
    folder = root / IPXE_FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and path.suffix in _ENDINGS:
            yield path.name, path
    for name, place in SIGNED.items() if secure_boot else ():
        path = root / place.lstrip("/")
        if path.is_file():
            yield name, path


def _lay(name: str, path: Path, output: Path) -> str:
    """Put a file in its place whole: a server may be watching."""
    return write(output / name, path.read_bytes()).name

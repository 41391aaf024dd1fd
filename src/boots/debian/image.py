"""``boots image debian``: Debian's packages become a disk that boots, by BIOS and by UEFI.

``mmdebstrap`` installs the packages into a tree, from where this machine's apt has them; all else
is done here.
"""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from boots.debian.content import (
    KERNELS,
    Content,
    Wishes,
    content,
    kernel_arguments,
    left_out,
    packages,
)
from boots.debian.disk import Maker, Names, plan, used
from boots.debian.grub import menu
from boots.osie import archives as sources
from boots.osie.errors import BuildError
from boots.osie.programs import host_lines, host_output

Report = Callable[[str], None]
_QUICK = "force-unsafe-io"  # if this machine fails, the tree is made anew
_TOLD = ("I: ", "E: ", "W: ")


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """What to build and where.

    Attributes:
        image: The file that becomes the disk, raw.
        work: A folder for the tree meanwhile.
        release: Debian's release; empty for that of this machine's apt.
        wishes: What is in it.
        size: MiB of the disk at least; 0 for what it needs.
        secure: Whether it starts with Debian's signed shim and GRUB.
    """

    image: Path
    work: Path
    release: str = ""
    wishes: Wishes = field(default_factory=Wishes)
    size: int = 0
    secure: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """What was built: the release, the kernel's version, and how many packages are in it."""

    release: str
    kernel: str
    packages: int


def build(options: ImageOptions, report: Report) -> Made:
    """Build a disk and say each step through `report`.

    Raises:
        BuildError: What went wrong and what to do about it.
        OSError: A file cannot be written.
    """
    if options.wishes.flavour not in KERNELS:
        raise BuildError(
            f"there is no flavour {options.wishes.flavour!r}; there are {', '.join(KERNELS)}"
        )
    if os.geteuid() != 0:
        raise BuildError("packages are installed in a tree of their own: this needs root (sudo)")
    found = sources.host_sources()
    release = options.release or sources.release(found)
    lines = sources.lines(sources.of_release(found, release))
    options.work.mkdir(parents=True, exist_ok=True)
    options.image.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="debian-", dir=options.work) as name,
        # Beside what it becomes: only within a file system it is moved at once, and stays sparse.
        tempfile.TemporaryDirectory(prefix=".", dir=options.image.parent) as beside,
    ):
        work = Path(name).resolve()
        work.chmod(0o711)  # apt fetches as nobody
        tree = work / "tree"
        _install(options.wishes, release, lines, tree, report)
        names = Names.of(release)
        root = str(names.root)
        text = menu(root, kernel_arguments(options.wishes))
        _settle(tree, content(options.wishes, root, names.esp, text, "\n".join(lines) + "\n"))
        unfinished = Path(beside) / "disk.img"
        made = Maker(unfinished, plan(used(tree), options.size), names, work)
        made.make(tree, secure=options.secure, report=report)
        unfinished.replace(options.image)
        return _made(tree, release)


def _install(wishes: Wishes, release: str, lines: list[str], tree: Path, report: Report) -> None:
    wanted = packages(wishes)
    report(f"installing Debian {release}: {' '.join(wanted)}")
    command = [
        *("mmdebstrap", "--variant=minbase", "--format=directory"),
        f"--include={','.join(wanted)}",
        *(f"--aptopt={each}" for each in ('APT::Install-Recommends "false"', *sources.proxies())),
        *(f"--dpkgopt={each}" for each in (_QUICK, *left_out(wishes))),
        *(release, str(tree), *lines),
    ]
    host_lines(*command, tell=lambda line: report(line[3:]) if line.startswith(_TOLD) else None)


def _settle(tree: Path, wanted: Content) -> None:
    """The tree becomes a system that is nobody's yet."""
    for pattern in wanted.removed:
        for path in tree.glob(pattern):
            path.unlink()
    for name, (text, mode) in wanted.files.items():
        place = tree / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        place.chmod(mode)
    (tree / "etc/resolv.conf").unlink(missing_ok=True)
    (tree / "etc/resolv.conf").symlink_to("../run/systemd/resolve/stub-resolv.conf")
    for folder in ("boot/efi", "var/lib/boots"):
        (tree / folder).mkdir(parents=True, exist_ok=True)
    host_output("systemctl", f"--root={tree}", "enable", *wanted.units)


def _made(tree: Path, release: str) -> Made:
    kernel = (tree / "vmlinuz").readlink().name.removeprefix("vmlinuz-")
    status = (tree / "var/lib/dpkg/status").read_text(encoding="utf-8")
    return Made(release, kernel, status.count("\nStatus: install ok installed\n"))

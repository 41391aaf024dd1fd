"""``boots image debian``: an image of Debian out of its packages."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from boots.app.folders import cache_folder
from boots.cli.common import saying_what_fails
from boots.cli.terminal import Terminal
from boots.debian.content import KERNELS
from boots.settings import Settings

if TYPE_CHECKING:
    from boots.debian.image import ImageOptions, Made

_OUTPUT = Path(Settings().boot.images)
_FLAVOURS = " or ".join(KERNELS)


def debian(
    name: Annotated[str, typer.Argument(help="What it is published as.")] = "debian",
    output: Annotated[
        Path, typer.Option(help="The folder of images; boots serve publishes boot.images.")
    ] = _OUTPUT,
    raw: Annotated[
        Path | None, typer.Option(help="Write the disk to this file, and publish nothing.")
    ] = None,
    release: Annotated[
        str, typer.Option(help="Another release than that of this machine's apt, like trixie.")
    ] = "",
    flavour: Annotated[
        str, typer.Option(help=f"Which kernel: {_FLAVOURS} (virtual machines only).")
    ] = "generic",
    with_: Annotated[
        list[str] | None, typer.Option("--with", help="A further package; may be repeated.")
    ] = None,
    cloud_init: Annotated[
        bool, typer.Option(help="cloud-init fits it to its machine; else a small unit does.")
    ] = True,
    ssh: Annotated[bool, typer.Option(help="An SSH server.")] = True,
    slim: Annotated[bool, typer.Option(help="No manuals, documents, translations.")] = False,
    secure_boot: Annotated[
        bool, typer.Option("--secure-boot", help="Start with Debian's signed shim and GRUB.")
    ] = False,
    append: Annotated[
        list[str] | None, typer.Option(help="A further argument of its kernel; may be repeated.")
    ] = None,
    size: Annotated[
        int, typer.Option(help="MiB of the disk at least; it grows on its machine anyway.", min=0)
    ] = 0,
    cache: Annotated[
        Path | None, typer.Option(help="Where its tree of files is meanwhile.")
    ] = None,
) -> None:
    """Build a disk with Debian that starts by BIOS and by UEFI, and publish it (root).

    Packages come from where this machine's apt has them.  No two machines share a machine ID or
    host keys; nobody can log in until a seed (cloud-init's NoCloud) says who may.
    """
    from boots.cli.image import publish
    from boots.debian.content import Wishes
    from boots.debian.image import ImageOptions
    from boots.images.adding import Wanted

    console = Terminal(highlight=False, soft_wrap=True)
    wishes = Wishes(flavour, cloud_init, ssh, slim, tuple(with_ or ()), tuple(append or ()))
    work = cache or cache_folder() / "debian"

    def options(image: Path) -> "ImageOptions":
        return ImageOptions(image, work, release, wishes, size, secure_boot)

    if raw is not None:
        _say(console, _build(options(raw), console), raw)
        return
    with tempfile.TemporaryDirectory(prefix="image-", dir=_made(work)) as folder:
        disk = Path(folder) / "disk.img"
        _say(console, _build(options(disk), console), None)
        publish(Wanted(str(disk), name, output), console)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _say(console: Console, made: "Made", raw: Path | None) -> None:
    where = f": {raw}" if raw is not None else ""
    console.print(
        f"Debian {made.release}, kernel {made.kernel}, {made.packages} packages{where}",
        markup=False,
    )


def _build(options: "ImageOptions", console: Console) -> "Made":
    from boots.debian.image import build
    from boots.osie.errors import BuildError

    with saying_what_fails(console, BuildError):
        return build(options, lambda line: console.print(line, markup=False))

"""``boots osie``: the in-memory operating system."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from boots.app.folders import cache_folder
from boots.cli.common import saying_what_fails
from boots.cli.terminal import Terminal
from boots.osie.architectures import ARCHITECTURES
from boots.osie.flavours import FLAVOURS
from boots.settings import Settings

if TYPE_CHECKING:
    from boots.osie.build import BuildOptions, Built

osie = typer.Typer(no_args_is_help=True, help="OSIE, the in-memory operating system.")


_FLAVOURS = ", or ".join(f"{name} ({each.purpose})" for name, each in FLAVOURS.items())
_OUTPUT = Path(Settings().boot.osie)


@osie.command()
def build(
    output: Annotated[
        Path, typer.Option(help="Where kernel and initramfs go; boots serve looks there, too.")
    ] = _OUTPUT,
    flavour: Annotated[str, typer.Option(help=f"For which machines: {_FLAVOURS}.")] = "generic",
    cache: Annotated[
        Path | None, typer.Option(help="Where packages are kept between builds.")
    ] = None,
    level: Annotated[int, typer.Option(help="How hard to compress, 1 to 19.", min=1, max=19)] = 19,
    architecture: Annotated[
        str, typer.Option(help=f"For which processors: {' or '.join(ARCHITECTURES)}.")
    ] = "x86_64",
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="KIND:NAME",
            help="What goes in besides, as module:NAME, package:NAME or firmware:NAME;"
            " may be repeated.",
        ),
    ] = None,
    module: Annotated[
        list[str] | None,
        typer.Option(help="A further kernel module, as --with module:NAME; may be repeated."),
    ] = None,
) -> None:
    """Build a kernel and an initramfs from Debian's packages, and modules that lie beside them."""
    from boots.osie.build import BuildOptions
    from boots.osie.errors import BuildError
    from boots.osie.extras import read

    console = Terminal(highlight=False, soft_wrap=True)
    try:
        extras = read([*(with_ or ()), *(f"module:{name}" for name in module or ())])
    except BuildError as error:
        console.print(f"boots: {error}", markup=False)
        raise typer.Exit(2) from None
    options = BuildOptions(
        output=output,
        cache=cache or cache_folder() / "osie",
        flavour=flavour,
        level=level,
        architecture=architecture,
        extras=extras,
    )
    make(options, console)


@osie.command()
def measure(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders with OSIE, as boots osie build leaves it.")
    ],
    runs: Annotated[int, typer.Option(help="Boots of each; the middle counts.", min=1)] = 3,
    memory: Annotated[int, typer.Option(help="The machine's memory, MiB.", min=96)] = 512,
    boot_files: Annotated[
        Path | None, typer.Option(help="A folder with boot files; arm64 needs an iPXE of it.")
    ] = None,
) -> None:
    """Boot each image in a virtual machine, and print as a table what it took."""
    from boots.cli.osie_measured import lines
    from boots.lab.errors import LabError

    try:
        for line in lines(folders, runs, memory, boot_files):
            print(line, flush=True)
    except (LabError, ValueError) as error:
        print(f"boots: {error}", file=sys.stderr)
        raise typer.Exit(2) from None


def make(options: "BuildOptions", console: Console) -> "Built":
    """Build, saying each step; on failure print what to do and exit with status 2."""
    from boots.osie.build import build as build_osie
    from boots.osie.errors import BuildError

    with saying_what_fails(console, BuildError):
        return build_osie(options, lambda line: console.print(line, markup=False))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(osie, name="osie")

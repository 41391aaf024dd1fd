"""``boots boot-files``: iPXE, shim and GRUB as a Debian release has them."""

from pathlib import Path
from typing import Annotated

import typer

from boots.app.folders import cache_folder
from boots.cli.common import saying_what_fails
from boots.cli.terminal import Terminal

boot_files = typer.Typer(no_args_is_help=True, help="Boot files: iPXE, and shim and GRUB.")


@boot_files.command()
def fetch(
    output: Annotated[Path, typer.Option(help="The folder they go into; name it in boot.files.")],
    suite: Annotated[str, typer.Option(help="The release of Debian they come from.")] = "trixie",
    secure_boot: Annotated[
        bool, typer.Option("--secure-boot", help="Fetch the signed shim and GRUB, too.")
    ] = False,
    cache: Annotated[
        Path | None, typer.Option(help="Where apt's lists are kept between runs.")
    ] = None,
) -> None:
    """Fetch boot files from this machine's own Debian mirror, leaving its apt as it is."""
    from boots.debian.boot_files import fetch as fetch_files

    console = Terminal(highlight=False, soft_wrap=True)
    place = cache or cache_folder() / "debian"
    with saying_what_fails(console):
        place.mkdir(parents=True, exist_ok=True)
        found = fetch_files(
            suite,
            output,
            place,
            secure_boot=secure_boot,
            report=lambda line: console.print(line, markup=False),
        )
    for package in found.packages:
        console.print(f"  {package.name} {package.version}", markup=False)
    if found.problem:
        console.print(f"Debian {suite} cannot be had: {found.problem}", markup=False)
        if not found.files:
            console.print("boots: nor is anything installed here: apt-get install ipxe")
            raise typer.Exit(2)
        console.print(f"{output} has what is installed here, or was there already:")
    else:
        console.print(f"{output} has now:")
    console.print("  " + " ".join(found.files), markup=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(boot_files, name="boot-files")

"""``boots demo``: a virtual machine boots from the network, before your eyes."""

from pathlib import Path
from typing import Annotated

import typer

from boots.app.folders import cache_folder
from boots.cli.terminal import Terminal
from boots.lab.firmware import Firmware


def demo(
    firmware: Annotated[
        Firmware, typer.Option(help="What the machine's firmware is.")
    ] = Firmware.BIOS,
    osie: Annotated[
        Path | None, typer.Option(help="A folder with OSIE; without one it is built first.")
    ] = None,
    boot_files: Annotated[
        Path | None, typer.Option(help="A folder with boot files that win over the package's.")
    ] = None,
    relay: Annotated[
        bool, typer.Option("--relay", help="Put a DHCP relay between machine and server.")
    ] = False,
    work: Annotated[
        Path | None, typer.Option(help="Keep console, journal and capture in this folder.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds the boot may take.")] = 180,
    svg: Annotated[
        Path | None, typer.Option(help="Save the closing report as a picture, too.")
    ] = None,
) -> None:
    """Netboot a virtual machine through the whole chain, in a network of its own."""
    from boots.cli.osie import make
    from boots.lab import isolation
    from boots.lab.demo import DemoOptions, run_demo
    from boots.osie.build import BuildOptions, Image

    console = Terminal(highlight=False)
    folder = osie or cache_folder() / "osie" / "cloud"
    if osie is None and not isolation.inside() and not Image(folder).kernel.exists():
        console.print("Building OSIE for virtual machines, once:")
        make(BuildOptions(folder, cache_folder() / "osie", flavour="cloud"), console)
    options = DemoOptions(
        osie=folder,
        firmware=firmware,
        boot_files=boot_files,
        relay=relay,
        work=work,
        timeout=timeout,
        picture=svg,
    )
    raise typer.Exit(run_demo(options, console))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)

"""``boots explain``: what a machine would get, and why."""

from pathlib import Path
from typing import Annotated

import typer

from boots.cli.asking import CaOption, Place, ServerOption, TokenFileOption
from boots.cli.common import (
    ConfigOption,
    InterfaceOption,
    MachinesOption,
    read_settings,
    saying_no,
    texts,
)
from boots.cli.terminal import Terminal


def explain(
    mac: Annotated[str, typer.Argument(help="The machine's MAC, in any usual form.")] = "",
    pcap_file: Annotated[
        Path | None,
        typer.Option("--pcap", help="Answer the requests of a capture instead of made-up ones."),
    ] = None,
    config: ConfigOption = None,
    machines: MachinesOption = None,
    interface: InterfaceOption = None,
    address: Annotated[
        str | None, typer.Option(help="Our address, if not the interface's own.")
    ] = None,
    osie: Annotated[Path | None, typer.Option(help="The folder that holds OSIE.")] = None,
    file: Annotated[
        str, typer.Option(help="Print only this file, as the machine would get it.")
    ] = "",
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask a running server what it found last.")
    ] = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
) -> None:
    """Run the real policy for a machine and print every decision with its reason."""
    from boots.cli import captured, explained, lately

    console = Terminal(highlight=False, soft_wrap=True)
    if not mac and pcap_file is None:
        console.print("boots: whom shall it be about? Give a MAC, or --pcap FILE.")
        raise typer.Exit(2)
    seen = [] if pcap_file is None else captured.datagrams(console, pcap_file)
    if address is None and not interface and seen:
        address = captured.server_chosen(seen)
    flags = {
        "machines": texts(machines),
        "interfaces": interface,
        "address": address,
        "boot.osie": None if osie is None else str(osie),
    }
    with saying_no():
        settings = read_settings(config, flags)
        world = explained.read_world(settings, captured.own_place(seen))
    if file:
        explained.print_file(file, mac, world)
        return
    try:
        for name, site in world.sites.items():
            explained.print_place(console, name, site)
            if pcap_file is not None:
                captured.explain(console, seen, world, name)
            else:
                explained.explain(console, mac, world, site)
    finally:  # of a stranger, too, whose explanation ends the command
        if mac and not offline:
            lately.print_finding(console, mac, Place(server, token_file, ca), settings)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)

"""``boots machine edges`` and ``undo-partition-table``: what stood at the ends of disks."""

import sys
import time
import uuid
from typing import TYPE_CHECKING, Annotated

import typer

from boots.cli import provisioning
from boots.cli.asking import (
    CaOption,
    JsonOption,
    MachineArgument,
    ServerOption,
    TokenFileOption,
    asking,
    print_json,
    refuse,
)
from boots.cli.common import ConfigOption

if TYPE_CHECKING:
    from boots.client.client import Client
    from boots.client.workflows import EdgesLine


def edges(
    key: MachineArgument,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """List what is kept of the ends of its disks, as they were before runs wrote them."""
    from boots.cli import running, shown

    with asking(server, token_file, ca, config) as client:
        found = client.edges(key).edges
        if as_json:
            print_json(found)
            return
        if not found:
            print("no disk of it was written by a run", file=sys.stderr)
            return
        made = shown.table("edges", "disk", "serial", "size", "held", "ago", "before run", wide=4)
        for each in found:
            made.add_row(
                str(each.id),
                shown.text(each.path),
                shown.text(each.serial),
                running.capacity(each.size),
                shown.text(each.holds or "nothing"),
                shown.ago(each.at, time.time()),
                shown.text(each.run),
            )
        shown.console().print(made)


def undo_partition_table(
    key: MachineArgument,
    serial: Annotated[str, typer.Option(help="The serial number or WWN of the disk, to be sure.")],
    number: Annotated[
        int, typer.Option("--edges", min=0, help="Which of `boots machine edges`; else the latest.")
    ] = 0,
    power: provisioning.PowerOption = True,
    yes: provisioning.YesOption = False,
    wait: provisioning.WaitOption = True,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Put the partition table and the ends of a disk back as they were before a run wrote it.

    What was written in between stays written: files are there again only where nothing was.
    """
    from boots.client.workflows import Undo

    with asking(server, token_file, ca, config, timeout=120.0) as client:
        name = client.machine(key).line.name
        kept = _kept(client, name, serial, number)
        if not yes:
            _say(name, kept)
            typer.confirm("Do it?", abort=True, err=True)
        wanted = Undo(edges=kept.id, serial=serial, power=power)
        made = client.undo(name, wanted, once=uuid.uuid4().hex)
        provisioning.begun(client, made, wait=wait, as_json=as_json)


def _kept(client: "Client", name: str, serial: str, number: int) -> "EdgesLine":
    """The edges that are meant."""
    every = client.edges(name).edges
    meant = [each for each in every if each.id == number or (not number and each.serial == serial)]
    if not meant:
        what = f"no edges {number}" if number else f"nothing of a disk {serial}"
        serials = ", ".join(dict.fromkeys(each.serial for each in every))
        refuse(f"{what} is kept of {name}; {f'there is {serials}' if serials else 'nothing is'}")
    return meant[0]


def _say(name: str, kept: "EdgesLine") -> None:
    from boots.cli import running, shown

    size = running.capacity(kept.size)
    told = f"{kept.path} of {name}, {size}, S/N {kept.serial}, held {kept.holds or 'nothing'}"
    typer.echo(f"{told} at {shown.moment(kept.at)}.", err=True)
    typer.echo("Its first and last MiB are put back so; what is there now is lost.", err=True)


def register(machine: typer.Typer) -> None:
    """Add the commands to those of ``boots machine``."""
    for command in (edges, undo_partition_table):
        machine.command()(command)

"""``boots machines``, ``machine``, ``add``, ``remove``: the machines of a running server."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from boots.cli import edges
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


class _OrName(TyperGroup):
    """``boots machine NAME`` is ``boots machine show NAME``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Say `show` where a name stands."""
        known = {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, ["show", *args] if args and args[0] not in known else args)


machine = typer.Typer(
    cls=_OrName,
    no_args_is_help=True,
    help="One machine, and its disks; `boots machine NAME` shows it.",
)


def machines(
    search: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Only those with this in name, MAC or address.")
    ] = "",
    state: Annotated[
        str, typer.Option(help="Only those that are running, done, stuck, failed, held or unseen.")
    ] = "",
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """List the machines of a running server, and where each stands."""
    from boots.cli import shown

    with asking(server, token_file, ca, config) as client:
        found = list(client.all_machines(text=search, state=state))
        if as_json:
            print_json(found)
            return
        if not found:
            print("no machines" + (" like that" if search or state else ""), file=sys.stderr)
            return
        out = shown.console()
        out.print(shown.fleet(found, time.time(), plain=not shown.unicode(out)))


def show(
    key: MachineArgument,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Print all that a running server knows of one machine."""
    from boots.cli import shown
    from boots.cli.whole import print_machine

    with asking(server, token_file, ca, config) as client:
        found = client.machine(key)
        if as_json:
            print_json(found)
        else:
            print_machine(shown.console(), found, time.time())


def add(
    file: Annotated[Path, typer.Argument(help="A file of records, YAML or JSON; - is stdin.")],
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Give a running server the records of a file to keep, in any form that files may have."""
    records = _records(file)
    with asking(server, token_file, ca, config) as client:
        for record in records:
            made = client.create(record)
            if as_json:
                print_json(made)
            else:
                print(f"{made.line.name} was added")


def _records(file: Path) -> list[Any]:
    """The records of a file; a mistake in one of them ends the command."""
    from boots.machines import records

    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        found = records.read(raw.decode(), str(file))
    except OSError as error:
        refuse(f"{file}: cannot be read: {error.strerror}", 2)
    except UnicodeDecodeError:
        refuse(f"{file}: this is no text", 2)
    for fault in found.faults:
        print(fault, file=sys.stderr)
    if found.faults:
        raise typer.Exit(2)
    if not found.machines:
        refuse(f"{file}: it has no records", 2)
    return [json.loads(bytes(each.record)) for each in found.machines]


def remove(
    key: MachineArgument,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Have a running server forget a record that was added to it."""
    with asking(server, token_file, ca, config) as client:
        name = client.machine(key).line.name
        client.remove(name)
        print(f"{name} was removed")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(machines)
    machine.command()(show)
    edges.register(machine)
    app.add_typer(machine, name="machine")
    for command in (add, remove):
        app.command()(command)

"""``boots discovered`` and ``boots adopt``: machines without a record."""

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from boots.cli.asking import (
    CaOption,
    JsonOption,
    ServerOption,
    TokenFileOption,
    asking,
    print_json,
)
from boots.cli.common import ConfigOption

if TYPE_CHECKING:
    from boots.client.client import Client


def discovered(
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """List machines that were heard asking and have no record."""
    from boots.cli import shown

    with asking(server, token_file, ca, config) as client:
        found = client.discovered().discovered
        if as_json:
            print_json(found)
            return
        if not found:
            print("none were heard of", file=sys.stderr)
            return
        made = shown.table("mac", "at", "asks as", "ago", "port", "rule", "near", wide=6)
        now = time.time()
        for each in found:
            who = each.stranger
            port = " ".join(filter(None, (each.switch, each.port)))
            near = f"{who.nearest_name}: {who.nearest}" if who.nearest else ""
            asks = " ".join(filter(None, (who.program, who.architecture)))
            row = (who.mac, who.interface, asks, shown.ago(who.last, now), port, each.rule, near)
            made.add_row(*map(shown.text, row))
        shown.console().print(made)


def adopt(
    mac: Annotated[str, typer.Argument(help="Its MAC, in any usual form.")],
    name: Annotated[str, typer.Option(help="What it is called; else what its rule says.")] = "",
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Give a machine that has none a record: the one that its rule makes."""
    from boots.model import mac as macs

    wanted = macs.parse(mac)
    if wanted is None:
        raise typer.BadParameter(f"{mac!r} is no MAC; write six pairs of hex digits")
    with asking(server, token_file, ca, config) as client:
        made = client.adopt(wanted, _named(client, wanted, name) if name else None)
        if as_json:
            print_json(made)
        else:
            print(f"{wanted} is {made.line.name} now")


def _named(client: "Client", mac: str, name: str) -> Any:
    """The record that its rule makes, with another name; a plain one where there is none."""
    proposed = (each for each in client.discovered().discovered if each.stranger.mac == mac)
    record = next((each.record for each in proposed if isinstance(each.record, dict)), None)
    if record is None:
        return {"name": name, "mac": mac}
    if isinstance(record.get("metadata"), dict):  # Tinkerbell's form
        return {**record, "metadata": {**record["metadata"], "name": name}}
    return {**record, "name": name}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (discovered, adopt):
        app.command()(command)

"""``boots freeze`` and ``unfreeze``: all arming and writing of disks stops, and goes on."""

import time
from typing import TYPE_CHECKING, Annotated

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
from boots.model.plain import plain

if TYPE_CHECKING:
    from boots.client.workflows import Freeze


def freeze(
    why: Annotated[str, typer.Argument(help="Why, for those who meet it.")] = "",
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Stop all arming and writing of disks, on all machines, until `boots unfreeze`.

    Actions that are writing already go on to their end; none is handed out that would write.
    """
    with asking(server, token_file, ca, config) as client:
        _print(client.set_freeze(frozen=True, why=why), as_json=as_json)


def unfreeze(
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Allow disks to be armed and written again; it takes the role admin."""
    with asking(server, token_file, ca, config) as client:
        _print(client.set_freeze(frozen=False), as_json=as_json)


def _print(found: "Freeze", *, as_json: bool) -> None:
    from boots.cli.shown import ago

    if as_json:
        print_json(found)
        return
    if found.frozen:
        since = f" {ago(found.at, time.time())} ago" if found.at else ""
        why = f": {found.why}" if found.why else ""
        print(plain(f"frozen by {found.by}{since}{why}; no disk is armed or written"))
    else:
        print("disks may be armed and written" + (f", {found.most} at a time" * bool(found.most)))
    if found.writing:
        print(f"{found.writing} being written right now")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (freeze, unfreeze):
        app.command()(command)

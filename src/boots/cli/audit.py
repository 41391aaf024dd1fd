"""``boots audit``: who changed what, or tried to, and whether anybody changed that."""

from typing import Annotated

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


def show(
    context: typer.Context,
    machine: Annotated[
        str, typer.Option(help="Only what was done to this machine, by name or MAC.")
    ] = "",
    by: Annotated[str, typer.Option(help="Only what the bearer of this token did.")] = "",
    what: Annotated[
        str, typer.Option(help="Only deeds with this in their name, like order or create_run.")
    ] = "",
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=1, max=1000, help="How many of the latest.")
    ] = 50,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Print who changed what, or tried to, from where, and what came of it."""
    if context.invoked_subcommand is not None:
        return
    from boots.cli import shown

    with asking(server, token_file, ca, config) as client:
        found = client.audit(machine=machine, by=by, what=what, limit=lines)
        if as_json:
            print_json(found)
            return
        made = shown.table("when", "who", "from", "what", "machine", "outcome", "more", wide=6)
        for each in reversed(found.audit):
            more = " ".join(f"{name}={value}" for name, value in each.details.items())
            who = f"{each.by} ({each.role})" if each.role else each.by or "nobody"
            cells = (who, each.peer, each.what, each.machine, each.outcome, more)
            made.add_row(shown.moment(each.at), *map(shown.text, cells))
        shown.console().print(made)


def verify(
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """See by the seals of its rows whether anybody changed the audit log; 1 if so."""
    with asking(server, token_file, ca, config) as client:
        found = client.audit_proof()
    if as_json:
        print_json(found)
    elif found.broken:
        print(f"row {found.broken}: {found.why}; {found.rows} before it are as they were written")
    else:
        also = f", {found.foreign} of them sealed by another key" if found.foreign else ""
        print(f"{found.rows} rows{also}, all as they were written; the last seal is {found.seal}")
    if found.broken:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer()
    group.callback(invoke_without_command=True)(show)
    group.command()(verify)
    app.add_typer(group, name="audit")

"""``boots token``: who may ask a running server what."""

import enum
import sys
import time
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

_DAY = 86_400


class RoleName(enum.Enum):
    """Roles, as a person writes them."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


def create(
    name: Annotated[str, typer.Argument(help="Whose it is; the journal names who did what.")],
    role: Annotated[RoleName, typer.Option(help="What its bearer may do.")],
    days: Annotated[
        int, typer.Option(min=0, max=36_500, help="How long it is good; 0 is for ever.")
    ] = 0,
    machines: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Only for machines whose names fit, like 'ci-*'; may be given several times.",
        ),
    ] = None,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Make a token and print it: it is said this once."""
    from boots.client.words import Role

    with asking(server, token_file, ca, config) as client:
        made = client.make_token(name, Role(role.value), days * _DAY, machines or ())
        if as_json:
            print_json(made)
            return
        print(made.secret)
        print("keep it in ~/.config/boots/token, or BOOTS_TOKEN", file=sys.stderr)


def list_(
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """List all tokens, without their secrets."""
    from boots.cli import shown

    with asking(server, token_file, ca, config) as client:
        found = client.tokens().tokens
        if as_json:
            print_json(found)
            return
        now = time.time()
        made = shown.table("id", "name", "role", "machines", "made", "used", "good until")
        for each in found:
            until = shown.moment(each.expires) if each.expires else "for ever"
            dates = (shown.ago(each.created, now), shown.ago(each.used, now), until)
            limits = shown.text(", ".join(each.machines) or "all")
            made.add_row(str(each.id), shown.text(each.name), each.role.value, limits, *dates)
        shown.console().print(made)


def drop(
    identity: Annotated[int, typer.Argument(metavar="ID", help="Its id, as the list has it.")],
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Take a token away: who bears it is not listened to any more."""
    with asking(server, token_file, ca, config) as client:
        client.drop_token(identity)
        print(f"token {identity} is good no more")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Who may ask a running server what.")
    group.command()(create)
    group.command("list")(list_)
    group.command()(drop)
    app.add_typer(group, name="token")

"""``boots netboot``, ``power``: what a machine runs next, and its power."""

import enum
from typing import Annotated

import typer

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


class Wanted(enum.Enum):
    """What can be ordered of netboot."""

    ON = "on"
    OFF = "off"
    ONCE = "once"
    AS_RECORDED = "as-recorded"


class Switched(enum.Enum):
    """What can be done to power."""

    ON = "on"
    OFF = "off"
    CYCLE = "cycle"
    NETBOOT = "netboot"


def netboot(
    key: MachineArgument,
    wanted: Annotated[Wanted, typer.Argument(help="once: until it was told what to run.")],
    profile: Annotated[
        str, typer.Option(help="What it runs, in place of its record's profile.")
    ] = "",
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Order whether a machine boots from the network, over its record; or take that back."""
    from boots.model.order import Netboot

    if wanted is Wanted.AS_RECORDED and profile:
        refuse("--profile goes with on, off or once", 2)
    with asking(server, token_file, ca, config) as client:
        if wanted is Wanted.AS_RECORDED:
            client.withdraw(key)
        else:
            client.order(key, Netboot(wanted.value), profile)
        machine = client.machine(key)
        if as_json:
            print_json(machine.order)
            return
        line = machine.line
        runs = f", profile {line.profile}" if line.profile else ""
        print(f"{line.name}: netboot {line.netboot}{runs}")


def power(
    key: MachineArgument,
    action: Annotated[
        Switched | None, typer.Argument(help="Without one it is only told how it is.")
    ] = None,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Switch a machine's power by its BMC, or tell how it is."""
    from boots.client.words import PowerAction

    with asking(server, token_file, ca, config, timeout=120.0) as client:
        found = (
            client.power(key) if action is None else client.switch(key, PowerAction(action.value))
        )
        if as_json:
            print_json(found)
        else:
            print(found.state + (f", says {found.by}" if found.by else ""))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (netboot, power):
        app.command()(command)

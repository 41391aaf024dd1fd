"""``boots provision``, ``netboot``, ``power``: what a machine runs next, and its power."""

import difflib
import enum
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from boots.client.client import Client
    from boots.client.words import MachineLine


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


def provision(
    key: MachineArgument,
    profile: Annotated[str, typer.Option(help="What it is to run, once.")],
    power: Annotated[
        bool, typer.Option(help="Have its BMC start it, if its record names one.")
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Run a profile on a machine once, and then let it boot from its disk."""
    with asking(server, token_file, ca, config) as client:
        line = client.machine(key).line
        _check_profile(client, profile)
        if not yes:
            typer.echo(_will_happen(line, profile, power=power), err=True)
            typer.confirm("Do it?", abort=True, err=True)
        made = client.provision(line.name, profile, power=power)
        if as_json:
            print_json(made)
            return
        print(f"{line.name} runs {profile} at its next start, then boots from its disk")
        if made.power is not None:
            print(
                f"its power is {made.power.state}{f', says {made.power.by}' * bool(made.power.by)}"
            )
        if made.note:
            print(made.note)


def _check_profile(client: "Client", profile: str) -> None:
    known = [each.name for each in client.profiles().profiles]
    if profile not in known:
        near = difflib.get_close_matches(profile, known, n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(known) or 'none'}"
        refuse(f'there is no profile "{profile}"; {hint}', 2)


def _will_happen(line: "MachineLine", profile: str, *, power: bool) -> str:
    """What a person agrees to."""
    macs = ", ".join(each.mac for each in line.interfaces)
    once = f"At its next start from the network it runs {profile}, once"
    told = [
        f"{line.name} ({macs}) is {line.state.value} now.",
        f"{once}; an installer may overwrite its disks.",
    ]
    if power:
        told.append("If its record names a BMC, it is restarted from the network at once.")
    else:
        told.append("Its power is left alone: start it from the network yourself.")
    return "\n".join(told)


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
    for command in (provision, netboot, power):
        app.command()(command)

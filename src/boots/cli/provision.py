"""``boots provision``: a machine runs a profile once, or is taken through a workflow."""

import difflib
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
from boots.client.workflows import Arming
from boots.model.arming import Policy
from boots.model.plain import plain

if TYPE_CHECKING:
    from boots.client.client import Client
    from boots.client.words import MachineLine


def provision(
    key: MachineArgument,
    profile: Annotated[str, typer.Option(help="What it is to run, once.")] = "",
    workflow: Annotated[
        str,
        typer.Option(help="What it is taken through: a file, - for stdin, or one that is shipped."),
    ] = "",
    given: provisioning.SetOption = None,
    disk: provisioning.DiskOption = "",
    arm: provisioning.ArmOption = None,
    policy: provisioning.PolicyOption = Policy.EMPTY_ONLY,
    hours: provisioning.HoursOption = 2.0,
    power: provisioning.PowerOption = True,
    yes: provisioning.YesOption = False,
    yes_wipe: provisioning.YesWipeOption = None,
    wait: provisioning.WaitOption = True,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Install a machine: by a profile that it runs once, or by a workflow.

    A workflow is planned first, with the disks that it would write, and then followed; it ends
    with 0 if all went well, 1 if not, 3 if somebody must look.
    """
    if bool(profile) == bool(workflow):
        refuse("say --profile NAME or --workflow FILE: one of the two", 2)
    arming = Arming(policy=policy, disks=tuple(arm or ()), hours=hours)
    if profile and (arm or given or disk or yes_wipe or policy is not Policy.EMPTY_ONLY):
        refuse("--set, --disk, --arm, --policy and --yes-wipe go with --workflow", 2)
    with asking(server, token_file, ca, config, timeout=120.0) as client:
        line = client.machine(key).line
        if profile:
            _run_profile(client, line, profile, power=power, yes=yes, as_json=as_json)
            return
        wanted = provisioning.wanted_of(line.name, workflow, given, disk, arming, power=power)
        consent = provisioning.Consent(yes, tuple(yes_wipe or ()))
        provisioning.begin(client, wanted, consent, wait=wait, as_json=as_json)


def _run_profile(
    client: "Client", line: "MachineLine", profile: str, *, power: bool, yes: bool, as_json: bool
) -> None:
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
        by = f", says {made.power.by}" * bool(made.power.by)
        print(plain(f"its power is {made.power.state}{by}"))
    if made.note:
        print(plain(made.note))


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


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(provision)

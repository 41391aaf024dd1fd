"""``boots workflow list``, ``show``, ``logs``, ``run``, ``retry``, ``cancel``, ``settle``."""

import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from boots.cli import provisioning
from boots.cli.asking import (
    CaOption,
    JsonOption,
    ServerOption,
    TokenFileOption,
    asking,
    print_json,
    refuse,
)
from boots.cli.common import ConfigOption
from boots.client.workflows import Arming, Retry
from boots.model.arming import Policy

if TYPE_CHECKING:
    from boots.client.client import Client
    from boots.client.workflows import LogLine, Run

RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="Its id, or a machine: then its latest run.")
]


def run(
    template: Annotated[
        str, typer.Argument(help="A template: a file, - for stdin, or one that is shipped.")
    ],
    machine: Annotated[str, typer.Option(help="The machine, by its name or a MAC of its.")],
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
    """Take a machine through a workflow, as `boots provision --workflow` does.

    It ends with 0 if all went well, 1 if not, 3 if somebody must look.
    """
    arming = Arming(policy=policy, disks=tuple(arm or ()), hours=hours)
    with asking(server, token_file, ca, config, timeout=120.0) as client:
        name = client.machine(machine).line.name
        wanted = provisioning.wanted_of(name, template, given, disk, arming, power=power)
        consent = provisioning.Consent(yes, tuple(yes_wipe or ()))
        provisioning.begin(client, wanted, consent, wait=wait, as_json=as_json)


def listed(
    machine: Annotated[str, typer.Option(help="Only those of this machine.")] = "",
    state: Annotated[
        str, typer.Option(help="Only those that are PREPARING, PENDING, RUNNING, POST, …")
    ] = "",
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many.")] = 20,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """List runs of workflows, the latest first."""
    from boots.cli import running, shown

    with asking(server, token_file, ca, config) as client:
        found = list(islice(client.all_runs(key=machine, state=state.upper()), number))
        if as_json:
            print_json(found)
        elif not found:
            print("no runs" + (" like that" if machine or state else ""), file=sys.stderr)
        else:
            out = shown.console()
            plain, ids = not shown.unicode(out), out.width >= running.WIDE
            out.print(running.listed(found, time.time(), plain=plain, ids=ids))


def show(
    key: RunArgument,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Print a run whole: its actions, its disks, and what can be done now."""
    with asking(server, token_file, ca, config) as client:
        _print(_found(client, key), as_json=as_json)


def logs(
    key: RunArgument,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as more is said, until it is over.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each line as JSON.")] = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Print what the actions of a run said."""
    from boots.cli import running, shown

    with asking(server, token_file, ca, config) as client, suppress(KeyboardInterrupt):
        found = _found(client, key)
        names = {step.number: step.name for step in found.steps}
        out = shown.console()
        for line in _lines(client, found.line.id, follow=follow):
            if as_json:
                _print_json_line(line)
            else:
                out.print(running.log_line(line, names), soft_wrap=True)


def _lines(client: "Client", identity: str, *, follow: bool) -> "Iterator[LogLine]":
    from boots.client.workflows import LogLine

    if not follow:
        yield from client.all_run_lines(identity)
        return
    for each in client.follow_run(identity):
        if isinstance(each, LogLine):
            yield each


def _print_json_line(line: "LogLine") -> None:
    import msgspec

    print(msgspec.json.encode(line).decode(), flush=True)


def retry(
    key: RunArgument,
    first: Annotated[
        int, typer.Option("--from", min=0, help="The action to begin at; 0: where it ended.")
    ] = 0,
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
    """Take up a run that is over, as a new run; its disks are armed anew."""
    arming = Arming(policy=policy, disks=tuple(arm or ()), hours=hours)
    with asking(server, token_file, ca, config, timeout=120.0) as client:
        found = _found(client, key)
        consent = provisioning.Consent(yes, tuple(yes_wipe or ()))
        provisioning.agree_again(found, first, arming, consent)
        wanted = Retry(first=first, arm=arming, power=power)
        made = client.retry_run(found.line.id, wanted, once=uuid.uuid4().hex)
        provisioning.begun(client, made, wait=wait, as_json=as_json)


def cancel(
    key: RunArgument,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """End a run; the action that is on is stopped, and what it wrote so far stays."""
    with asking(server, token_file, ca, config) as client:
        _print(client.cancel_run(_found(client, key).line.id), as_json=as_json)


def settle(
    key: RunArgument,
    again: Annotated[
        bool | None, typer.Option("--again/--done", help="Do the action again, or take it as done.")
    ] = None,
    step: Annotated[
        int, typer.Option(min=0, help="Which action; else the one that it waits at.")
    ] = 0,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Say what is to become of the action that a run waits at."""
    if again is None:
        refuse("say --again to have it done again, or --done to take it as done", 2)
    with asking(server, token_file, ca, config) as client:
        found = _found(client, key)
        number = step or _waiting(found)
        _print(client.settle_run(found.line.id, number, again=again), as_json=as_json)


def _waiting(run: "Run") -> int:
    """The action that a run waits at."""
    left = [step.number for step in run.steps if step.state not in {"SUCCESS", "SKIPPED"}]
    if not left:
        refuse(f"{run.line.id} waits at no action")
    return left[0]


def _found(client: "Client", key: str) -> "Run":
    """A run by its id, or the latest one of a machine."""
    from boots.client.connecting import ApiError

    try:
        return client.run(key)
    except ApiError as error:
        if error.problem.status != 404:
            raise
        found = latest(client, key)
        if found is None:
            raise
        if not found:
            refuse(f"{key} was taken through no workflow yet")
        return client.run(found)


def latest(client: "Client", machine: str) -> str | None:
    """The latest run of a machine, by its id; empty if it had none, None if it is no machine."""
    from boots.client.connecting import ApiError

    try:
        found = client.runs(key=machine, limit=1).runs
    except ApiError:
        return None
    return found[0].id if found else ""


def _print(run: "Run", *, as_json: bool) -> None:
    from boots.cli import running, shown

    if as_json:
        print_json(run)
        return
    out = shown.console()
    for line in running.whole(run, time.time(), plain=not shown.unicode(out)):
        out.print(line, soft_wrap=True)


def register(workflow: typer.Typer) -> None:
    """Add the commands to those of ``boots workflow``."""
    workflow.command()(run)
    workflow.command(name="list")(listed)
    for command in (show, logs, retry, cancel, settle):
        workflow.command()(command)

"""Beginning a workflow: what it is, what it would do, the question, and how it goes on."""

import re
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from boots.cli.asking import print_json, refuse
from boots.client.workflows import ArmedDisk, Arming, NewRun, Run, RunPlan
from boots.model.arming import Policy

if TYPE_CHECKING:
    from boots.client.client import Client

_MISSING = re.compile(r": \.([a-z]\w*) is not there")

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="A key of the hardware map, as device_2=MAC; may be repeated."),
]
DiskOption = Annotated[
    str,
    typer.Option("--disk", help="Which disk is the first: prefer=smallest, size>=100G, serial=…."),
]
ArmOption = Annotated[
    list[str] | None,
    typer.Option(
        "--arm",
        help="A disk that may be written, by serial number, WWN or path; else those of the"
        " template. May be repeated.",
    ),
]
PolicyOption = Annotated[
    Policy,
    typer.Option(help="What such a disk may hold: nothing, what we wrote, or anything."),
]
HoursOption = Annotated[float, typer.Option(min=0.01, max=168.0, help="For how long that holds.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
YesWipeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--yes-wipe",
        metavar="SERIAL",
        help="Do not ask under force: each disk again, by the serial number or WWN of --arm.",
    ),
]
WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Show how it goes on, until it is over.")
]
PowerOption = Annotated[bool, typer.Option(help="Have its BMC start it, if its record names one.")]


@dataclass(frozen=True, slots=True)
class Consent:
    """How far a person agreed before they were asked."""

    yes: bool = False
    wipes: tuple[str, ...] = ()


def begin(client: "Client", wanted: NewRun, consent: Consent, *, wait: bool, as_json: bool) -> None:
    """Plan, ask, begin, and follow; ends the command where that did not go well."""
    _check_free(client, wanted.machine)
    plan = client.plan_run(wanted)
    arm = wanted.arm or Arming()
    if not as_json or not consent.yes:
        print_plan(plan, wanted.machine, arm, error=True)
    if plan.faults:
        refuse(_why_not(plan, wanted, arm))
    _agree(wanted.machine, plan.disks, arm, consent)
    if not plan.disks:
        wanted = replace(wanted, arm=None)
    made = client.create_run(wanted, once=uuid.uuid4().hex)
    begun(client, made, wait=wait, as_json=as_json)


def _check_free(client: "Client", machine: str) -> None:
    """A machine has one run at a time: that is said before anything is asked."""
    found = client.runs(key=machine, limit=1).runs
    if found and not found[0].is_over:
        told = f"{machine} has a run that is not over, {found[0].id} ({found[0].word})"
        refuse(f"{told}\n  boots workflow show {machine}; cancel ends it")


def begun(client: "Client", made: Run, *, wait: bool, as_json: bool) -> None:
    """Tell of a run that began, and follow it; ends the command with what came of it."""
    from boots.cli import following

    line = made.line
    if as_json:
        if wait:
            for _ in client.follow_run(line.id):
                pass
            made = client.run(line.id)
        print_json(made)
        raise typer.Exit(following.status(made))
    if made.note:
        print(made.note)
    if not wait:
        print(f"{line.id} began; boots workflow logs {line.id} -f follows it")
        return
    raise typer.Exit(following.follow(client, line.id))


def print_plan(plan: RunPlan, machine: str, arm: Arming, *, error: bool = False) -> None:
    """Print what would be done, if need be to standard error."""
    from boots.cli import running
    from boots.cli.terminal import Terminal

    out = Terminal(highlight=False, markup=False, emoji=False, stderr=error)
    for line in running.plan_lines(plan, machine, arm.policy.value):
        out.print(line, soft_wrap=True)


def _why_not(plan: RunPlan, wanted: NewRun, arm: Arming) -> str:
    """Why a run cannot begin, and what can be done about that."""
    told = "it cannot begin: see above"
    held = [disk.serial for disk in plan.disks if disk.problem and disk.holds and disk.serial]
    if held and arm.policy is not Policy.FORCE:
        named = " ".join(f"--arm {serial}" for serial in held)
        told += f"\n  if what it holds may be lost: {named} --policy force"
    if not wanted.disk and any("there is no entry 0" in fault for fault in plan.faults):
        told += "\n  its record names no disk: --disk prefer=smallest, or write disks: into it"
    for missing in dict.fromkeys(_MISSING.findall("\n".join(plan.faults))):
        told += f"\n  say what the template asks for: --set {missing}=…"
    return told


def _agree(machine: str, disks: Sequence[ArmedDisk], arm: Arming, consent: Consent) -> None:
    """Ask; under force the machine's name is typed, or in scripts each disk named again."""
    if arm.policy is Policy.FORCE and disks:
        missing = [each for each in arm.disks if each not in consent.wipes]
        if consent.wipes or consent.yes:
            if missing or not arm.disks:
                named = " ".join(f"--yes-wipe {each}" for each in missing or ["SERIAL"])
                refuse(f"under force each disk is named again: {named}", 2)
            return
        typer.echo("Whatever these disks hold is lost.", err=True)
        typed = typer.prompt(f"Type {machine} to go on", default="", show_default=False, err=True)
        if typed.strip() != machine:
            refuse("that is another name: nothing was begun")
        return
    if not consent.yes:
        typer.confirm("Do it?", abort=True, err=True)


def agree_again(run: Run, first: int, arm: Arming, consent: Consent) -> None:
    """Ask before a run is taken up again."""
    where = f"action {first}" if first else "where it ended"
    typer.echo(f"{run.line.name} on {run.line.machine} begins again at {where}.", err=True)
    _agree(run.line.machine, run.disks, arm, consent)


# --- what is wanted


def wanted_of(
    machine: str,
    template: str,
    given: Sequence[str] | None,
    disk: str,
    arm: Arming,
    *,
    power: bool,
) -> NewRun:
    """A new run, from the words of a command line."""
    if arm.policy is Policy.FORCE and not arm.disks:
        refuse(
            "force wants its disks by serial number or WWN: --arm SERIAL;"
            f" boots workflow plan, or boots machine {machine}, tells them",
            2,
        )
    return NewRun(
        machine=machine,
        template=text_of(template),
        map=map_of(given),
        disk=disk,
        arm=arm,
        power=power,
    )


def map_of(given: Sequence[str] | None) -> Mapping[str, str]:
    """The hardware map of ``--set``."""
    found = {}
    for each in given or ():
        key, equals, value = each.partition("=")
        if not key or not equals:
            refuse(f'--set "{each}" is no key and value; write device_2=MAC', 2)
        found[key] = value
    return found


def text_of(template: str) -> str:
    """The text of a template: of a file, or of one that is shipped by its name."""
    from boots.client import shipped

    file = Path(template)
    if template in shipped.names() and not file.exists():
        return shipped.text(template) or ""
    try:
        return sys.stdin.read() if template == "-" else file.read_text()
    except UnicodeDecodeError:
        refuse(f"{template} is not UTF-8 text", 2)
    except OSError as error:
        names = ", ".join(shipped.names())
        hint = f"; shipped are {names}" if names and "/" not in template else ""
        refuse(f"{template} cannot be read: {error.strerror}{hint}", 2)

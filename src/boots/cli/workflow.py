"""``boots workflow``: are these templates sound, and what would they do to a machine?"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from boots.cli import certificates, provisioning, runs
from boots.cli.asking import CaOption, ServerOption, TokenFileOption, asking, print_json
from boots.cli.common import ConfigOption, MachinesOption, read_settings, saying_no, texts
from boots.cli.terminal import Terminal
from boots.client.workflows import Arming
from boots.documents.fault import Faulty, nearest
from boots.model import mac as macs
from boots.model.arming import Policy
from boots.model.machine import Machine
from boots.serve.sockets import StartError
from boots.workflow.doubts import Rules
from boots.workflow.hints import UNSETTLED
from boots.workflow.plan import Armed, Plan, Step, plan
from boots.workflow.rendering import Outcome, of_machine
from boots.workflow.wrapped import NoTemplate, Text, unwrapped

workflow = typer.Typer(no_args_is_help=True, help="Workflows: what machines are taken through.")

_FileArgument = Annotated[
    Path, typer.Argument(help="A template: bare, or a kind: Template; or one that is shipped.")
]
_MachineOption = Annotated[
    str, typer.Option("--machine", help="The machine, by its name or a MAC of its record.")
]


@workflow.command()
def lint(
    files: Annotated[list[Path], typer.Argument(help="Templates: bare, or kind: Template.")],
    machine: Annotated[
        str, typer.Option("--machine", help="Look at them as this machine would get them.")
    ] = "",
    given: provisioning.SetOption = None,
    config: ConfigOption = None,
    machines: MachinesOption = None,
    images: Annotated[
        Path | None, typer.Option("--images", help="Say which images this folder has not.")
    ] = None,
    containers: Annotated[
        bool, typer.Option("--containers", help="Take images that are no native action.")
    ] = False,
) -> None:
    """Say what is wrong with templates: place, what it is, and what to write instead."""
    from boots.workflow.lint import lint as judged

    wrong = doubtful = 0
    with saying_no():
        rules = Rules(containers=containers, images=_below(images) if images else None)
        whose = _machine(machine, config, machines) if machine else None
        for source in [each for file in files for each in _texts_of(file)]:
            outcome = (
                of_machine(source, whose, _map(given), rules=rules)
                if whose
                else judged(source, rules)
            )
            wrong += len(outcome.reading.faults)
            doubtful += len(outcome.reading.doubts)
            _tell(outcome)
    files_told = "1 file" if len(files) == 1 else f"{len(files)} files"
    print(f"{files_told}: {wrong} wrong, {doubtful} doubtful")
    if wrong:
        raise typer.Exit(1)


@workflow.command()
def render(
    file: _FileArgument,
    machine: _MachineOption,
    given: provisioning.SetOption = None,
    config: ConfigOption = None,
    machines: MachinesOption = None,
) -> None:
    """Print the text of a template for a machine."""
    with saying_no():
        whose = _machine(machine, config, machines)
        outcome = of_machine(_only(file), whose, _map(given))
    print(outcome.text, end="" if outcome.text.endswith("\n") else "\n")
    for fault in (*outcome.reading.faults, *outcome.reading.doubts):
        print(fault, file=sys.stderr)
    if outcome.reading.faults:
        raise typer.Exit(1)


@workflow.command(name="plan")
def planned(
    template: Annotated[
        str, typer.Argument(help="A template: a file, - for stdin, or one that is shipped.")
    ],
    machine: _MachineOption,
    given: provisioning.SetOption = None,
    disk: provisioning.DiskOption = "",
    arm: provisioning.ArmOption = None,
    policy: provisioning.PolicyOption = Policy.EMPTY_ONLY,
    json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
    machines: MachinesOption = None,
) -> None:
    """Say what a template would do to a machine, and which disks it would write.

    A running server is asked, which knows the machine's disks; with --machines no server is.
    """
    if machines:
        _plan_offline(Path(template), machine, given, config, machines, as_json=json)
        return
    arming = Arming(policy=policy, disks=tuple(arm or ()))
    with asking(server, token_file, ca, config) as client:
        name = client.machine(machine).line.name
        wanted = provisioning.wanted_of(name, template, given, disk, arming, power=False)
        found = client.plan_run(wanted)
        if json:
            print_json(found)
        else:
            provisioning.print_plan(found, name, arming)
        if found.faults:
            raise typer.Exit(1)


def _plan_offline(
    file: Path,
    machine: str,
    given: list[str] | None,
    config: Path | None,
    machines: list[Path],
    *,
    as_json: bool,
) -> None:
    with saying_no():
        whose = _machine(machine, config, machines)
        outcome = of_machine(_only(file), whose, _map(given))
    template = outcome.reading.template
    if template is None:
        _tell(outcome)
        raise typer.Exit(1)
    found = plan(template, outcome.storage)
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    _print(Terminal(highlight=False, soft_wrap=True), template.name, whose, found)
    _tell(outcome)


def _below(folder: Path) -> frozenset[str]:
    """The names of the images in a folder, as they are published."""
    if not folder.is_dir():
        raise StartError(f"{folder} is no folder; it is boots.images of the settings")
    files = (path for path in folder.rglob("*") if path.is_file())
    return frozenset(path.relative_to(folder).as_posix() for path in files)


def _tell(outcome: Outcome) -> None:
    for fault in outcome.reading.faults:
        print(fault)
    for doubt in outcome.reading.doubts:
        print(f"warning: {doubt}")


def _texts_of(file: Path) -> list[Text]:
    from boots.client import shipped

    own = None if file.exists() else shipped.text(str(file))
    try:
        return unwrapped(file.read_text() if own is None else own, str(file))
    except OSError as error:
        raise StartError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise StartError(f"{file} is not UTF-8 text") from None
    except NoTemplate as none:
        raise Faulty([none.fault]) from None


def _only(file: Path) -> Text:
    found = _texts_of(file)
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise StartError(f"{file} holds several templates: {names}; write each to its own file")
    return found[0]


def _map(given: list[str] | None) -> Mapping[str, str] | None:
    return provisioning.map_of(given) or None


def _machine(name: str, config: Path | None, machines: list[Path] | None) -> Machine:
    """A machine of the records, by its name or MAC.

    Raises:
        Faulty: the records are wrong.
        StartError: there are none, or it is in none.
    """
    from boots.machines.files import Cache, load

    settings = read_settings(config, {"machines": texts(machines)})
    if not settings.machines:
        raise StartError("no records to find it in; give --machines FILE")
    loaded = load([Path(path) for path in settings.machines], Cache())
    if loaded.faults:
        raise Faulty(loaded.faults)
    mac = macs.parse(name)
    known = loaded.index.by_mac.get(mac) if mac else None
    found = known.machine if known else loaded.index.by_name.get(name)
    if found is None:
        hint = nearest(name, loaded.index.by_name)
        raise StartError(f'no record is called "{name}"' + (f"; {hint}" if hint else ""))
    return found


def _print(console: Console, name: str, machine: Machine, found: Plan) -> None:
    console.print(f"[bold]{escape(name)}[/] on [bold]{escape(machine.name)}[/]")
    task = ""
    for number, step in enumerate(found.steps, 1):
        if step.task != task:
            task = step.task
            console.print(f"  task {escape(task)}, by {escape(step.worker)}")
        _print_step(console, number, step)
    for each in found.unclear:
        console.print(f"[red]{escape(each)}[/] writes disks, and nothing says which")
    if not found.disks:
        console.print(
            "No disk that is named is written." if found.unclear else "No disk is written."
        )
        return
    console.print("To be armed by a person before the first action:")
    for disk in found.disks:
        _print_disk(console, disk)


def _print_step(console: Console, number: int, step: Step) -> None:
    limit = f"[dim]at most {step.action.timeout} s[/]"
    console.print(f"  {number:3} {escape(step.action.name)}: {step.kind}, {step.meaning}; {limit}")
    for touch in step.touches:
        colour = {"reads": "green"}.get(touch.use.value, "red")
        on = f" (on {escape(touch.disk)})" if touch.disk != touch.device else ""
        console.print(f"        [{colour}]{touch.use.value}[/] {escape(touch.device)}{on}")
    if step.ends:
        console.print("        [yellow]ends OSIE[/]: netboot is turned off before")


def _print_disk(console: Console, disk: Armed) -> None:
    how = "all of it is lost" if disk.whole else "partitions on it are written"
    by = escape(", ".join(disk.actions))
    named = disk.disk
    if named.startswith(UNSETTLED):  # which one it is, only the machine can say
        named = f"the disk that is {named.removeprefix(UNSETTLED).replace(',', ' ')}"
    console.print(f"  [red]{escape(named)}[/] of {escape(disk.worker)}: {how}, by {by}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    runs.register(workflow)
    certificates.register(workflow)
    app.add_typer(workflow, name="workflow")

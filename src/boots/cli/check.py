"""``boots check``: are these records sound?"""

from pathlib import Path
from typing import Annotated

import typer

from boots.app import world as worlds
from boots.cli.common import NOBODY, ConfigOption, read_settings, saying_no, texts
from boots.machines.fault import Fault
from boots.machines.files import Cache, load
from boots.model.machine import Known, Machine
from boots.model.site import Site
from boots.policy import boot
from boots.policy.boot import Script


def check(
    paths: Annotated[list[Path], typer.Argument(help="Record files, or directories of them.")],
    config: ConfigOption = None,
) -> None:
    """Read records and say what is wrong: file, line, field, and what to write instead."""
    loaded = load(paths, Cache())
    for fault in loaded.faults:
        print(fault)
    warnings: list[Fault] = []
    if not loaded.faults:
        with saying_no():
            settings = read_settings(config, {"machines": texts(paths)})
            site = worlds.build(settings, {"": NOBODY}, Cache()).sites[""]
        warnings = [
            warning for machine in loaded.index.machines for warning in _warnings(machine, site)
        ]
    for warning in warnings:
        print(f"warning: {warning}")
    machines = len(loaded.index.machines)
    print(
        f"{machines} machine{'' if machines == 1 else 's'} in {loaded.files}"
        f" file{'' if loaded.files == 1 else 's'}:"
        f" {len(loaded.faults)} wrong, {len(warnings)} doubtful"
    )
    if loaded.faults:
        raise typer.Exit(1)


def _warnings(machine: Machine, site: Site) -> list[Fault]:
    """What would fail at boot: a script that cannot be written, a boot file that is not there."""
    found: list[Fault] = []
    for interface in machine.interfaces:
        known = Known(machine=machine, interface=interface)
        script = boot.fetch("auto.ipxe", known, site)
        if isinstance(script, Script) and script.problem:
            advice = "mend it, or the machine stops at its script"
            found.append(_doubt(machine, script.problem, advice))
        name = interface.netboot.boot_file
        if name and name not in site.files:
            found.append(
                _doubt(machine, f"there is no boot file {name}", "install it, see boot.files")
            )
    return found


def _doubt(machine: Machine, problem: str, advice: str) -> Fault:
    return Fault(
        file=machine.place.file,
        line=machine.place.line,
        field=machine.name,
        problem=problem,
        advice=advice,
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)

"""``boots plan``: what answers would change with other records or settings."""

import sys
from itertools import groupby
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from boots.cli.common import (
    ConfigOption,
    InterfaceOption,
    read_settings,
    saying_no,
    texts,
)
from boots.client.words import Difference, Plan
from boots.documents.fault import Faulty
from boots.policy.plan import NOTHING


def plan(
    config: ConfigOption = None,
    machines: Annotated[
        list[Path] | None,
        typer.Option(
            "--machines",
            help="The records that would be applied: a file or directory; may be repeated.",
        ),
    ] = None,
    new_config: Annotated[
        Path | None, typer.Option(help="The settings file that would be applied.")
    ] = None,
    interface: InterfaceOption = None,
    limit: Annotated[int, typer.Option(help="Print so many machines; 0 prints all.", min=0)] = 50,
    json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Say what every machine would be answered otherwise, before it is so."""
    from boots.app.planning import plan as planned
    from boots.cli import explained

    if machines is None and new_config is None:
        print(
            "boots: what would be applied? Give --machines, --new-config, or both.", file=sys.stderr
        )
        raise typer.Exit(2)
    flags = {"interfaces": interface}
    with saying_no():
        before = explained.read_world(read_settings(config, flags))
        later = read_settings(new_config or config, {**flags, "machines": texts(machines)})
        try:
            found = planned(before, explained.read_world(later))
        except Faulty as error:
            found = Plan(faults=tuple(map(str, error.faults)))
    if json:
        print(msgspec.json.encode(found).decode())
    else:
        _print(Console(highlight=False, soft_wrap=True), found, limit)
    if found.faults:
        raise typer.Exit(1)


def _print(console: Console, found: Plan, limit: int) -> None:
    for fault in found.faults:
        console.print(escape(fault))
    if found.faults:
        console.print("Nothing would change: these mistakes keep the old records in force.")
        return
    together = [list(each) for _, each in groupby(found.differences, lambda one: one.mac)]
    for changes in together[: limit or None]:
        _machine(console, changes)
    if limit and len(together) > limit:
        console.print(f"… and {len(together) - limit} more machines (--limit 0 prints all)")
    appear = sum(changes[0].now == NOTHING for changes in together)
    go = sum(changes[0].then == NOTHING for changes in together)
    console.print(
        f"{_counted(len(together) - appear - go)} would be answered otherwise,"
        f" {appear} anew, {go} not any more, {found.same} as now."
    )


def _machine(console: Console, changes: list[Difference]) -> None:
    first = changes[0]
    who = f"[bold]{escape(first.machine)}[/] ({first.mac})"
    if first.now == NOTHING:
        console.print(f"[green]+[/] {who} gets answers: {escape(first.then)}")
    elif first.then == NOTHING:
        console.print(f"[red]-[/] {who} gets no answer any more, now: {escape(first.now)}")
    else:
        console.print(f"[yellow]~[/] {who}")
        for each in changes:
            print_change(console, each.what, each.now, each.then)


def print_change(console: Console, what: str, now: str, then: str) -> None:
    """One answer that is another one; texts of several lines as their lines."""
    if "\n" not in now + then:
        sides = f"{escape(now) or '(none)'} → {escape(then) or '(none)'}"
        console.print(f"    {escape(what)}: {sides}")
        return
    console.print(f"    {escape(what)}:")
    for sign, colour, text in (("-", "red", now), ("+", "green", then)):
        for line in text.splitlines():
            console.print(f"      [{colour}]{sign} {escape(line)}[/]")


def _counted(number: int) -> str:
    return "1 machine" if number == 1 else f"{number} machines"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(plan)

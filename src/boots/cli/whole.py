"""How one whole machine looks on a terminal."""

import json
from typing import Any

import yaml
from rich.console import Console

from boots.cli import shown
from boots.client.words import Machine
from boots.journal.lines import harmless


def print_machine(out: Console, machine: Machine, now: float) -> None:
    """All of it: who it is, what holds for it, its record, what it is made of, its last boot."""
    line = machine.line
    head = shown.sign(line.state, plain=not shown.unicode(out))
    head.append_text(shown.text(f"  {line.name}", "bold"))
    if line.heard:
        head.append(f"  heard of {shown.ago(line.heard, now)} ago", "dim")
    out.print(head)
    for each in line.interfaces:
        off = "" if each.netboot else "  netboot off"
        out.print(shown.text(f"  {each.mac}  {each.address}{off}"), soft_wrap=True)
    profile = f", profile {line.profile}" if line.profile else ""
    out.print(shown.text(f"  netboot {line.netboot}{profile}"), soft_wrap=True)
    order = machine.order
    if order is not None:
        wanted = f" with profile {order.profile}" if order.profile else ""
        spent = f"; used up at {shown.moment(order.spent)}" if order.spent else ""
        said = f"  ordered by {order.by}: {order.netboot.value}{wanted}{spent}"
        out.print(shown.text(said), soft_wrap=True)
    where = line.place or f"made through the API, revision {machine.revision}"
    _section(out, f"Its record ({where})", machine.record)
    if machine.inventory is not None:
        told = f"What it is made of (as of {shown.moment(machine.inventory_at)})"
        _section(out, told, machine.inventory)
    if machine.last is not None:
        out.print("\nIts last boot", style="bold")
        shown.print_boot(out, machine.last)


def _section(out: Console, title: str, value: Any) -> None:
    """A value, as YAML."""
    out.print(shown.text(f"\n{title}".replace("\n", ""), "bold"), soft_wrap=True)
    plain = json.loads(json.dumps(value))
    for row in yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).splitlines():
        out.print(harmless(f"  {row}"), soft_wrap=True)

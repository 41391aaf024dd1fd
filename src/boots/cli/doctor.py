"""``boots doctor``: asks the network as machines would, and says what stands in their way."""

import sys
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from boots.cli.common import (
    ConfigOption,
    InterfaceOption,
    MachinesOption,
    read_settings,
    saying_no,
    texts,
)
from boots.cli.terminal import Terminal
from boots.model import mac as macs

if TYPE_CHECKING:
    from boots.doctor.words import Finding, Report

_COLOURS = {"error": "red", "warning": "yellow"}


def doctor(
    config: ConfigOption = None,
    interface: InterfaceOption = None,
    machines: MachinesOption = None,
    mac: Annotated[str, typer.Option(help="Ask for this MAC; else for one of a record.")] = "",
    server: Annotated[
        str, typer.Option(help="The server's address, where it runs on another host.")
    ] = "",
    relay: Annotated[
        str, typer.Option(help="Ask this server as a relay, too, from the interface's address.")
    ] = "",
    seconds: Annotated[
        float, typer.Option(help="How long to wait for offers.", min=0.2, max=60)
    ] = 4,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Ask the network as machines would, and say what is in their way: exit status 1 if anything.

    It sends DISCOVER and never REQUEST: nobody's lease is taken.
    """
    from boots.cli import examined
    from boots.serve.sockets import StartError, is_ours

    only = macs.parse(mac) if mac else None
    flags = {"interfaces": interface, "machines": texts(machines), "address": server or None}
    with saying_no():
        if mac and only is None:
            raise StartError(f'"{mac}" is not a MAC address; write six pairs of hex digits')
        settings = read_settings(config, flags)
        if not settings.interfaces:
            raise StartError("on which --interface shall be asked?")
        other = _address(server, "--server")
        asking = examined.Asking(
            mac=only,
            relay=_address(relay, "--relay"),
            seconds=seconds,
            elsewhere=other is not None and not is_ours(other),
        )
        report = examined.examine(settings, asking)
    if json:
        print(msgspec.json.encode(report).decode())
    else:
        _print(Terminal(highlight=False, soft_wrap=True), report)
    raise typer.Exit(1 if report.findings else 0)


def _address(text: str, flag: str) -> IPv4Address | None:
    try:
        return IPv4Address(text) if text else None
    except ValueError:
        print(f"boots: {flag} {text}: write the server's IPv4 address", file=sys.stderr)
        raise typer.Exit(2) from None


def _print(console: Console, report: "Report") -> None:
    for finding in report.findings:
        _finding(console, finding)
    console.print("[bold]How it was looked into[/]")
    for line in report.asked:
        console.print(f"  {escape(line)}")
    if report.findings:
        errors = sum(finding.severity.value == "error" for finding in report.findings)
        console.print(f"{len(report.findings)} findings, {errors} of them errors")
    else:
        console.print("[green]Nothing is in the way.[/]")


def _finding(console: Console, finding: "Finding") -> None:
    colour = _COLOURS[finding.severity.value]
    where = f"{finding.interface}: " if finding.interface else ""
    console.print(
        f"[{colour}]{finding.severity.value}[/] {escape(where)}[bold]{escape(finding.title)}[/]"
        f" [dim]({finding.code})[/]"
    )
    for line in finding.seen:
        console.print(f"    {escape(line)}")
    console.print(f"  → {escape(finding.advice)}\n")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)

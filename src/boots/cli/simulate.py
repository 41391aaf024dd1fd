"""``boots simulate``: a fleet of made-up machines boots from a server, with real packets."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated

import typer

from boots.cli.terminal import Terminal
from boots.lab.errors import LabError
from boots.lab.fleet import plan
from boots.lab.fleet.kinds import Kind, Stage

_KINDS = ", ".join(Kind)


def simulate(
    machines: Annotated[int, typer.Option(help="How many machines.", min=1, max=100_000)] = 50,
    mix: Annotated[
        str, typer.Option(help=f"Their kinds, with shares: bios=3,uefi=1. There are {_KINDS}.")
    ] = "bios,uefi",
    interface: Annotated[
        str, typer.Option(help="The interface that the machines are on.", envvar="BOOTS_SIMULATE")
    ] = "",
    relay: Annotated[
        str,
        typer.Option(
            help="Relay to the server at this address, with option 82, from the interface's own."
        ),
    ] = "",
    until: Annotated[Stage, typer.Option(help="How far each machine boots.")] = Stage.FILES,
    first_bytes: Annotated[
        int, typer.Option(help="So many bytes of kernels and initrds are enough; 0: all.", min=0)
    ] = 0,
    arrival: Annotated[
        str,
        typer.Option(help="at-once, the seconds in which all come, or poisson:RATE (a second)."),
    ] = "at-once",
    loss: Annotated[
        float, typer.Option(help="Percent of DHCP and TFTP packets lost each way.", min=0, max=90)
    ] = 0,
    tries: Annotated[
        int,
        typer.Option(
            help="How often a boot that fails begins anew, with a DISCOVER, as firmware does"
            " that goes through its boot order again.",
            min=1,
        ),
    ] = 1,
    seed: Annotated[int, typer.Option(help="The same seed makes the same machines.")] = 1,
    timeout: Annotated[float, typer.Option(help="Seconds that a boot may take.", min=1)] = 120,
    server_pid: Annotated[
        list[int] | None,
        typer.Option(help="A process whose CPU time is reported; may be repeated."),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the report here, too.")] = None,
    records: Annotated[
        bool, typer.Option("--records", help="Print the records of these machines, and do no more.")
    ] = False,
    network: Annotated[
        str, typer.Option(help="With --records: the network of their addresses.")
    ] = "10.77.0.0/16",
    gateway: Annotated[str, typer.Option(help="With --records: their router.")] = "",
    yes_on_this_network: Annotated[
        bool,
        typer.Option("--yes-on-this-network", help="Run on the interface of the default route."),
    ] = False,
) -> None:
    """Boot a fleet of made-up machines from a server, with real packets, and report."""
    with _saying_no():
        fleet = plan.fleet(machines, plan.mix(mix), seed)
        if records:
            for line in plan.records(fleet, _network(network), _router(gateway)):
                print(line)
            return
        _write(json, b"")  # what cannot be written is better told before than afterwards
        if not interface:
            raise plan.PlanError("say on which --interface the machines are, or --records")
        _refuse_the_default_route(interface, allowed=yes_on_this_network)
        from boots.lab.fleet.booting import Orders
        from boots.lab.fleet.cost import dhcp_servers
        from boots.lab.fleet.simulate import Simulation, run
        from boots.lab.fleet.view import View, closing

        console = Terminal(highlight=False)
        simulation = Simulation(
            machines=fleet,
            interface=interface,
            orders=Orders(until, first_bytes, tries),
            arrival=plan.arrival(arrival),
            relay=_relay(relay, interface) if relay else None,
            loss=loss / 100,
            seed=seed,
            timeout=timeout,
            server_pids=tuple(server_pid or dhcp_servers()),
        )
        title = f"{machines} machines ({mix}) on {interface}"
        with _ended_by_sigterm(), View(console, title, until) as view:
            report = run(simulation, view)
    console.print(closing(report))
    _write(json, report.as_json())
    raise typer.Exit(0 if report.ok else 1)


@contextmanager
def _saying_no() -> Iterator[None]:
    """Turn a person's mistake into its text on standard error, and exit status 2."""
    from boots.serve.sockets import StartError

    try:
        yield
    except (LabError, StartError) as error:
        print(f"boots: {error}", file=sys.stderr)
        raise typer.Exit(2) from None


def _refuse_the_default_route(interface: str, *, allowed: bool) -> None:
    from boots.serve.sockets import default_route

    if default_route() == interface and not allowed:
        raise plan.PlanError(
            f"{interface} has the default route, so it is probably not a lab: the machines would"
            " ask every DHCP server there, and take the addresses that these give."
            " If that is what you want, say --yes-on-this-network"
        )


def _relay(server: str, interface: str) -> plan.Relay:
    from boots.serve.sockets import interface_address

    try:
        return plan.Relay(interface_address(interface).ip, IPv4Address(server))
    except ValueError:
        raise plan.PlanError(f"--relay {server}: write the server's IPv4 address") from None


def _write(file: Path | None, report: bytes) -> None:
    try:
        if file is not None:
            file.write_bytes(report)
    except OSError as error:
        raise plan.PlanError(f"--json {file}: {error.strerror}") from None


def _network(text: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise plan.PlanError(f"--network {text}: {error}; write 10.77.0.0/16") from None


def _router(text: str) -> str:
    try:
        return str(IPv4Address(text)) if text else ""
    except ValueError:
        raise plan.PlanError(f"--gateway {text}: write an IPv4 address") from None


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end it as Ctrl-C does: with everything undone."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(simulate)

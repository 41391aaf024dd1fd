"""``boots explain``: what a machine would get, and why."""

import sys
from contextlib import suppress
from pathlib import Path
from textwrap import indent
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from boots.app.world import World
from boots.cli.common import (
    NOBODY,
    ConfigOption,
    InterfaceOption,
    MachinesOption,
    read_settings,
    read_world,
    saying_no,
    texts,
)
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Mode, Site
from boots.policy import client as clients
from boots.policy import metadata, profile, proxy, token
from boots.policy.answer import Answer, answer
from boots.policy.boot import Disk, Load, Silence, fetch
from boots.policy.explain import FIRMWARE, Chain, chain, nearest_miss
from boots.policy.got import File, Got, Refusal, Rendered, Script
from boots.policy.path import read
from boots.policy.stranger import made_up
from boots.wire import dhcp, options, pcap, table, tftp
from boots.wire.malformed import Malformed
from boots.wire.pcap import Datagram


def explain(
    mac: Annotated[str, typer.Argument(help="The machine's MAC, in any usual form.")] = "",
    pcap_file: Annotated[
        Path | None,
        typer.Option("--pcap", help="Answer the requests of a capture instead of made-up ones."),
    ] = None,
    config: ConfigOption = None,
    machines: MachinesOption = None,
    interface: InterfaceOption = None,
    address: Annotated[
        str | None, typer.Option(help="Our address, if not the interface's own.")
    ] = None,
    osie: Annotated[Path | None, typer.Option(help="The folder that holds OSIE.")] = None,
    file: Annotated[
        str, typer.Option(help="Print only this file, as the machine would get it.")
    ] = "",
) -> None:
    """Run the real policy for a machine and print every decision with its reason."""
    console = Console(highlight=False, soft_wrap=True)
    seen = [] if pcap_file is None else _datagrams(console, pcap_file)
    if address is None and not interface and seen:
        address = _server_chosen(seen)
    with saying_no():
        flags = {
            "machines": texts(machines),
            "interfaces": interface,
            "address": address,
            "boot.osie": None if osie is None else str(osie),
        }
        world = read_world(read_settings(config, flags))
    if file:
        _print_file(file, mac, world)
        return
    for name, site in world.sites.items():
        if name:
            console.print(f"[bold]Behind {name}[/] (we are {site.server})")
        elif site.server == NOBODY.ip:
            console.print(f"No --interface given: {NOBODY.ip} stands for our own address.")
        else:
            console.print(f"We are {site.server}.")
        if pcap_file is not None:
            _explain_capture(console, seen, world, site)
        else:
            _explain_machine(console, mac, world, site)


def _explain_machine(console: Console, text: str, world: World, site: Site) -> None:
    mac = macs.parse(text)
    if mac is None:
        console.print(f'"{escape(text)}" is not a MAC address; write six pairs of hex digits.')
        raise typer.Exit(2)
    known = world.index.by_mac.get(mac)
    _print_machine(console, mac, known, world, site)
    if known is None and site.mode is Mode.AUTO_PROXY:
        known = made_up(mac, site)
    if known is None:
        raise typer.Exit(1)
    script: Script | None = None
    for firmware in FIRMWARE:
        whole = chain(firmware, mac, known, site)
        _print_chain(console, whole)
        script = next((got for _, got in whole.fetched if isinstance(got, Script)), script)
    first = chain(FIRMWARE[0], mac, known, site).steps[0]
    console.print(f"\n[bold]The reply to a {FIRMWARE[0].name}[/]")
    _print_reply(console, first.answer)
    _print_rendered(console, known, site)
    if script is not None:
        source = f" (profile {escape(script.profile)})" if script.profile else ""
        console.print(f"\n[bold]The script[/]{source}")
        console.print(indent(script.text, "  "), markup=False)


def _print_rendered(console: Console, known: Known, site: Site) -> None:
    """The files that are made for this machine, by name."""
    names = profile.names(known, site)
    if names:
        console.print("\n[bold]Rendered for it[/] (--file NAME prints one)")
    for name in names:
        console.print(f"  {escape(name):28} {_got(fetch(name, known, site))}")
    where = token.url(known, site)
    if where:
        console.print("\n[bold]Its metadata[/] (where a server runs, the token is another)")
        console.print(f"  {where}/nocloud/\n  {where}/2009-04-04/")


def _print_file(name: str, text: str, world: World) -> None:
    """One file's content, and nothing else, on standard output."""
    mac = macs.parse(text)
    site = next(iter(world.sites.values()))
    known = world.index.by_mac.get(mac) if mac else None
    if metadata.is_name(name) and name not in site.files:
        got: Got = metadata.give(name, known, site)
    else:
        got = fetch(read(name).name, known, site)
    match got:
        case Rendered(_, content):
            sys.stdout.write(content.decode(errors="replace"))
        case Script(script):
            sys.stdout.write(script)
        case File(_, path):
            print(f"boots: {name} is the file {path}", file=sys.stderr)
            raise typer.Exit(1)
        case Refusal(_, why):
            print(f"boots: {name}: refused: {why}", file=sys.stderr)
            raise typer.Exit(1)


def _print_machine(
    console: Console, mac: Mac, known: Known | None, world: World, site: Site
) -> None:
    if known is not None:
        machine, reservation = known.machine, known.interface.reservation
        address = f"{reservation.address}/{reservation.prefix}" if reservation else "no address"
        console.print(
            f"[bold]{mac}[/] is {escape(machine.name)}, {address},"
            f" netboot {'on' if known.interface.netboot.allowed else 'off'}"
            f" [dim]({escape(str(machine.place))})[/]"
        )
        return
    console.print(f"[bold]{mac}[/] is in none of the {len(world.index.machines)} records:")
    if site.mode is Mode.AUTO_PROXY:
        boots = f"boots the profile {site.unknown}" if site.unknown else "boots nothing"
        console.print(f"  it is a stranger, and {escape(boots)} (boot.unknown).")
    else:
        console.print("  it gets no answer at all, at any door.")
    near = nearest_miss(mac, world.index.by_mac)
    if near is not None:
        other = world.index.by_mac[near].machine
        console.print(
            f"  Nearest miss: you have {near} ({escape(other.name)}, {escape(str(other.place))}),"
            f" this is {mac}."
        )


def _print_chain(console: Console, whole: Chain) -> None:
    console.print(f"\n[bold]As {escape(whole.firmware.name)}[/]")
    for step in whole.steps:
        reply = step.answer.reply
        sent = reply.kind.name if reply is not None and reply.kind else "silence"
        kind = step.request.kind.name if step.request.kind else "BOOTP"
        port = "" if step.port == dhcp.SERVER_PORT else f" to port {step.port}"
        console.print(f"  {escape(step.who)} sends {kind}{port} → {sent}")
        if step.answer.address_why and reply is not None:
            console.print(f"    address {reply.yiaddr}: {escape(step.answer.address_why)}")
        console.print(f"    {_decided(step.answer)}")
        for url, got in whole.fetched:
            if isinstance(step.answer.decision, Load) and step.answer.decision.url == url:
                console.print(f"    fetches {escape(url)} → {_got(got)}")


def _decided(answer_: Answer) -> str:
    match answer_.decision:
        case Load(url, why):
            return f"[green]load[/] {escape(url)}: {escape(why)}"
        case Disk(why):
            return f"[yellow]disk[/]: {escape(why)}"
        case Silence(why):
            return f"[red]silence[/]: {escape(why)}"
        case None:
            return f"[red]no decision[/]: {escape(answer_.why)}"


def _got(got: Got) -> str:
    match got:
        case File(_, path):
            return f"the file {escape(path)}"
        case Script(text, profile, problem):
            if problem:
                return f"[red]a script that only says:[/] {escape(problem)}"
            return f"a script of {len(text)} bytes from profile {escape(profile)}"
        case Rendered(_, content, source):
            return f"{len(content)} bytes made from {escape(source)}"
        case Refusal(_, why):
            return f"[red]refused[/]: {escape(why)}"


def _print_reply(console: Console, found: Answer) -> None:
    if found.reply is None or found.to is None:
        console.print(f"  none: {escape(found.why)}")
        return
    reply = found.reply
    size = len(dhcp.encode(reply, found.limit))
    console.print(f"  to {found.to.address}:{found.to.port}, {size} bytes")
    for name, value in (
        ("yiaddr", reply.yiaddr),
        ("siaddr", reply.siaddr),
        ("file", reply.file.decode(errors="replace")),
    ):
        console.print(f"  {name:28} {escape(str(value))}")
    for code, raw in reply.options.items():
        console.print(f"  {code:3} {table.name(code):24} {escape(table.text(code, raw))}")


# --- captures


def _datagrams(console: Console, file: Path) -> list[Datagram]:
    try:
        return list(pcap.datagrams(file.read_bytes()))
    except (OSError, Malformed) as error:
        console.print(escape(f"{file}: {error}"))
        raise typer.Exit(2) from None


def _server_chosen(seen: list[Datagram]) -> str | None:
    """The server whose offer a client of the capture took: its part is ours now."""
    for datagram in seen:
        if datagram.destination_port == dhcp.SERVER_PORT:
            with suppress(Malformed):
                chosen = dhcp.decode(datagram.payload).get(options.SERVER_ID)
                if chosen is not None:
                    return str(chosen)
    return None


def _explain_capture(console: Console, seen: list[Datagram], world: World, site: Site) -> None:
    start = seen[0].at if seen else 0.0
    for datagram in seen:
        asks = datagram.destination_port
        if asks == dhcp.SERVER_PORT or (asks == proxy.PORT and site.mode.proxies):
            _explain_dhcp(console, datagram, datagram.at - start, world, site)
        elif datagram.destination_port == tftp.PORT:
            _explain_tftp(console, datagram, datagram.at - start, world, site)


def _explain_dhcp(
    console: Console, datagram: Datagram, at: float, world: World, site: Site
) -> None:
    try:
        message = dhcp.decode(datagram.payload)
    except Malformed as error:
        console.print(f"{at:8.3f} s  not DHCP: {escape(str(error))}")
        return
    client = clients.from_dhcp(message, site.quirks)
    known = world.index.by_mac.get(client.mac) if client else None
    if client and known is None and site.mode is Mode.AUTO_PROXY:
        known = made_up(client.mac, site, client=client)
    found = answer(message, client, known, site, proxy=datagram.destination_port == proxy.PORT)
    kind = message.kind.name if message.kind else "BOOTP"
    program = f"{client.program.value}, {client.architecture.value}" if client else "?"
    mac = client.mac if client else message.chaddr.hex(":")
    sent = found.reply.kind.name if found.reply and found.reply.kind else "silence"
    console.print(f"{at:8.3f} s  {mac} ({program}) {kind} → [bold]{sent}[/]")
    console.print(f"            {_decided(found)}")
    near = nearest_miss(client.mac, world.index.by_mac) if client and known is None else None
    if near is not None:
        console.print(f"            nearest miss: you have {near}")
    if found.reply is not None:
        _print_reply(console, found)


def _explain_tftp(
    console: Console, datagram: Datagram, at: float, world: World, site: Site
) -> None:
    try:
        request = tftp.decode(datagram.payload)
    except Malformed:
        return
    if isinstance(request, tftp.Request):
        wanted = read(request.name)
        index = world.index
        known = (
            index.by_mac.get(wanted.mac) if wanted.mac else index.by_address.get(datagram.source)
        )
        got = fetch(wanted.name, known, site, tftp=True)
        console.print(
            f"{at:8.3f} s  {datagram.source} asks TFTP for {escape(request.name)} → {_got(got)}"
        )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)

"""What ``boots explain`` prints of a machine: every decision of its boot, with the reason."""

import sys
from dataclasses import replace
from ipaddress import IPv4Interface
from textwrap import indent

import typer
from rich.console import Console
from rich.markup import escape

from boots.app import world as worlds
from boots.app.desk import explained
from boots.app.world import World
from boots.cli.common import NOBODY
from boots.machines.files import Cache
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Mode, Site
from boots.policy import metadata, profile, token
from boots.policy.answer import Answer
from boots.policy.boot import Disk, Load, Silence, fetch
from boots.policy.explain import FIRMWARE, Chain, chain, nearest_miss
from boots.policy.got import File, Got, Refusal, Rendered, Script
from boots.policy.path import read
from boots.policy.served import as_served, pool_of
from boots.serve.sockets import StartError, interface_address
from boots.settings import Settings
from boots.wire import dhcp, table

_SHOWN = {"yiaddr", "siaddr", "file"}  # the rest of a reply is what was asked


def read_world(settings: Settings, own: IPv4Interface = NOBODY) -> World:
    """The world these settings describe, as a server would see it.

    Where they name no interface, `own` stands for our address and its network.

    Raises:
        Faulty: a record or profile is wrong.
        StartError: an interface is not there, or no records are named.
    """
    if settings.lacks_records:
        raise StartError("no records to read; give --machines, a file or a directory")
    addresses = {name: interface_address(name) for name in settings.interfaces}
    return worlds.build(settings, addresses or {"": own}, Cache())


def print_place(console: Console, interface: str, site: Site) -> None:
    """Print where the machine is asked about, and who we are there."""
    if interface:
        console.print(f"[bold]Behind {interface}[/] (we are {site.server})")
    elif site.server == NOBODY.ip:
        console.print(f"No --interface given: {NOBODY.ip} stands for our own address.")
    else:
        console.print(f"We are {site.server}.")


def explain(console: Console, text: str, world: World, site: Site) -> None:
    """Print all that a machine gets, whatever firmware it has."""
    mac = macs.parse(text)
    if mac is None:
        console.print(f'"{escape(text)}" is not a MAC address; write six pairs of hex digits.')
        raise typer.Exit(2)
    recorded = world.index.by_mac.get(mac)
    _print_machine(console, mac, recorded, world, site)
    known = as_served(mac, recorded, site)
    if known is None:
        raise typer.Exit(1)
    reserved = recorded is not None and recorded.interface.reservation is not None
    leases = pool_of(site) is not None and not reserved
    if site.mode is Mode.OFF:
        console.print("DHCP is off (dhcp.mode): what it sends below, another server must send.")
    script: Script | None = None
    for firmware in FIRMWARE:
        whole = chain(firmware, mac, known, site)
        _print_chain(console, _leased(whole) if leases else whole)
        script = next((got for _, got in whole.fetched if isinstance(got, Script)), script)
    first = chain(FIRMWARE[0], mac, known, site).steps[0]
    console.print(f"\n[bold]The reply to a {FIRMWARE[0].name}[/]")
    print_reply(console, first.answer)
    _print_rendered(console, known, site)
    if script is not None:
        source = f" (profile {escape(script.profile)})" if script.profile else ""
        console.print(f"\n[bold]The script[/]{source}")
        console.print(indent(script.text, "  "), markup=False)


def _leased(whole: Chain) -> Chain:
    """A chain whose addresses are leased, not reserved."""
    steps = (
        replace(each, answer=replace(each.answer, address_why="leased from the pool"))
        for each in whole.steps
    )
    return replace(whole, steps=tuple(steps))


def _print_rendered(console: Console, known: Known, site: Site) -> None:
    """The files that are made for this machine, by name."""
    names = profile.names(known, site)
    if names:
        console.print("\n[bold]Rendered for it[/] (--file NAME prints one)")
    for name in names:
        console.print(f"  {escape(name):28} {what_got(fetch(name, known, site))}")
    where = token.url(known, site)
    if where:
        console.print("\n[bold]Its metadata[/] (where a server runs, the token is another)")
        console.print(f"  {where}/nocloud/\n  {where}/2009-04-04/")


def print_file(name: str, text: str, world: World) -> None:
    """One file's content, and nothing else, on standard output."""
    mac = macs.parse(text)
    site = next(iter(world.sites.values()))
    known = world.index.by_mac.get(mac) if mac else None
    served = as_served(mac, known, site) if mac else None
    if metadata.is_name(name) and name not in site.files:
        got: Got = metadata.give(name, known, site)
    else:
        got = fetch(read(name).name, served, site)
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
        subnet = pool_of(site)
        leased = f"an address of the pool of {subnet.network}" if subnet else "no address"
        address = f"{reservation.address}/{reservation.prefix}" if reservation else leased
        console.print(
            f"[bold]{mac}[/] is {escape(machine.name)}, {address},"
            f" netboot {'on' if known.interface.netboot.allowed else 'off'}"
            f" [dim]({escape(str(machine.place))})[/]"
        )
        return
    console.print(f"[bold]{mac}[/] is in none of the {len(world.index.machines)} records:")
    boots = f"boots the profile {site.unknown}" if site.unknown else "boots nothing"
    subnet = pool_of(site)
    if site.mode is Mode.AUTO_PROXY:
        console.print(f"  it is a stranger, and {escape(boots)} (boot.unknown).")
    elif subnet is not None:
        console.print(
            f"  it is a stranger: it leases an address of the pool of {subnet.network}"
            f" ({subnet.pool[0].first} stands for it below), and {escape(boots)} (boot.unknown)."
        )
    elif site.mode is Mode.POOL:
        console.print(
            "  it gets no answer: [[subnets]] has no pool for this network.", markup=False
        )
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
        console.print(f"    {decided(step.answer)}")
        for url, got in whole.fetched:
            if isinstance(step.answer.decision, Load) and step.answer.decision.url == url:
                console.print(f"    fetches {escape(url)} → {what_got(got)}")


def decided(answer_: Answer) -> str:
    """A decision and its reason, for the terminal."""
    match answer_.decision:
        case Load(url, why, doubt):
            doubtful = f" [red](doubtful: {escape(doubt.why)})[/]" if doubt else ""
            return f"[green]load[/] {escape(url)}: {escape(why)}{doubtful}"
        case Disk(why):
            return f"[yellow]disk[/]: {escape(why)}"
        case Silence(why):
            return f"[red]silence[/]: {escape(why)}"
        case None:
            return f"[red]no decision[/]: {escape(answer_.why)}"


def what_got(got: Got) -> str:
    """What somebody gets who asks for a file, for the terminal."""
    said = explained.what_got(got)
    if isinstance(got, Refusal) or (isinstance(got, Script) and got.problem):
        bad, _, why = said.partition(": ")
        return f"[red]{bad}:[/] {escape(why)}"
    return escape(said)


def print_reply(console: Console, found: Answer) -> None:
    """Print a reply, field by field and option by option."""
    if found.reply is None or found.to is None:
        console.print(f"  none: {escape(found.why)}")
        return
    reply = found.reply
    size = len(dhcp.encode(reply, found.limit))
    console.print(f"  to {found.to.address}:{found.to.port}, {size} bytes")
    for name, value in table.header(reply):
        if name in _SHOWN:
            console.print(f"  {name:28} {escape(value)}")
    for code, name, value in table.options_of(reply):
        console.print(f"  {code:3} {name:24} {escape(value)}")

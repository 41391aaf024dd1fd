"""What ``boots explain --pcap`` prints: our answers to what somebody else's clients asked."""

from contextlib import suppress
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape

from boots.app.answers import Answers
from boots.app.world import World
from boots.cli.explained import decided, print_reply, what_got
from boots.policy import proxy
from boots.policy.explain import nearest_miss
from boots.serve.dhcp import Ask
from boots.serve.doors import Fetch
from boots.wire import dhcp, options, pcap, tftp
from boots.wire.malformed import Malformed
from boots.wire.pcap import Datagram


def datagrams(console: Console, file: Path) -> list[Datagram]:
    """What a capture holds; a file that is none ends the command."""
    try:
        return list(pcap.datagrams(file.read_bytes()))
    except (OSError, Malformed) as error:
        console.print(escape(f"{file}: {error}"))
        raise typer.Exit(2) from None


def server_chosen(seen: list[Datagram]) -> str | None:
    """The server whose offer a client of the capture took: its part is ours now."""
    for datagram in seen:
        if datagram.destination_port == dhcp.SERVER_PORT:
            with suppress(Malformed):
                chosen = dhcp.decode(datagram.payload).get(options.SERVER_ID)
                if chosen is not None:
                    return str(chosen)
    return None


def explain(console: Console, seen: list[Datagram], world: World, interface: str) -> None:
    """Print our answer to each request of a capture, as the doors of an interface would make it."""
    answers, proxies = Answers(world), world.sites[interface].mode.proxies
    start = seen[0].at if seen else 0.0
    for datagram in seen:
        asks = datagram.destination_port
        if asks == dhcp.SERVER_PORT or (asks == proxy.PORT and proxies):
            ask = answers.dhcp(interface, proxy=asks == proxy.PORT)
            _dhcp(console, datagram, datagram.at - start, world, ask)
        elif asks == tftp.PORT:
            _tftp(console, datagram, datagram.at - start, answers.fetch(interface, tftp=True))


def _dhcp(console: Console, datagram: Datagram, at: float, world: World, ask: Ask) -> None:
    try:
        message = dhcp.decode(datagram.payload)
    except Malformed as error:
        console.print(f"{at:8.3f} s  not DHCP: {escape(str(error))}")
        return
    found = ask(message)
    client = found.client
    kind = message.kind.name if message.kind else "BOOTP"
    program = f"{client.program.value}, {client.architecture.value}" if client else "?"
    mac = client.mac if client else message.chaddr.hex(":")
    sent = found.reply.kind.name if found.reply and found.reply.kind else "silence"
    console.print(f"{at:8.3f} s  {mac} ({program}) {kind} → [bold]{sent}[/]")
    console.print(f"            {decided(found)}")
    missed = client is not None and found.reply is None and client.mac not in world.index.by_mac
    near = nearest_miss(client.mac, world.index.by_mac) if client and missed else None
    if near is not None:
        console.print(f"            nearest miss: you have {near}")
    if found.reply is not None:
        print_reply(console, found)


def _tftp(console: Console, datagram: Datagram, at: float, fetch: Fetch) -> None:
    try:
        request = tftp.decode(datagram.payload)
    except Malformed:
        return
    if isinstance(request, tftp.Request):
        got = fetch(request.name, datagram.source).what
        console.print(
            f"{at:8.3f} s  {datagram.source} asks TFTP for {escape(request.name)} → {what_got(got)}"
        )

"""The requests of a capture, answered as the doors would: for `explain --pcap` and `replay`."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import NamedTuple

import typer
from rich.console import Console
from rich.markup import escape

from boots.app.answers import Answers
from boots.app.world import World
from boots.cli.common import NOBODY
from boots.cli.explained import decided, print_reply, what_got
from boots.model.site import Mode
from boots.policy import proxy
from boots.policy.answer import Answer
from boots.policy.explain import nearest_miss
from boots.serve.doors import Given
from boots.wire import dhcp, options, pcap, tftp
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed
from boots.wire.pcap import Datagram


class DhcpAsked(NamedTuple):
    """A DHCP message, `at` seconds from the beginning of its capture, and our answer."""

    at: float
    message: Message
    found: Answer


class TftpAsked(NamedTuple):
    """A TFTP request and what it gets."""

    at: float
    source: IPv4Address
    request: tftp.Request
    given: Given


class Unread(NamedTuple):
    """What came to the DHCP port and is no DHCP."""

    at: float
    why: str


Replayed = DhcpAsked | TftpAsked | Unread


def datagrams(console: Console, file: Path) -> list[Datagram]:
    """What a capture holds; a file that is none ends the command."""
    try:
        return list(pcap.datagrams(file.read_bytes()))
    except (OSError, Malformed) as error:
        console.print(escape(f"{file}: {error}"))
        raise typer.Exit(2) from None


def server_chosen(seen: Sequence[Datagram]) -> str | None:
    """The server whose offer a client of the capture took: its part is ours now."""
    for datagram in seen:
        if datagram.destination_port == dhcp.SERVER_PORT:
            with suppress(Malformed):
                chosen = dhcp.decode(datagram.payload).get(options.SERVER_ID)
                if chosen is not None:
                    return str(chosen)
    return None


def own_place(seen: Sequence[Datagram]) -> IPv4Interface:
    """Where the servers of a capture give addresses, as the address and network of ours."""
    for datagram in seen:
        if datagram.destination_port == dhcp.CLIENT_PORT:
            with suppress(Malformed, ValueError):
                message = dhcp.decode(datagram.payload)
                mask = message.get(options.SUBNET_MASK)
                if mask is not None and int(message.yiaddr):
                    return IPv4Interface(f"{server_chosen(seen) or message.yiaddr}/{mask}")
    return NOBODY


def replay(seen: Sequence[Datagram], world: World, interface: str) -> Iterator[Replayed]:
    """Our answer to each request of a capture, as the doors of an interface would make it.

    In pool mode leases are kept from one message to the next, and forgotten at the end.
    """
    start = seen[0].at if seen else 0.0
    clock = _Clock(start)
    with _answering(world, clock) as answers:
        for datagram in seen:
            clock.now = datagram.at
            made = _answered(datagram, datagram.at - start, answers, interface)
            if made is not None:
                yield made


@dataclass(slots=True)
class _Clock:
    """The time of the capture."""

    now: float

    def __call__(self) -> float:
        return self.now


@contextmanager
def _answering(world: World, clock: _Clock) -> Iterator[Answers]:
    if all(site.mode is not Mode.POOL for site in world.sites.values()):
        yield Answers(world)
        return
    from boots.app.leasing import Leasing

    with tempfile.TemporaryDirectory() as folder:
        leasing = Leasing(Path(folder) / "leases", (), lambda: world, clock, lambda _: None)
        try:
            yield Answers(world, leasing)
        finally:
            leasing.close()


def _answered(datagram: Datagram, at: float, answers: Answers, interface: str) -> Replayed | None:
    """What a datagram gets that is a request to a door of ours; None for any other."""
    port, proxies = datagram.destination_port, answers.world.sites[interface].mode.proxies
    if port == dhcp.SERVER_PORT or (port == proxy.PORT and proxies):
        try:
            message = dhcp.decode(datagram.payload)
        except Malformed as error:
            return Unread(at, str(error))
        if message.op != dhcp.BOOTREQUEST:  # a server's, to a relay
            return None
        return DhcpAsked(at, message, answers.dhcp(interface, proxy=port == proxy.PORT)(message))
    if port == tftp.PORT:
        try:
            request = tftp.decode(datagram.payload)
        except Malformed:
            return None
        if isinstance(request, tftp.Request):
            given = answers.fetch(interface, tftp=True)(request.name, datagram.source)
            return TftpAsked(at, datagram.source, request, given)
    return None


def explain(console: Console, seen: list[Datagram], world: World, interface: str) -> None:
    """Print our answer to each request of a capture, with its reason."""
    for each in replay(seen, world, interface):
        match each:
            case Unread(at, why):
                console.print(f"{at:8.3f} s  not DHCP: {escape(why)}")
            case DhcpAsked():
                _dhcp(console, each, world)
            case TftpAsked(at, source, request, given):
                console.print(
                    f"{at:8.3f} s  {source} asks TFTP for {escape(request.name)}"
                    f" → {what_got(given.what)}"
                )


def taken_for(found: Answer) -> str:
    """Which kind of client we take somebody for; empty for none of ours."""
    client = found.client
    return f"{client.program.value}, {client.architecture.value}" if client else ""


def _dhcp(console: Console, asked: DhcpAsked, world: World) -> None:
    message, found = asked.message, asked.found
    client = found.client
    kind = message.kind.name if message.kind else "BOOTP"
    mac = client.mac if client else message.chaddr.hex(":")
    sent = found.reply.kind.name if found.reply and found.reply.kind else "silence"
    console.print(f"{asked.at:8.3f} s  {mac} ({taken_for(found) or '?'}) {kind} → [bold]{sent}[/]")
    console.print(f"            {decided(found)}")
    missed = client is not None and found.reply is None and client.mac not in world.index.by_mac
    near = nearest_miss(client.mac, world.index.by_mac) if client and missed else None
    if near is not None:
        console.print(f"            nearest miss: you have {near}")
    if found.reply is not None:
        print_reply(console, found)

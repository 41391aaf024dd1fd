"""What ``boots replay`` compares: the answers to a capture, as values that a file can keep."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from boots.app.world import World
from boots.cli.captured import DhcpAsked, TftpAsked, Unread, replay, taken_for
from boots.model import mac as macs
from boots.policy import proxy
from boots.policy.compare import differences, server_of, told
from boots.policy.plan import Change, changed, content
from boots.serve.shadow import Exchange
from boots.wire import dhcp
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed
from boots.wire.options import MessageType
from boots.wire.pcap import Datagram

_SERVERS = {dhcp.SERVER_PORT, proxy.PORT}


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a capture and what it gets: fields and options by name, or a file.

    `at` is in seconds from the beginning.  `who` is a MAC, or an address where no MAC is known.
    Reasons are no part of it: better words for them are no other answer.
    """

    at: float
    who: str
    asks: str
    gets: dict[str, str]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The answers to a capture, for a later version to be held against."""

    capture: str
    answers: tuple[Answered, ...]


class Differing(NamedTuple):
    """A request that gets something else, and what."""

    of: Answered
    changes: tuple[Change, ...]


def answers(seen: Sequence[Datagram], world: World, interface: str) -> tuple[Answered, ...]:
    """What we answer to each request of a capture."""
    return tuple(map(_answered, replay(seen, world, interface)))


def _answered(each: DhcpAsked | TftpAsked | Unread) -> Answered:
    match each:
        case Unread(at, why):
            return Answered(
                at=round(at, 3), who="", asks="not DHCP", gets={"reply": f"none: {why}"}
            )
        case TftpAsked(at, source, request, given):
            return Answered(
                at=round(at, 3),
                who=given.mac or str(source),
                asks=f"TFTP {request.name}",
                gets={"file": content(given.what)},
            )
        case DhcpAsked(at, message, found):
            gets = {"taken for": taken_for(found), "reply": "none"}
            if found.reply is not None and found.to is not None:
                gets |= {"to": f"{found.to.address}:{found.to.port}", **told(found.reply)}
            return Answered(at=round(at, 3), who=_mac(message), asks=_kind(message), gets=gets)


def _mac(message: Message) -> str:
    return macs.from_bytes(message.chaddr)


def _kind(message: Message) -> str:
    return message.kind.name if message.kind else "BOOTP"


def same_questions(ours: Sequence[Answered], others: Sequence[Answered]) -> bool:
    """Whether both are about the same requests."""
    asked = [[(each.at, each.asks) for each in side] for side in (ours, others)]
    return asked[0] == asked[1]


def differing(now: Iterable[Answered], then: Iterable[Answered]) -> Iterator[Differing]:
    """The requests that get something else."""
    for one, other in zip(now, then, strict=True):
        changes = tuple(changed(one.gets, other.gets))
        if changes:
            yield Differing(one, changes)


# --- what the capture itself says


class Recorded(NamedTuple):
    """A request, the server that answered it in the capture, and how our answer differs."""

    at: float
    who: str
    asks: str
    server: str
    differences: list[str]


def against_recorded(seen: Sequence[Datagram], world: World, interface: str) -> Iterator[Recorded]:
    """Each request that was answered in the capture, by every server that did."""
    theirs = _replies(seen)
    for each in replay(seen, world, interface):
        if not isinstance(each, DhcpAsked):
            continue
        message, found = each.message, each.found
        discovers = message.kind is MessageType.DISCOVER
        replies = theirs.get(Exchange(message.xid, message.chaddr, discovers), {})
        for server, reply in replies.items():
            yield Recorded(
                each.at,
                _mac(message),
                _kind(message),
                server,
                differences(found.reply, reply, found.why),
            )


def _replies(seen: Iterable[Datagram]) -> Mapping[Exchange, dict[str, Message]]:
    """What servers said in a capture, by exchange and server: the first word of each."""
    found: dict[Exchange, dict[str, Message]] = {}
    for datagram in seen:
        if datagram.source_port not in _SERVERS:
            continue
        with suppress(Malformed):
            reply = dhcp.decode(datagram.payload)
            if reply.op == dhcp.BOOTREPLY and reply.kind is not None:
                discovers = reply.kind is MessageType.OFFER
                exchange = Exchange(reply.xid, reply.chaddr, discovers)
                server = server_of(reply) or str(datagram.source)
                found.setdefault(exchange, {}).setdefault(server, reply)
    return found

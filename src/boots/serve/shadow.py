"""Shadow mode: our answers are made, told and compared with what other servers send; none leaves.

What others send is heard by `serve.ear`.  Of two replies to one message, ours and theirs, either
may come first, so both are kept for some seconds.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import NamedTuple

from boots.journal import events
from boots.model import mac as macs
from boots.policy.answer import Answer
from boots.policy.compare import differences, server_of
from boots.serve.doors import Record
from boots.wire.dhcp import BOOTREPLY, Message
from boots.wire.options import MessageType

_WINDOW = 10.0  # seconds; dnsmasq probes an address for 3 s before it offers it
_MOST = 4096  # exchanges that are remembered
_MOST_REPLIES = 4  # of others, for each of them


class Exchange(NamedTuple):
    """What a message and its reply have in common."""

    xid: int
    chaddr: bytes
    discovers: bool


@dataclass(slots=True)
class _Seen:
    """What is known of an exchange so far; `replies` are others', by server.

    A client that asks again gets the same again, so each server is `told` of once.
    """

    at: float
    answer: Answer | None = None
    replies: OrderedDict[str, Message] = field(default_factory=OrderedDict)
    told: set[str] = field(default_factory=set)


class Shadow:
    """Takes our answers and others' replies, and tells how they differ.

    `clock` is monotonic, in seconds.
    """

    def __init__(self, interface: str, record: Record, clock: Callable[[], float]) -> None:
        self._interface = interface
        self._record = record
        self._clock = clock
        self._exchanges: OrderedDict[Exchange, _Seen] = OrderedDict()

    def withhold(self, message: Message, answer: Answer) -> None:
        """Take an answer of ours, which is not sent."""
        client, reply = answer.client, answer.reply
        if reply is not None:
            self._record(
                events.ReplyWithheld(
                    mac=client.mac if client else "",
                    interface=self._interface,
                    message=message.kind.name if message.kind else "BOOTP",
                    reply=reply.kind.name if reply.kind else "BOOTP",
                    address=str(reply.yiaddr) if int(reply.yiaddr) else "",
                    program=client.program.value if client else "",
                    architecture=client.architecture.value if client else "",
                    boot_file=answer.boot_file,
                    why=answer.why,
                )
            )
        if message.kind not in {MessageType.DISCOVER, MessageType.REQUEST, MessageType.INFORM}:
            return
        discovers = message.kind is MessageType.DISCOVER
        seen = self._seen(Exchange(message.xid, message.chaddr, discovers))
        seen.answer = answer
        self._compare(seen, seen.replies.values())

    def overheard(self, reply: Message, _source: IPv4Address | None = None) -> None:
        """Take a reply of another server."""
        if reply.op != BOOTREPLY or reply.kind is None or len(reply.chaddr) != 6:
            return
        discovers = reply.kind is MessageType.OFFER
        seen = self._seen(Exchange(reply.xid, reply.chaddr, discovers))
        if len(seen.replies) < _MOST_REPLIES:
            seen.replies[server_of(reply)] = reply
            self._compare(seen, [reply])

    def _compare(self, seen: _Seen, replies: Iterable[Message]) -> None:
        if seen.answer is None:
            return
        for theirs in replies:
            server = server_of(theirs)
            if server in seen.told:
                continue
            seen.told.add(server)
            self._record(
                events.RepliesCompared(
                    mac=macs.from_bytes(theirs.chaddr),
                    interface=self._interface,
                    server=server,
                    reply=theirs.kind.name if theirs.kind else "BOOTP",
                    differences=differences(seen.answer.reply, theirs, seen.answer.why),
                )
            )

    def _seen(self, exchange: Exchange) -> _Seen:
        now = self._clock()
        known = self._exchanges
        while known and (len(known) > _MOST or next(iter(known.values())).at + _WINDOW < now):
            known.popitem(last=False)
        return known.setdefault(exchange, _Seen(now))

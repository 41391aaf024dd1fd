"""The whole way from a DHCP packet to what leaves, in every mode, plain and prepared.

An input is two bytes that choose who asks from where, and a packet.
"""

import dataclasses
import functools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address
from pathlib import Path

from tests.app.pools import OWN, REMOTE, SUBNET, Bench

from boots.app.ahead import Ahead
from boots.journal.events import AnyEvent, Entry, encode
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Mode, Site
from boots.policy import client as clients
from boots.policy.answer import answer
from boots.policy.answered import Answer
from boots.policy.destination import EVERYONE, Destination
from boots.policy.forms import Ready
from boots.policy.prepared import Prepared
from boots.policy.subnet import selector
from boots.serve.dhcp import DhcpDoor
from boots.serve.ear import Ear
from boots.serve.foreign import ForeignServers, Neighbourhood
from boots.serve.shadow import Shadow
from boots.wire import dhcp, ip, options
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed
from boots.wire.options import MessageType
from fuzz import seeds
from fuzz.target import Target
from fuzz.told import PEER, Told, udp

_HEAD = 2
_CHADDR, _GIADDR, _CIADDR = slice(28, 34), slice(24, 28), slice(12, 16)
_OURS = ("525400000001", "525400000002", "b827eb000001")
_RECORDS = {f"m{mac}": IPv4Address(f"192.168.1.{50 + at}") for at, mac in enumerate(_OURS)}
_WHO = ("", *_OURS, "525400000099")
_RELAYS = ("", "0.0.0.0", "192.168.1.254", "10.9.0.254", "203.0.113.1", "255.255.255.255")
_NEAR = (OWN.network, SUBNET.network, REMOTE.network)


def _packet(data: bytes) -> bytes:
    """The packet, from whom and behind which relay the first two bytes choose."""
    who, relay = _WHO[data[0] % len(_WHO)], _RELAYS[data[1] % len(_RELAYS)]
    packet = bytearray(data[_HEAD:])
    if len(packet) >= 240:
        if who:
            packet[_CHADDR] = bytes.fromhex(who)
        if relay:
            packet[_GIADDR] = IPv4Address(relay).packed
    return bytes(packet)


def _of_real_clients() -> Iterator[bytes]:
    for at, data in enumerate(seeds.dhcp_messages()):
        if data[0] == dhcp.BOOTREQUEST:
            yield bytes([at % 5, at // 5 % 6]) + data


@functools.cache
def _bench(mode: Mode) -> Bench:
    """The server of a mode; two processes that fuzz have one each, as leases are one server's."""
    folder = Path(tempfile.mkdtemp(prefix="boots-fuzz-"))
    bench = Bench(folder, mode=mode, unknown="osie")
    bench.records(**_RECORDS)
    return bench


def _check(answered: Answer, message: Message, site: Site, *, port_4011: bool = False) -> None:
    """A reason always, and nothing for a network that is none of ours."""
    assert answered.why
    reply, to = answered.reply, answered.to
    if reply is None:
        return
    assert to is not None
    encoded = dhcp.encode(reply, answered.limit)
    again = dhcp.decode(encoded)
    assert (again.xid, again.chaddr) == (message.xid, message.chaddr)
    where = selector(message)
    assert where is None or any(where in network for network in _NEAR), where
    assert to.address == EVERYONE or to.address in _ends(message, reply, site, port_4011), to
    if site.mode.proxies:
        assert int(reply.yiaddr) == 0
    elif reply.kind in {MessageType.OFFER, MessageType.ACK} and message.kind is not _INFORM:
        assert any(reply.yiaddr in network for network in _NEAR), reply.yiaddr


_INFORM = MessageType.INFORM


def _ends(message: Message, reply: Message, site: Site, port_4011: bool) -> set[IPv4Address]:
    """To whom a reply may go: the relay, or somebody near; at port 4011 clients ask themselves."""
    if int(message.giaddr) and not port_4011:
        return {message.giaddr}
    near = [each for each in (message.ciaddr, reply.yiaddr) if each in _NEAR[0]]
    return {*near} if site.network else set()


def _reserved(data: bytes) -> None:
    """Law 8: what is prepared is what the plain path says, for one machine and for its like."""
    if len(data) < _HEAD:
        return
    bench = _bench(Mode.RESERVATION)
    site, by_mac = bench.world.sites["lan0"], bench.world.index.by_mac
    plain, prepared = _heard(prepares=False), _heard(prepares=True)
    plain.begin(None)
    prepared.begin(Ahead(Prepared(site, by_mac, str)))
    packet = _packet(data)
    like = bytearray(packet)
    if len(like) >= 240:
        like[_CHADDR] = bytes.fromhex(_OURS[1])
    for each in (packet, packet, packet, bytes(like)):
        plain.handle(each)
        prepared.handle(each)
    assert plain.said == prepared.said
    plain.told.check()


class _Heard:
    """A DHCP door without a wire: what it sends, and what it tells."""

    def __init__(self, site: Site, by_mac: Mapping[Mac, Known]) -> None:
        def ask(message: Message) -> Answer:
            client = clients.from_dhcp(message, site.quirks)
            known = by_mac.get(client.mac) if client else None
            found = answer(message, client, known, site)
            _check(found, message, site)
            return found

        self.said: list[object] = []
        self.told = Told()
        self._door = DhcpDoor(udp(), "lan0", ask, self._record)
        self._door._replies.close()
        self._door._replies = self  # type: ignore[assignment]  # where replies leave

    def _record(self, event: AnyEvent) -> None:
        self.told.record(event)

    def begin(self, prepared: Ahead | None) -> None:
        """Know nothing of what came before."""
        self.said, self.told = [], Told()
        self._door._prepared = prepared

    def handle(self, data: bytes) -> None:
        """Take a packet."""
        before = len(self.told.events)
        self._door.handle(data, PEER)
        self.said += self.told.events[before:]

    def send(self, data: bytes, to: Destination) -> None:
        """Keep what would be sent."""
        hardware = macs.to_bytes(to.hardware) if to.hardware else b""
        self.said.append((data, (str(to.address), to.port), hardware, to.source))

    def send_ready(self, ready: Ready) -> None:
        """Keep what was prepared."""
        self.said.append((ready.data, ready.to, ready.hardware, ready.source))


@functools.cache
def _heard(*, prepares: bool) -> _Heard:  # noqa: ARG001  # one for each
    """One door for all inputs: to close a packet socket takes the kernel 20 ms."""
    world = _bench(Mode.RESERVATION).world
    return _Heard(world.sites["lan0"], world.index.by_mac)


def _proxied(mode: Mode, *, port_4011: bool) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        if len(data) < _HEAD:
            return
        bench = _bench(mode)
        try:
            message = dhcp.decode(_packet(data))
        except Malformed:
            return
        found = bench.answers.dhcp("lan0", proxy=port_4011)(message)
        _check(found, message, bench.world.sites["lan0"], port_4011=port_4011)

    return run


def _pooled(data: bytes) -> None:
    """What is offered is given to who takes it, and to nobody else meanwhile."""
    if len(data) < _HEAD:
        return
    try:
        message = dhcp.decode(_packet(data))
    except Malformed:
        return
    bench = _bench(Mode.POOL)
    (bench.folder / "state" / "leases").unlink(missing_ok=True)
    bench.restart()  # what the last input leased is no concern of this one's
    site = bench.world.sites["lan0"]
    offered = bench.answer(message)
    _check(offered, message, site)
    if offered.reply is None or offered.reply.kind is not MessageType.OFFER:
        return
    address = offered.reply.yiaddr
    request = _taking(message, offered.reply)
    taken = bench.answer(request)
    _check(taken, request, site)
    assert taken.reply is not None, taken.why
    assert (taken.reply.kind, taken.reply.yiaddr) == (MessageType.ACK, address), taken.why
    again = bench.answer(message)
    assert again.reply is not None, again.why
    assert again.reply.yiaddr == address
    other = dataclasses.replace(request, chaddr=b"RT\0\x77\x77\x77")
    others = bench.answer(other)
    _check(others, other, site)
    assert others.reply is None or others.reply.yiaddr != address
    bench.answer(_saying(message, MessageType.RELEASE, address))
    bench.answer(_saying(message, MessageType.DECLINE, address))
    for event in bench.told:
        encode(Entry(0.0, event))
    bench.told.clear()


def _taking(message: Message, offer: Message) -> Message:
    """The REQUEST of a client that takes an offer, otherwise as it asked."""
    values = {
        **message.options,
        options.MESSAGE_TYPE.code: b"\3",
        options.REQUESTED_ADDRESS.code: offer.yiaddr.packed,
        options.SERVER_ID.code: offer.options[options.SERVER_ID.code],
    }
    return dataclasses.replace(message, ciaddr=IPv4Address(0), options=values)


def _saying(message: Message, kind: MessageType, address: IPv4Address) -> Message:
    values = {
        **message.options,
        options.MESSAGE_TYPE.code: bytes([kind]),
        options.REQUESTED_ADDRESS.code: address.packed,
    }
    return dataclasses.replace(message, ciaddr=address, options=values)


def _overheard(data: bytes) -> None:
    """What a packet socket hears, beside what comes to the door, in shadow and without."""
    told = Told()
    shadow = Shadow("lan0", told.record, lambda: 0.0)
    around = Neighbourhood(
        is_wanted=lambda _: False, may_boot=lambda _: True, expects=lambda: False
    )
    foreign = ForeignServers("lan0", around, told.record, lambda: 0.0)
    bench = _bench(Mode.RESERVATION)
    ask = bench.answers.dhcp("lan0")
    try:
        asked = dhcp.decode(data)
    except Malformed:
        asked = None
    if asked is not None:
        shadow.withhold(asked, ask(asked))
        foreign.chosen(asked)
    foreign.chosen_by_stranger(data)
    ear = Ear(udp(), [shadow.overheard, foreign.heard], lambda: 0.0)
    ear.handle(data, ())
    ear.handle(ip.udp(*_ENDS, data), ())
    ear.handle(ip.udp(*_ENDS, b"\2" + data[1:]), ())
    told.check()


_ENDS = (IPv4Address("192.168.1.5"), 67), (IPv4Address("192.168.1.6"), 68)


TARGETS = (
    Target("answers.reservation", _reserved, _of_real_clients, on_loop=True, longest=1500),
    Target("answers.proxy", _proxied(Mode.PROXY, port_4011=False), _of_real_clients, on_loop=True),
    Target(
        "answers.proxy-4011", _proxied(Mode.PROXY, port_4011=True), _of_real_clients, on_loop=True
    ),
    Target(
        "answers.auto-proxy",
        _proxied(Mode.AUTO_PROXY, port_4011=False),
        _of_real_clients,
        on_loop=True,
    ),
    Target("answers.pool", _pooled, _of_real_clients, on_loop=True, longest=1500),
    Target("answers.ear", _overheard, seeds.dhcp_messages, on_loop=True, longest=1500),
)

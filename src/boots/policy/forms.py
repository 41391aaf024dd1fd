"""Replies with blanks: what all machines of a kind are told alike, and room for what is theirs.

A `Form` is cut from one plain answer (`boots.policy.answer`), and filled in for the next machine
that asks the same.  Whether that may be done is for `boots.policy.prepared` to find out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from operator import itemgetter
from typing import NamedTuple

from boots.model.mac import Mac, separated
from boots.model.machine import Known
from boots.model.site import Site
from boots.policy.answered import Answer
from boots.policy.boot import Load
from boots.policy.client import Client
from boots.wire import dhcp, options, pxe
from boots.wire.dhcp import CLIENT_PORT, Message
from boots.wire.options import END, OVERLOAD, PAD, RELAY_AGENT, MessageType
from boots.wire.skim import Skimmed

_OPTIONS_AT = 240
_HEAD = b"\2\1\6\0"  # BOOTREPLY, Ethernet, MACs of 6 bytes, no hops
_REST_AT = 34  # where the MAC in chaddr ends
_NOWHERE = bytes(4)
_ECHOED = frozenset({options.CLIENT_ID.code, RELAY_AGENT, pxe.UUID.code})
_COLONS = ":"

# A blank is the place of a value among those of the request, or behind them one of these: the
# machine's name, its MAC as it is written in most places, and as the site writes it in paths.
_NAME, _MAC, _MAC_IN_PATHS = -3, -2, -1

_TAKEN = itemgetter(slice(4, 8), slice(10, 12), slice(12, 16), slice(24, 34), slice(28, 34))
_NO_SECONDS = b"\0\0"


Near = tuple[int, int] | None
"""The first and the last address of a network, as numbers; None where it is not known."""


class Filling(NamedTuple):
    """What one machine puts into the blanks; those of one `kind` differ in nothing else.

    Its address stands here as `text`, as bytes, and as a `number`.
    """

    kind: int
    text: str
    address: bytes
    number: int
    host_name: bytes
    known: Known


class Gist(NamedTuple):
    """What the journal hears of replies by one form.

    The MAC, written with `separator`, stands between the pieces of `boot_file`.
    """

    is_offer: bool
    program: str
    architecture: str
    boot_file: tuple[str, ...]
    separator: str
    why: str
    relay: str
    osie: bool


class Ready(NamedTuple):
    """A reply, where it goes, and what the journal hears of it once it is on its way.

    With `hardware` it goes there by its MAC.  Where it is `shared` others get theirs, too: a
    relay, or everybody.  `address` is what the machine is given, if it is.
    """

    data: bytes
    to: tuple[str, int]
    shared: bool
    hardware: bytes
    source: IPv4Address | None
    mac: Mac
    address: str
    gist: Gist


@dataclass(frozen=True, slots=True)
class Form:
    """A reply with blanks: some in the header, the others with the piece behind each.

    `to` is where it goes, None for the machine's own address: `by_mac`, as long as it does not
    have that yet.  `source` is the address of ours that it leaves from.  `near` is the first and
    the last address of the network that the client is in, where that is known: the form is for
    machines with an address between them.
    """

    has_ciaddr: bool
    has_yiaddr: bool
    next_server: bytes
    first: bytes
    blanks: tuple[tuple[int, bytes], ...]
    separator: str
    to: tuple[str, int] | None
    by_mac: bool
    source: IPv4Address | None
    near: Near
    gist: Gist

    def suits(self, filling: Filling) -> bool:
        """Whether a machine is where this form is for."""
        near = self.near
        return near is None or near[0] <= filling.number <= near[1]

    def fill(self, asked: Skimmed, filling: Filling) -> Ready:
        """The reply to one request."""
        data, _, _, values, _ = asked
        _, given, address, _, name, _ = filling
        xid, flags, ciaddr, giaddr_and_mac, chaddr = _TAKEN(data)
        mac = Mac(chaddr.hex(_COLONS))
        own = (*values, name, mac.encode(), b"")
        if self.separator != _COLONS:
            own = (*values, name, mac.encode(), separated(mac, self.separator).encode())
        out = [
            _HEAD,
            xid,
            _NO_SECONDS,
            flags,
            ciaddr if self.has_ciaddr else _NOWHERE,
            address if self.has_yiaddr else _NOWHERE,
            self.next_server,
            giaddr_and_mac,
            self.first,
        ]
        for blank, piece in self.blanks:
            out.append(own[blank])
            out.append(piece)
        to = self.to
        return Ready(
            b"".join(out),
            to or (given, CLIENT_PORT),
            to is not None,
            chaddr if self.by_mac else b"",
            self.source,
            mac,
            given if self.has_yiaddr else "",
            self.gist,
        )


def boot_file(ready: Ready) -> str:
    """The boot file that a reply names, as the journal hears of it."""
    pieces, separator = ready.gist.boot_file, ready.gist.separator
    return (ready.mac if separator == _COLONS else separated(ready.mac, separator)).join(pieces)


def cut(asked: Skimmed, filling: Filling, answer: Answer, site: Site, near: Near) -> Form | None:
    """The form of which this plain answer is one filled in; None where there can be none."""
    reply, to, client = answer.reply, answer.to, answer.client
    if reply is None or to is None or client is None:
        return None
    if reply.kind not in {MessageType.OFFER, MessageType.ACK}:
        return None
    if isinstance(answer.decision, Load) and answer.decision.doubt:
        return None  # that is told of each machine
    data = dhcp.encode(reply, answer.limit)
    if OVERLOAD in dict(_values(data)):
        return None
    written = {_MAC: client.mac.encode()}
    if site.mac_separator != _COLONS:
        written[_MAC_IN_PATHS] = separated(client.mac, site.mac_separator).encode()
    holes = sorted([*_own_values(data, asked, filling), *_macs(data, written)])
    pieces = list(_between(data, holes))
    own = to.hardware is not None or to.address.packed == filling.address
    if own and to.port != CLIENT_PORT:
        return None
    return Form(
        has_ciaddr=any(data[12:16]),
        has_yiaddr=any(data[16:20]),
        next_server=data[20:24],
        first=pieces[0],
        blanks=tuple(zip((blank for _, _, blank in holes), pieces[1:], strict=True)),
        separator=site.mac_separator,
        to=None if own else (str(to.address), to.port),
        by_mac=to.hardware is not None,
        source=to.source,
        near=near,
        gist=gist(answer, reply, client, site),
    )


Hole = tuple[int, int, int]
"""Where it begins and ends, and the blank that belongs there."""


def _values(data: bytes) -> Iterator[tuple[int, tuple[int, int]]]:
    """The options of a message of ours by code, and where their values stand."""
    at = _OPTIONS_AT
    while data[at] != END:
        if data[at] == PAD:
            at += 1
            continue
        start = at + 2
        at = start + data[start - 1]
        yield data[start - 2], (start, at)


def _own_values(data: bytes, asked: Skimmed, filling: Filling) -> Iterator[Hole]:
    for code, (start, end) in _values(data):
        value = data[start:end]
        echoed = code in _ECHOED and asked.own.get(code) == value
        named = code == options.HOST_NAME.code and filling.host_name == value
        if value and (echoed or named):
            yield start, end, asked.codes.index(code) if echoed else _NAME


def _macs(data: bytes, written: dict[int, bytes]) -> Iterator[Hole]:
    for blank, mac in written.items():
        at = data.find(mac, _REST_AT)
        while at >= 0:
            yield at, at + len(mac), blank
            at = data.find(mac, at + len(mac))


def _between(data: bytes, holes: list[Hole]) -> Iterator[bytes]:
    begun = _REST_AT
    for start, end, _ in holes:
        yield data[begun:start]
        begun = end
    yield data[begun:]


def gist(answer: Answer, reply: Message, client: Client, site: Site) -> Gist:
    """What the journal hears of a plain answer."""
    url = answer.boot_file
    in_path = separated(client.mac, site.mac_separator)
    separator = site.mac_separator if in_path in url else _COLONS
    return Gist(
        is_offer=reply.kind is MessageType.OFFER,
        program=client.program.value,
        architecture=client.architecture.value,
        boot_file=tuple(url.split(separated(client.mac, separator))),
        separator=separator,
        why=answer.why,
        relay=str(reply.giaddr) if int(reply.giaddr) else "",
        osie=client.osie,
    )

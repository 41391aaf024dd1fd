"""The latest DHCP messages that came and went, as they were on the wire."""

from collections import deque
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from typing import Any, NamedTuple

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.policy.leaks import told_url
from boots.wire import dhcp, ip, pcap, table
from boots.wire.malformed import Malformed

Keep = Callable[[bytes, tuple[Any, ...]], None]
"""Keeps a message, and the address and port that it came from, or went to."""

MOST = 2_048
"""How many messages are kept: of some 200 boots, in a MB.

What is kept is not in the processor's cache any more when its memory is used again: 8,192 of them
cost a storm's answers some per cent.
"""

_LARGEST = 1_500  # bytes of each; who sends more must not fill our memory
_CHADDR = slice(28, 34)
_GIADDR = slice(24, 28)
_NOWHERE, _EVERYONE = IPv4Address(0), IPv4Address("255.255.255.255")
_UNSET = {"", str(_NOWHERE)}
_ALL_MACS, _OUR_MAC = b"\xff" * 6, bytes.fromhex("02b007500001")  # of local use
_IPV4 = b"\x08\x00"
_IN_URLS = b"://"


class Place(NamedTuple):
    """Where messages came or went: which interface, at which address and port of ours.

    `ours` are those that we send from there.
    """

    interface: str
    address: IPv4Address
    port: int
    ours: bool


class Packet(NamedTuple):
    """One message, and when it was seen, in seconds since 1970 UTC.

    `peer` is where it came from or went to, empty where nobody asked.
    """

    at: float
    place: Place
    data: bytes
    peer: tuple[Any, ...]


class Packets:
    """Keeps the last `most` messages; `clock` gives seconds since 1970 UTC.

    To keep one takes the same short time, however many there are.
    """

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        self._clock = clock
        self._kept: deque[tuple[float, Place, bytes, tuple[Any, ...]]] = deque(maxlen=most)

    def keeper(self, place: Place) -> Keep:
        """What keeps the messages that come or go there."""
        append, clock = self._kept.append, self._clock

        def keep(data: bytes, peer: tuple[Any, ...]) -> None:
            append((clock(), place, data[:_LARGEST], peer))

        return keep

    def of(self, mac: Mac | str) -> list[Packet]:
        """Those of the machine with a MAC, the oldest first."""
        chaddr = macs.to_bytes(Mac(mac))
        return [Packet(*kept) for kept in tuple(self._kept) if kept[2][_CHADDR] == chaddr]

    def all(self) -> list[Packet]:
        """All that are kept, the oldest first."""
        return [Packet(*kept) for kept in tuple(self._kept)]


def keep_nothing(_data: bytes, _peer: tuple[Any, ...]) -> None:
    """Keep no message: where nobody asks for them."""


def decoded(packet: Packet) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The kind of a message, and its fields and options by name, as people read them."""
    try:
        message = dhcp.decode(packet.data)
    except Malformed as error:
        return "malformed", (("why", str(error)), ("bytes", packet.data.hex(" ")))
    kind = message.kind.name if message.kind else "BOOTP"
    header = [each for each in table.header(message) if each[1] not in _UNSET]
    return kind, (
        *header,
        *((f"{code} {name}", text) for code, name, text in table.options_of(message)),
    )


def discreet(packets: Iterable[Packet]) -> list[Packet]:
    """The same with stars for the rest of each URL that has a secret in it; for lookers-on.

    Where that cannot be done, as in what is cut off, the message is left out.
    """
    return [veiled for each in packets if (veiled := _discreet(each)) is not None]


def _discreet(packet: Packet) -> Packet | None:
    data = packet.data
    if _IN_URLS not in data:
        return packet
    try:
        message = dhcp.decode(data)
    except Malformed:
        return None
    for value in (message.file, message.sname, *message.options.values()):
        url = value.decode("latin-1")
        if told_url(url) == url:
            continue
        if value not in data:  # in pieces: RFC 3396
            return None
        scheme, mark, rest = value.partition(_IN_URLS)
        data = data.replace(value, scheme + mark + b"*" * len(rest))
    return packet._replace(data=data)


def capture(packets: Iterable[Packet]) -> bytes:
    """Messages as a capture file.

    The headers around them are made up from what is known: MACs of ours, sums, and lengths.
    """
    return pcap.head() + b"".join(pcap.record(each.at, _frame(each)) for each in packets)


def _frame(packet: Packet) -> bytes:
    place, peer, chaddr = packet.place, _peer(packet), packet.data[_CHADDR].ljust(6, b"\0")
    own = place.address, place.port
    if place.ours:
        to_all = peer[0] == _EVERYONE
        return _framed(_ALL_MACS if to_all else chaddr, _OUR_MAC, ip.udp(own, peer, packet.data))
    # Who has an address asks us, who has none asks everybody.
    to = own if peer[0] != _NOWHERE and peer[1] == dhcp.CLIENT_PORT else (_EVERYONE, place.port)
    return _framed(_ALL_MACS, chaddr, ip.udp(peer, to, packet.data))


def _framed(to: bytes, source: bytes, packet: bytes) -> bytes:
    return to + source + _IPV4 + packet


def _peer(packet: Packet) -> tuple[IPv4Address, int]:
    """The other end; the kernel is not asked for the senders of a storm."""
    if packet.peer:
        return IPv4Address(packet.peer[0]), packet.peer[1]
    relay = packet.data[_GIADDR]
    if len(relay) == 4 and any(relay):
        return IPv4Address(relay), dhcp.SERVER_PORT
    return _NOWHERE, dhcp.CLIENT_PORT

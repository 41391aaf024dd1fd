"""Law 8: the bytes of the hot path are the bytes of the plain path, for every request."""

import dataclasses
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from tests import strategies as common
from tests.laws import strategies
from tests.policy.made import SITE, known, reservation

from boots.app.answers import Ahead
from boots.journal.events import AckSent, OfferSent
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Interface, Known
from boots.model.site import Mode, Site, Subnet
from boots.policy import client as clients
from boots.policy.answer import answer
from boots.policy.answered import Answer
from boots.policy.boot import Load
from boots.policy.destination import Destination
from boots.policy.forms import Ready, boot_file
from boots.policy.leaks import told_url
from boots.policy.prepared import Prepared, Silent
from boots.serve.dhcp import DhcpDoor
from boots.wire import dhcp
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

# Failing examples are long; to explain them would take minutes.
laws = settings(
    database=None,
    max_examples=60,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],  # whole fleets take a while to make up
)


def plain(data: bytes, machine: Known | None, site: Site) -> Answer:
    message = dhcp.decode(data)
    return answer(message, clients.from_dhcp(message, site.quirks), machine, site)


def same(ready: Ready | Silent, whole: Answer) -> None:
    """Both say the same, in everything that leaves or that the journal hears."""
    assert whole.client is not None
    if isinstance(ready, Silent):
        assert whole.reply is None
        assert (whole.why, whole.client.mac) == (ready.why, ready.mac)
        return
    assert whole.reply is not None
    assert whole.to is not None
    assert dhcp.encode(whole.reply, whole.limit) == ready.data
    assert (str(whole.to.address), whole.to.port) == ready.to
    assert (macs.to_bytes(whole.to.hardware) if whole.to.hardware else b"") == ready.hardware
    assert whole.to.source == ready.source
    assert whole.client.mac == ready.mac
    assert (str(whole.reply.yiaddr) if int(whole.reply.yiaddr) else "") == ready.address
    url = whole.decision.url if isinstance(whole.decision, Load) else ""
    assert told_url(url) == boot_file(ready)
    gist = ready.gist
    assert (whole.reply.kind is MessageType.OFFER) == gist.is_offer
    assert whole.client.program.value == gist.program
    assert whole.client.architecture.value == gist.architecture
    assert whole.why == gist.why
    assert (str(whole.reply.giaddr) if int(whole.reply.giaddr) else "") == gist.relay


# --- machines of one kind, some that only nearly are, and what they ask

NETWORKS = tuple(IPv4Network(each) for each in ("192.168.1.0/25", "192.168.1.0/24", "10.0.0.0/8"))
RELAYS = (b"", b"", b"\1\4rack", b"\5\4\xc0\xa8\1\0", b"\5\4\x0a\0\0\0", b"\x0b\4\1\2\3\4\1\1a")


_octets = st.builds(
    bytes.__add__,
    st.sampled_from((b"RT\0", b"RT\0", b"RT\0", b"\xb8\x27\xeb")),  # the last is a Raspberry Pi's
    st.binary(min_size=3, max_size=3),
)


@st.composite
def fleets(draw: st.DrawFn) -> list[Known]:
    """Machines that differ in their MAC, their address and their name only, and some others."""
    usual = st.just(ordinary_machine(b"RT\0\0\0\0", 10))
    first = draw(
        st.sampled_from((0, 0, 0, 1, 2)).flatmap(
            (usual, strategies.bootable, strategies.knowns()).__getitem__
        )
    )
    others = st.tuples(_octets, st.integers(0, 255), st.sampled_from(range(len(CHANGES))))
    return [first, *(like(first, *each) for each in draw(st.lists(others, min_size=2, max_size=5)))]


def like(first: Known, octets: bytes, host: int, change: int) -> Known:
    """Another machine of its kind, or one that only nearly is."""
    own = first.interface.reservation
    if own is not None:
        mask = int(own.netmask)
        address = IPv4Address((int(own.address) & mask) | (host & ~mask & 0xFFFF_FFFF))
        own = msgspec.structs.replace(own, address=address)
    interface = msgspec.structs.replace(
        first.interface,
        mac=macs.from_bytes(octets),
        reservation=own,
    )
    return msgspec.structs.replace(first, interface=CHANGES[change](interface, first.mac))


def _reserved(interface: Interface, **changes: object) -> Interface:
    own = interface.reservation
    if own is None:
        return interface
    return msgspec.structs.replace(interface, reservation=msgspec.structs.replace(own, **changes))


def _netboot(interface: Interface, **changes: object) -> Interface:
    changed = msgspec.structs.replace(interface.netboot, **changes)
    return msgspec.structs.replace(interface, netboot=changed)


CHANGES: tuple[Callable[[Interface, str], Interface], ...] = (
    *[lambda interface, _: interface] * 5,
    lambda interface, _: _reserved(interface, host_name="a-longer-name"),
    lambda interface, _: _reserved(interface, gateway=IPv4Address("192.168.1.77")),
    lambda interface, _: _reserved(interface, address=IPv4Address("192.168.1.0")),
    lambda interface, _: _reserved(interface, address=IPv4Address("192.168.1.200")),
    lambda interface, _: _reserved(interface, address=IPv4Address("192.168.2.20")),
    lambda interface, _: _reserved(interface, options={15: b"x"}),
    lambda interface, _: _netboot(interface, allowed=False),
    lambda interface, mac: _netboot(interface, script_url=f"http://192.168.1.9/{mac}"),
    lambda interface, mac: _reserved(interface, domain=mac),
    lambda interface, mac: _netboot(interface, script_url=f"http://a:hunter2@h/{mac}?b={mac}"),
    lambda interface, _: _netboot(interface, script_url="http://h/a?token=hunter2"),
)


@dataclasses.dataclass(frozen=True)
class Own:
    """What one machine makes of a question."""

    xid: int = 0
    flags: int = 0
    wanted: int = 0
    ciaddr: int = 0
    filler: int = 0
    giaddr: int = 0
    relay: bytes = b""
    overload: bool = False
    longer: bool = False


owns = st.builds(
    Own,
    xid=common.bytes_4,
    flags=st.sampled_from((0, 0, 0, 0x8000, 0x0001)),
    wanted=st.sampled_from((0, 0, 1, 1, 2)),
    ciaddr=st.sampled_from((0, 0, 0, 0, 1, 2)),
    filler=st.sampled_from((0, 0, 1, 5, 11, 0x5A)),
    giaddr=st.sampled_from((0, 0, 0xC0A801FE, 0x0A000001)),
    relay=st.sampled_from(RELAYS),
    overload=st.sampled_from((False, False, False, False, True)),
    longer=st.sampled_from((False, False, False, True)),
)


def as_asked(message: Message, asking: Known, own: Own) -> bytes:
    """The same question of another machine: its MAC, its address, and values of its own."""
    reserved = asking.interface.reservation
    address = reserved.address if reserved else IPv4Address(9)
    elsewhere = IPv4Address(int(address) ^ 1)
    values = {code: value for code, value in message.options.items() if code != 52}
    if own.wanted:
        values[50] = (address, elsewhere)[own.wanted - 1].packed
    for code in (61, 97, 12, 81):
        if code in values:
            values[code] = bytes(octet ^ own.filler for octet in values[code])
            values[code] += b"x" if own.longer else b""
    if own.relay:
        values[82] = own.relay
    whole = dataclasses.replace(
        message,
        xid=own.xid,
        flags=own.flags,
        chaddr=macs.to_bytes(asking.mac),
        ciaddr=(IPv4Address(0), address, elsewhere)[own.ciaddr],
        giaddr=IPv4Address(own.giaddr),
        options=values,
    )
    if own.overload:
        return overloaded(whole, own.filler)
    return dhcp.encode(whole)


def overloaded(message: Message, filler: int) -> bytes:
    """The same message with an option 61 in the field `file`, whose place option 52 names."""
    file = bytes((61, 3, 9, filler, 9, 255))
    data = dhcp.encode(dataclasses.replace(message, file=file))
    return data[:240] + b"\x34\1\1" + data[240:]


@st.composite
def near_sites(draw: st.DrawFn) -> Site:
    """A site that gives addresses, in networks that the machines may be in."""
    site = draw(strategies.sites()) if draw(st.integers(0, 3)) == 0 else SITE
    subnets = draw(st.lists(st.sampled_from(NETWORKS), max_size=2, unique=True))
    return msgspec.structs.replace(
        site,
        subnets=tuple(Subnet(network=network) for network in subnets),
        mode=draw(st.sampled_from((Mode.RESERVATION, Mode.RESERVATION, Mode.POOL))),
    )


questions = (
    common.client_requests()
    | strategies.asking((MessageType.DISCOVER, MessageType.REQUEST))
    | strategies.asking()
)


def agree(message: Message, fleet: list[Known], site: Site, asked: list[tuple[int, Own]]) -> int:
    """Ask both paths, the last machine being one without a record.

    Each asks twice over, as a form is only cut for the second; returns how many answers of the
    second round were prepared ones.
    """
    by_mac = {each.mac: each for each in fleet[:-1]}
    prepared = Prepared(site, by_mac, lambda _: "")
    count = 0
    for again in (False, True):
        for number, own in asked:
            asking = fleet[number % len(fleet)]
            data = as_asked(message, asking, own)
            ready = prepared.answer(data)
            if ready is not None:
                count += again
                same(ready, plain(data, by_mac.get(asking.mac), site))
    return count


@laws
@given(fleets(), near_sites(), questions, st.lists(st.tuples(st.integers(0, 5), owns), min_size=4))
def test_what_is_prepared_is_what_the_plain_path_says(
    fleet: list[Known], site: Site, message: Message, asked: list[tuple[int, Own]]
) -> None:
    count = agree(message, fleet, site, asked)
    event(f"prepared: {10 * count // len(asked)}0 %")


ONCE = (
    *[{"flags": flags} for flags in (0, 0x8000, 0x0001)],
    *[{"wanted": wanted} for wanted in (1, 2)],
    *[{"ciaddr": ciaddr} for ciaddr in (1, 2)],
    *[{"filler": filler} for filler in (1, 5)],
    *[{"relay": relay} for relay in RELAYS[2:]],
    *[{"overload": True, "filler": filler} for filler in (0, 1, 5)],
    {"longer": True},
)
EVERY = tuple(Own(giaddr=giaddr, **each) for each in ONCE for giaddr in (0, 0xC0A801FE, 0x0A000001))
PXE = {60: b"PXEClient:Arch:00007:UNDI:003016", 93: b"\0\7", 97: bytes(17), 57: b"\5\xc0"}
IPXE = {77: b"iPXE", 93: b"\0\7", 175: b"\x13\1\1\x12\1\1\x17\1\1\x15\1\1", 61: b"\1abcdef"}
SYSTEM = {12: b"node", 61: b"\1abcdef", 55: b"\1\3\6\x0c"}


@pytest.mark.parametrize("asks", [PXE, IPXE, SYSTEM], ids=["firmware", "iPXE", "a system"])
@pytest.mark.parametrize("kind", [b"\1", b"\3"], ids=["DISCOVER", "REQUEST"])
@pytest.mark.parametrize("networks", [NETWORKS[:0], NETWORKS], ids=["one link", "subnets"])
def test_each_difference_between_machines_is_heeded(
    asks: dict[int, bytes], kind: bytes, networks: tuple[IPv4Network, ...]
) -> None:
    first = ordinary_machine(b"RT\0\0\0\0", 10)
    fleet = [
        like(first, b"RT\0\0\1" + bytes([at]), at + 11, change)
        for at, change in enumerate((*range(len(CHANGES)), 0))
    ]
    message = Message(op=dhcp.BOOTREQUEST, xid=1, chaddr=bytes(6), options={53: kind, **asks})
    subnets = tuple(Subnet(network=network) for network in networks)
    site = msgspec.structs.replace(SITE, subnets=subnets)
    asked = [(number, own) for own in EVERY for number in range(len(fleet))]
    assert agree(message, fleet, site, asked) > len(asked) / 3


def test_a_record_that_names_a_mac_is_not_taken_for_one_that_has_it() -> None:
    octets = [b"RT\0\0\0" + bytes([at]) for at in range(3)]
    first = ordinary_machine(octets[0], 10)
    named = msgspec.structs.replace(
        first, interface=_reserved(first.interface, domain=str(first.mac))
    )
    fleet = [like(named, each, 10 + at, 0) for at, each in enumerate(octets)]
    message = Message(op=dhcp.BOOTREQUEST, xid=1, chaddr=bytes(6), options={53: b"\1", **PXE})
    agree(message, fleet, SITE, [(0, Own()), (0, Own()), (1, Own())])


def test_a_machine_without_a_record_may_get_a_lease_of_the_pool() -> None:
    message = Message(op=dhcp.BOOTREQUEST, xid=1, chaddr=b"RT\0\0\0\0", options={53: b"\1", **PXE})
    pool = msgspec.structs.replace(SITE, mode=Mode.POOL)
    assert Prepared(SITE, {}, lambda _: "").answer(dhcp.encode(message))
    assert Prepared(pool, {}, lambda _: "").answer(dhcp.encode(message)) is None


def test_a_machine_that_is_held_takes_the_plain_path() -> None:
    first = ordinary_machine(b"RT\0\0\0\0", 10)
    message = Message(op=dhcp.BOOTREQUEST, xid=1, chaddr=b"RT\0\0\0\0", options={53: b"\1", **PXE})
    why = ""
    prepared = Prepared(SITE, {first.mac: first}, lambda _: why)
    asked = [prepared.answer(dhcp.encode(message)) for _ in range(2)]
    assert [False, True] == [isinstance(each, Ready) for each in asked]
    why = "it goes round"
    assert prepared.answer(dhcp.encode(message)) is None


_ordinary = st.lists(
    st.tuples(st.binary(min_size=3, max_size=3), st.integers(10, 250)),
    min_size=4,
    max_size=9,
    unique_by=lambda each: each[0],
)


@laws
@given(
    common.client_requests(),
    _ordinary,
    st.sampled_from((b"", b"\1\4rack", b"\5\4\xc0\xa8\1\0", b"\x0b\4\1\2\3\4\1\1a")),
)
def test_ordinary_machines_are_answered_from_forms(
    message: Message, ordinary: list[tuple[bytes, int]], relay: bytes
) -> None:
    fleet = [ordinary_machine(b"RT\0" + end, host) for end, host in ordinary]
    message = dataclasses.replace(message, options={**message.options, 61: b"\1abcdef"})
    giaddr = 0xC0A801FE if relay else 0
    asked = [(number, Own(number, giaddr=giaddr, relay=relay)) for number in range(len(fleet))]
    assert agree(message, fleet, SITE, asked) == len(fleet)


def test_a_value_that_has_the_bytes_of_a_message_type_is_none() -> None:
    fleet = [ordinary_machine(b"RT\0\0\0" + bytes([at]), 10 + at) for at in range(4)]
    asks = {53: b"\1", **PXE, 77: b"\x015\x01\x00"}
    message = Message(op=dhcp.BOOTREQUEST, xid=1, chaddr=bytes(6), options=asks)
    asked = [(number, Own(number)) for number in range(len(fleet))]
    assert agree(message, fleet, SITE, asked) == len(fleet)


def ordinary_machine(octets: bytes, host: int) -> Known:
    reserved = reservation(address=IPv4Address(f"192.168.1.{host}"), host_name=f"node-{host:03}")
    first = known(reserved=reserved)
    interface = msgspec.structs.replace(first.interface, mac=macs.from_bytes(octets))
    return msgspec.structs.replace(first, interface=interface)


class Heard:
    """A DHCP door without a wire: what it sends, and what it tells."""

    def __init__(self, site: Site, by_mac: dict[Mac, Known], *, prepares: bool) -> None:
        def ask(message: Message) -> Answer:
            client = clients.from_dhcp(message, site.quirks)
            known = by_mac.get(client.mac) if client else None
            return answer(message, client, known, site)

        self.said: list[object] = []
        prepared = Ahead(Prepared(site, by_mac, lambda _: "")) if prepares else None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            self.door = DhcpDoor(sock, "lan0", ask, self.said.append, prepared=prepared)
        self.door._replies.close()
        self.door._replies = self  # type: ignore[assignment]

    def send(self, data: bytes, to: Destination) -> None:
        hardware = macs.to_bytes(to.hardware) if to.hardware else b""
        self.said.append((data, (str(to.address), to.port), hardware, to.source))

    def send_ready(self, ready: Ready) -> None:
        self.said.append((ready.data, ready.to, ready.hardware, ready.source))


@pytest.mark.parametrize("asks", [PXE, IPXE, SYSTEM], ids=["firmware", "iPXE", "a system"])
def test_the_door_sends_and_tells_the_same(asks: dict[int, bytes]) -> None:
    first = ordinary_machine(b"RT\0\0\0\0", 10)
    fleet = [like(first, b"RT\0\0\1" + bytes([at]), at + 11, 0) for at in range(4)]
    by_mac = {each.mac: each for each in fleet[:-1]}
    plain_door = Heard(SITE, by_mac, prepares=False)
    door = Heard(SITE, by_mac, prepares=True)
    for kind in (b"\1", b"\3"):
        message = Message(op=dhcp.BOOTREQUEST, xid=1, chaddr=bytes(6), options={53: kind, **asks})
        for own in EVERY:
            for each in fleet:
                data = as_asked(message, each, own)
                plain_door.door.handle(data, ("192.168.1.10", 68))
                door.door.handle(data, ("192.168.1.10", 68))
    assert plain_door.said == door.said


def test_neither_path_tells_a_secret_of_the_script_s_url() -> None:
    first = ordinary_machine(b"RT\0\0\0\0", 10)
    own = _netboot(first.interface, script_url="http://a:hunter2@h/x?token=hunter3&b=4")
    fleet = [
        like(msgspec.structs.replace(first, interface=own), b"RT\0\0\1" + bytes([at]), at + 11, 0)
        for at in range(4)
    ]
    by_mac = {each.mac: each for each in fleet}
    doors = [Heard(SITE, by_mac, prepares=each) for each in (False, True)]
    for kind in (b"\1", b"\3"):
        message = Message(op=dhcp.BOOTREQUEST, xid=1, chaddr=bytes(6), options={53: kind, **IPXE})
        for door in doors:
            for each in fleet:
                door.door.handle(as_asked(message, each, Own()), ("192.168.1.10", 68))
    sent = [[each for each in door.said if not isinstance(each, tuple)] for door in doors]
    assert sent[0] == sent[1]
    assert ["http://…@h/x?token=…&b=…"] * 8 == [
        each.boot_file for each in sent[0] if isinstance(each, OfferSent | AckSent)
    ]


def test_who_makes_requests_up_does_not_fill_the_memory() -> None:
    first = ordinary_machine(b"RT\0\0\0\0", 10)
    prepared = Prepared(SITE, {first.mac: first}, lambda _: "")
    message = Message(op=dhcp.BOOTREQUEST, xid=1, chaddr=b"RT\0\0\0\0", options={53: b"\1", **PXE})
    for number in range(5000):
        options = {**message.options, 60: b"PXEClient" + number.to_bytes(2), 77: bytes(number % 9)}
        prepared.answer(dhcp.encode(dataclasses.replace(message, options=options)))
    assert len(prepared._seen) <= 4096
    answers = [prepared.answer(dhcp.encode(message)) for _ in range(2)]
    assert isinstance(answers[1], Ready)


def test_a_script_in_a_record_is_not_kept_once_more() -> None:
    first = ordinary_machine(b"RT\0\0\0\0", 10)
    own = msgspec.structs.replace(first, interface=_netboot(first.interface, script="x" * 9999))
    prepared = Prepared(SITE, {own.mac: own}, lambda _: "")
    message = Message(op=dhcp.BOOTREQUEST, xid=1, chaddr=b"RT\0\0\0\0", options={53: b"\1", **PXE})
    for _ in range(2):
        prepared.answer(dhcp.encode(message))
    assert all(len(kind) < 100 for kind in prepared._kinds)
    assert prepared._kinds

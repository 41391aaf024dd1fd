"""DHCP over bad links, packet by packet: nobody gets another's address, and nobody two."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from tests.faults.asking import EVERYONE, Asker, Heard, asker, message
from tests.faults.bad import Bad, Figures, bad, rounds
from tests.peers.conftest import CLIENT, NIC, RECORD, SERVER, Boots, boots, run

from boots.journal import events
from boots.leases.book import Book
from boots.leases.file import read
from boots.timeline.fleet import Timelines
from boots.wire.options import MessageType

pytestmark = pytest.mark.peers

DISCOVER, REQUEST, ACK = MessageType.DISCOVER, MessageType.REQUEST, MessageType.ACK
POOL = f"""\
state = "state"
[dhcp]
mode = "pool"
probe = false
[[subnets]]
network = "{SERVER.network}"
gateway = "{SERVER.ip}"
pool = ["192.168.70.100-192.168.70.149"]
"""
NEIGHBOURS = "".join(
    f"  - {{name: n{bit}, mac: '52:54:00:70:00:{0x10 ^ 1 << bit:02x}',"
    f" address: 192.168.70.{30 + bit}/24}}\n"
    for bit in range(8)
)
RESERVED = {
    bytes.fromhex("525400700010"): CLIENT.ip,
    **{
        bytes.fromhex("5254007000") + bytes((0x10 ^ 1 << bit,)): IPv4Address(
            f"192.168.70.{30 + bit}"
        )
        for bit in range(8)
    },
}
STRANGER = bytes.fromhex("525400700051")
RELAY = IPv4Address("192.168.70.20")
US = SERVER.ip


@pytest.fixture(scope="module")
def link() -> Iterator[Bad]:
    with bad(seed=11) as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("server")
    return made


@pytest.fixture(scope="module")
def running(link: Bad, folder: Path) -> Iterator[Boots]:
    """A server with a pool, and reservations."""
    (folder / "boots.toml").write_text(POOL)
    run(link.client, "ip", "address", "add", f"{RELAY}/24", "dev", NIC)
    records = RECORD + NEIGHBOURS
    with boots(link.server, folder, "--config", folder / "boots.toml", records=records) as server:
        yield server


@pytest.fixture
def server(link: Bad, running: Boots) -> Iterator[Boots]:
    running.mark()
    yield running
    link.mend()


@pytest.fixture
def one(link: Bad, server: Boots) -> Iterator[Asker]:
    """Who asks it."""
    with asker(link.client, NIC) as made:
        yield made


def leased(folder: Path) -> dict[IPv4Address, str]:
    """Who has which address, as the file of leases has it."""
    found = Book(read(folder / "state/leases").entries).leases.values()
    return {each.address: each.mac for each in found if not each.released}


def dashed(mac: bytes) -> str:
    return mac.hex(":")


@contextmanager
def exchange_of(one: Asker, mac: bytes, xid: int, **more: object) -> Iterator[Heard]:
    """The offer that a machine takes; it asks up to nine times."""
    for _ in range(9):
        one.send(message(DISCOVER, mac, xid, **more))
        if found := one.heard(0.4, 1, xid):
            yield found[0]
            return
    raise AssertionError("no offer to nine DISCOVERs")


def given(one: Asker, mac: bytes, xid: int) -> set[IPv4Address]:
    """The addresses of the ACKs that a machine gets in an exchange: one, unless all goes wrong."""
    with exchange_of(one, mac, xid) as offer:
        for _ in range(9):
            one.send(message(REQUEST, mac, xid, wanted=offer.message.yiaddr, server=US))
            acks = [each for each in one.heard(0.3, 3, xid) if each.kind is ACK]
            if acks:
                return {each.message.yiaddr for each in acks}
    raise AssertionError("no ACK to nine REQUESTs")


def test_doubled_requests_by_broadcast_and_relay_lease_one_address(
    link: Bad, server: Boots, one: Asker, folder: Path
) -> None:
    """Where a switch floods what the relay forwards, too, each message comes both ways."""
    link.become("double=1,copies=3")
    offers, acks = [], []
    relayed = {"giaddr": RELAY, "hops": 1}
    for ways in range(1, 4):
        one.send(message(DISCOVER, STRANGER, ways))
        one.send(message(DISCOVER, STRANGER, ways, **relayed), source=RELAY)
        offers += one.heard(1, 12, ways)
        wanted = {"wanted": offers[-1].message.yiaddr, "server": US}
        one.send(message(REQUEST, STRANGER, ways, **wanted))
        one.send(message(REQUEST, STRANGER, ways, **wanted, **relayed), source=RELAY)
        acks += [each for each in one.heard(1, 18, ways) if each.kind is ACK]
    server.until(events.AddressLeased)

    assert len(offers) >= 12
    assert len(acks) >= 12
    assert 1 == len({each.message.yiaddr for each in offers + acks})
    assert 1 == len(server.told(events.AddressLeased))
    assert 1 == list(leased(folder).values()).count(dashed(STRANGER))


def test_a_request_whose_ack_was_lost_is_answered_alike(
    link: Bad, server: Boots, one: Asker
) -> None:
    mac = STRANGER[:5] + b"\x52"
    with exchange_of(one, mac, 5) as offer:
        wanted = {"wanted": offer.message.yiaddr, "server": US}
        link.become(";drop=1")
        one.send(message(REQUEST, mac, 5, **wanted))
        server.until(events.AckSent)
        assert [] == one.heard(0.3)
        link.mend()
        one.send(message(REQUEST, mac, 5, **wanted))
        [ack] = one.heard(2, 1)

    assert (ACK, offer.message.yiaddr) == (ack.kind, ack.message.yiaddr)
    server.until(events.AddressLeased)
    assert 1 == len(server.told(events.AddressLeased))


def test_a_late_release_takes_no_address_from_who_has_it_again(
    server: Boots, one: Asker, folder: Path
) -> None:
    """The server cannot know that it is late; but it gives others what nobody had, first."""
    mac, other = STRANGER[:5] + b"\x53", STRANGER[:5] + b"\x54"
    [own] = given(one, mac, 7)
    release = message(MessageType.RELEASE, mac, 8, ciaddr=own, server=US)
    one.send(release, source=own)
    server.until(events.AddressReleased)
    server.mark()
    assert {own} == given(one, mac, 9)
    one.send(release, source=own)
    server.until(events.AddressReleased)
    assert {own}.isdisjoint(given(one, other, 10))
    one.send(message(REQUEST, mac, 11, wanted=own))  # as a system asks that starts anew
    [ack] = one.heard(2, 1, 11)

    assert (ACK, own) == (ack.kind, ack.message.yiaddr)
    assert dashed(mac) == leased(folder)[own]


@pytest.mark.parametrize("times", rounds(20, 300))
def test_no_address_is_given_twice_and_no_machine_gets_two(
    link: Bad, server: Boots, one: Asker, folder: Path, times: int
) -> None:
    """Machines of a pool come in turn, while packets of all of them are doubled, late and lost."""
    machines = [bytes.fromhex("52540071") + number.to_bytes(2) for number in range(20)]
    dice = random.Random(4)
    had: dict[bytes, set[IPv4Address]] = {mac: set() for mac in machines}
    figures = Figures("DHCP, 20 machines of a pool, everything doubled, late and lost")
    link.become("drop=5%,double=20%,reorder=20%,jitter=5ms,stale=30%,late=300ms")
    for number in range(times):
        mac = machines[number] if number < 20 else dice.choice(machines)
        with figures.timed():
            had[mac] |= given(one, mac, 1_000 + number)
    link.mend()
    time.sleep(0.5)  # more than the latest of the copies
    figures.print()
    names = {dashed(mac) for mac in machines}
    told = Counter(each.mac for each in server.told(events.AddressLeased) if each.mac in names)
    kept = [mac for mac in leased(folder).values() if mac in names]

    assert {1} == {len(each) for each in had.values()}
    assert 20 == len(set.union(*had.values()))
    assert set(told.values()) <= {1}  # none, of who had its lease from a shorter round
    assert names == set(kept)
    assert 20 == len(kept)


@pytest.mark.parametrize("times", rounds(300, 20_000))
def test_damage_that_no_checksum_tells_of_gets_nobody_anothers_address(
    link: Bad, server: Boots, one: Asker, times: int
) -> None:
    """Each reply gives the machine it names what is reserved for it, or an address of the pool.

    Every neighbour's MAC is one bit away, so that damage can make one of them.
    """
    me, found = bytes.fromhex("525400700010"), []
    link.become("damage=1,unnoticed;")
    for xid in range(1, times + 1):
        relayed = {"giaddr": RELAY, "hops": 1} if xid % 3 == 0 else {}
        wanted = {"wanted": CLIENT.ip, "server": US} if xid % 2 else {}
        kind = REQUEST if xid % 2 else DISCOVER
        one.send(message(kind, me, xid, **wanted, **relayed), source=RELAY)
        found += one.heard(0.004)
    found += one.heard(1)
    link.mend()
    one.send(message(DISCOVER, me, 1 << 20))
    assert [CLIENT.ip] == [each.message.yiaddr for each in one.heard(2, 1, 1 << 20)]
    dropped = len(server.told(events.PacketDropped))
    print(f"\n  DHCP, damage that fits: {times} times, {len(found)} answered, {dropped} dropped")
    replies = [each for each in found if each.kind is not MessageType.NAK]
    pooled: dict[IPv4Address, set[bytes]] = {}
    for each in replies:
        mac, address = each.message.chaddr, each.message.yiaddr
        if mac in RESERVED:
            assert RESERVED[mac] == address
        else:  # nobody asks for what such a MAC is offered, so that others may be offered it, too
            pooled.setdefault(address, set()).update({mac} if each.kind is ACK else ())

    assert len(replies) > times // 2
    assert all(100 <= int(address) & 0xFF < 150 for address in pooled)
    assert all(len(each) <= 1 for each in pooled.values())
    assert {each.to for each in found} <= {EVERYONE, RELAY, *RESERVED.values(), *pooled}


def test_a_way_that_only_leads_to_the_server_is_told(link: Bad, server: Boots, one: Asker) -> None:
    mac = STRANGER[:5] + b"\x55"
    link.become(";drop=1")
    for tries in range(3):
        server.mark()
        one.send(message(DISCOVER, mac, tries))
        server.until(events.OfferSent)
    entries = [events.decode(line) for line in server.journal.read_bytes().splitlines()]
    boots_seen = Timelines()
    boots_seen.take([each for each in entries if getattr(each.event, "mac", "") == dashed(mac)])
    boots_seen.tick(entries[-1].at + 60)
    [boot] = boots_seen.boots()

    assert boot.finding is not None
    assert "offer-not-taken" == boot.finding.code

"""DHCP over bad links, packet by packet: nobody gets another's address, and nobody two."""

import random
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
STRANGER = bytes.fromhex("525400700051")
RELAY = IPv4Address("192.168.70.20")
US = SERVER.ip


@pytest.fixture(scope="module")
def link() -> Iterator[Bad]:
    with bad(seed=11) as made:
        yield made


@contextmanager
def pooling(link: Bad, folder: Path) -> Iterator[tuple[Boots, Asker]]:
    """A server with a pool, and who asks it."""
    (folder / "boots.toml").write_text(POOL)
    link.mend()
    with boots(link.server, folder, "--config", folder / "boots.toml") as server:
        with asker(link.client, NIC) as one:
            yield server, one
        link.mend()


def leased(folder: Path) -> dict[IPv4Address, str]:
    """Who has which address, as the file of leases has it."""
    return {
        each.address: each.mac
        for each in Book(read(folder / "state/leases").entries).leases.values()
    }


@contextmanager
def exchange_of(one: Asker, mac: bytes, xid: int, **more: object) -> Iterator[Heard]:
    """The offer that a machine takes; it asks up to nine times."""
    for _ in range(9):
        one.send(message(DISCOVER, mac, xid, **more))
        if found := one.heard(0.4, 1, xid):
            yield found[0]
            return
    raise AssertionError("no offer to nine DISCOVERs")


def test_doubled_requests_by_broadcast_and_relay_lease_one_address(
    link: Bad, tmp_path: Path
) -> None:
    """Where a switch floods what the relay forwards, too, each message comes both ways."""
    with pooling(link, tmp_path) as (server, one):
        link.become("double=1,copies=3")
        offers, acks = [], []
        relayed = {"giaddr": RELAY, "hops": 1}
        run(link.client, "ip", "address", "add", f"{RELAY}/24", "dev", NIC)
        for ways in range(5):
            one.send(message(DISCOVER, STRANGER, ways))
            one.send(message(DISCOVER, STRANGER, ways, **relayed), source=RELAY)
            offers += one.heard(0.5, 12)
            wanted = {"wanted": offers[-1].message.yiaddr, "server": US}
            one.send(message(REQUEST, STRANGER, ways, **wanted))
            one.send(message(REQUEST, STRANGER, ways, **wanted, **relayed), source=RELAY)
            acks += one.heard(0.5, 12)
        server.until(events.AddressLeased)
        told = server.told(events.AddressLeased)

    assert len(offers) >= 15
    assert len(acks) >= 15
    assert 1 == len({each.message.yiaddr for each in offers + acks})
    assert {MessageType.OFFER, ACK} == {each.kind for each in offers + acks}
    assert 1 == len(told)
    assert ["52:54:00:70:00:51"] == list(leased(tmp_path).values())


def test_a_request_whose_ack_was_lost_is_answered_alike(link: Bad, tmp_path: Path) -> None:
    with pooling(link, tmp_path) as (server, one), exchange_of(one, STRANGER, 5) as offer:
        wanted = {"wanted": offer.message.yiaddr, "server": US}
        link.become(";drop=1")
        one.send(message(REQUEST, STRANGER, 5, **wanted))
        server.until(events.AckSent)
        assert [] == one.heard(0.3)
        link.mend()
        one.send(message(REQUEST, STRANGER, 5, **wanted))
        [ack] = one.heard(2, 1)
        assert (ACK, offer.message.yiaddr) == (ack.kind, ack.message.yiaddr)
        server.until(events.AddressLeased)
        assert 1 == len(server.told(events.AddressLeased))


@pytest.mark.parametrize("times", rounds(20, 300))
def test_no_address_is_given_twice_and_no_machine_gets_two(
    link: Bad, tmp_path: Path, times: int
) -> None:
    """Machines of a pool come in turn, while packets of all of them are doubled, late and lost."""
    machines = [bytes.fromhex("52540071") + number.to_bytes(2) for number in range(20)]
    dice = random.Random(4)
    had: dict[bytes, set[IPv4Address]] = {mac: set() for mac in machines}
    with pooling(link, tmp_path) as (server, one):
        link.become("drop=5%,double=20%,reorder=20%,jitter=5ms,stale=30%,late=300ms")
        for xid in range(1, times + 1):
            mac = machines[xid % 20] if xid <= 20 else dice.choice(machines)
            with exchange_of(one, mac, xid) as offer:
                for _ in range(9):
                    given = offer.message.yiaddr
                    one.send(message(REQUEST, mac, xid, wanted=given, server=US))
                    acks = [each for each in one.heard(0.3, 3, xid) if each.kind is ACK]
                    had[mac] |= {each.message.yiaddr for each in acks}
                    if acks:
                        break
        kept = leased(tmp_path)
        told = Counter(each.mac for each in server.told(events.AddressLeased))

    assert {1} == {len(each) for each in had.values()}
    assert 20 == len(set.union(*had.values()))
    assert {1} == set(told.values())
    assert set.union(*had.values()) == kept.keys()


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


@pytest.mark.parametrize("times", rounds(300, 20_000))
def test_damage_that_no_checksum_tells_of_gets_nobody_anothers_address(
    link: Bad, tmp_path: Path, times: int
) -> None:
    """Each reply gives the machine it names what is reserved for it, and goes nowhere else.

    Every neighbour's MAC is one bit away; so half of them could be meant.
    """
    me, found, figures = bytes.fromhex("525400700010"), [], Figures("DHCP, damage with checksums")
    link.mend()
    with (
        boots(link.server, tmp_path, records=RECORD + NEIGHBOURS) as server,
        asker(link.client, NIC) as one,
    ):
        run(link.client, "ip", "address", "add", f"{RELAY}/24", "dev", NIC)
        link.become("damage=1,unnoticed;")
        for xid in range(times):
            relayed = {"giaddr": RELAY, "hops": 1} if xid % 3 == 0 else {}
            if xid % 2:
                more = {"wanted": CLIENT.ip, "server": US}
                one.send(message(REQUEST, me, xid, **more, **relayed), source=RELAY)
            else:
                one.send(message(DISCOVER, me, xid, **relayed), source=RELAY)
            if xid % 20 == 0:
                found += one.heard(0.02)
        found += one.heard(1)
        link.mend()
        one.send(message(DISCOVER, me, 1 << 20))
        assert [CLIENT.ip] == [each.message.yiaddr for each in one.heard(2, 1)]
        dropped = len(server.told(events.PacketDropped))

    given = [each for each in found if each.kind is not MessageType.NAK]
    figures.notes.append(f"{times} damaged, {len(found)} answered, {dropped} dropped")
    figures.print()
    assert len(given) > times // 4
    assert [] == [each for each in given if each.message.yiaddr != RESERVED[each.message.chaddr]]
    assert {each.to for each in found} <= {EVERYONE, RELAY, *RESERVED.values()}


def test_a_way_that_only_leads_to_the_server_is_told(link: Bad, tmp_path: Path) -> None:
    with pooling(link, tmp_path) as (server, one):
        link.become(";drop=1")
        for tries in range(3):
            server.mark()
            one.send(message(DISCOVER, STRANGER, tries))
            server.until(events.OfferSent)
        entries = [events.decode(line) for line in server.journal.read_bytes().splitlines()]
    boots = Timelines()
    boots.take(entries)
    boots.tick(entries[-1].at + 60)
    [boot] = boots.boots()

    assert boot.finding is not None
    assert "offer-not-taken" == boot.finding.code

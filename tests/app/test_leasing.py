"""What DHCP messages mean for a pool: RFC 2131 §4.3, over leases."""
# ruff: noqa: ASYNC110  # to look again and again is all there is to do with a file

import asyncio
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.app.pools import NETWORK, ONE, START, SUBNET, THREE, TWO, Bench, Silent
from tests.policy.made import SERVER, ipxe, rom, system

from boots.app.leasing import Leasing
from boots.journal import events
from boots.leases.entry import decode
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.site import Range
from boots.policy.boot import Load
from boots.serve.sockets import StartError
from boots.wire import options
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

DISCOVER, REQUEST, INFORM = MessageType.DISCOVER, MessageType.REQUEST, MessageType.INFORM
FIRST, SECOND, THIRD = (IPv4Address(f"192.168.1.{n}") for n in (101, 103, 104))
OUTSIDE = IPv4Address("192.168.1.50")
RELAY = IPv4Address("10.9.0.254")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def asks(mac: Mac, kind: MessageType = DISCOVER, *, who: Any = system, **header: Any) -> Message:
    """A message; `wanted` and `server` are options 50 and 54."""
    more = {
        option.code: header.pop(name).packed
        for name, option in (("wanted", options.REQUESTED_ADDRESS), ("server", options.SERVER_ID))
        if name in header
    }
    asked: Message = who(kind, more=more, chaddr=macs.to_bytes(mac), **header)
    return asked


def lease(bench: Bench, mac: Mac, who: Any = system) -> IPv4Address:
    """All four messages; the address that comes of them."""
    offered = bench.given(asks(mac, who=who))
    assert offered is not None
    got = bench.given(asks(mac, REQUEST, who=who, wanted=offered, server=SERVER))
    assert got == offered
    return got


def end(bench: Bench) -> float:
    """When the lease of the first address ends, counted from the start."""
    return bench.leasing.keeper.book.leases[FIRST].until - START


def kind_of(bench: Bench, message: Message) -> MessageType | None:
    reply = bench.answer(message).reply
    return reply.kind if reply is not None else None


# --- who gets which


def test_strangers_get_addresses_of_the_pool_in_order(bench: Bench) -> None:
    assert [lease(bench, ONE), lease(bench, TWO)] == [FIRST, SECOND]


def test_rom_ipxe_and_system_keep_one_address(bench: Bench) -> None:
    assert {lease(bench, ONE, who) for who in (rom, ipxe, system)} == {FIRST}


def test_a_client_identifier_changes_nothing(bench: Bench) -> None:
    lease(bench, ONE)
    other = system(DISCOVER, more={61: b"\xff1234"}, chaddr=macs.to_bytes(ONE))

    assert bench.given(other) == FIRST


def test_a_stranger_is_told_what_to_boot(bench: Bench) -> None:
    answer = bench.answer(asks(ONE, who=rom))

    assert isinstance(answer.decision, Load)
    assert answer.reply is not None
    assert answer.reply.siaddr == SERVER
    assert answer.reply.get(options.ROUTER) == (SUBNET.gateway,)


@pytest.mark.parametrize(("who", "seconds"), [(rom, 300), (ipxe, 300), (system, 86_400)])
def test_firmware_gets_a_short_lease_and_a_system_a_long_one(
    bench: Bench, who: Any, seconds: int
) -> None:
    lease(bench, ONE, who)

    assert end(bench) == seconds
    reply = bench.answer(asks(ONE, who=who)).reply
    assert reply is not None
    assert reply.get(options.LEASE_TIME) == seconds


def test_an_offer_is_held_for_a_minute(bench: Bench) -> None:
    assert bench.given(asks(ONE)) == FIRST
    bench.now += 59
    assert bench.given(asks(TWO)) == SECOND
    bench.now += 2
    assert bench.given(asks(TWO)) == SECOND
    assert bench.given(asks(THREE)) == THIRD
    assert bench.given(asks(Mac("52:54:00:00:00:04"))) == FIRST


def test_where_nothing_else_is_left_the_oldest_offer_goes_to_the_next(bench: Bench) -> None:
    for number in range(100):  # who makes MACs up, and never asks for what it is offered
        assert bench.given(asks(Mac(f"02:00:00:00:00:{number:02x}"))) is not None
        bench.now += 0.01

    assert (
        bench.answer(asks(ONE)).address_why
        == "nobody asked for it, and 192.168.1.0/24 has no other"
    )
    assert lease(bench, ONE) in {FIRST, SECOND, THIRD}


def test_who_asks_first_for_what_two_were_offered_gets_it(bench: Bench) -> None:
    assert bench.given(asks(ONE)) == FIRST
    for number in range(3):
        bench.answer(asks(Mac(f"02:00:00:00:00:{number:02x}")))
    late = Mac("02:00:00:00:00:02")
    assert bench.leasing.keeper.book.offered_to(late, NETWORK, bench.now) == FIRST

    assert bench.given(asks(ONE, REQUEST, wanted=FIRST, server=SERVER)) == FIRST
    assert kind_of(bench, asks(late, REQUEST, wanted=FIRST, server=SERVER)) is MessageType.NAK
    assert bench.given(asks(ONE, REQUEST, ciaddr=FIRST)) == FIRST


def test_a_lease_is_never_taken_back_for_another(bench: Bench) -> None:
    had = [lease(bench, mac) for mac in (ONE, TWO, THREE)]
    for number in range(9):
        assert bench.given(asks(Mac(f"02:00:00:00:00:{number:02x}"))) is None
    for mac, address in zip((ONE, TWO, THREE), had, strict=True):
        assert bench.given(asks(mac, REQUEST, ciaddr=address)) == address


def test_nobody_adopts_the_address_of_its_relay(bench: Bench) -> None:
    relay = IPv4Address("10.9.0.5")
    message = asks(ONE, REQUEST, wanted=relay, giaddr=relay)
    assert kind_of(bench, message) is MessageType.NAK


def test_who_comes_back_gets_the_address_it_had(bench: Bench) -> None:
    lease(bench, ONE)
    lease(bench, TWO)
    bench.now += 90_000

    assert bench.given(asks(TWO)) == SECOND


def test_what_ended_first_is_given_first(bench: Bench) -> None:
    for mac in (ONE, TWO, THREE):
        lease(bench, mac)
        bench.now += 10
    bench.answer(asks(ONE, REQUEST, ciaddr=FIRST))  # renews: it ends last now
    bench.now += 100_000

    assert bench.given(asks(Mac("52:54:00:00:00:09"))) == SECOND


def test_a_wanted_address_is_given_if_it_is_free(bench: Bench) -> None:
    assert bench.given(asks(ONE, wanted=THIRD)) == THIRD
    assert bench.given(asks(TWO, wanted=THIRD)) == FIRST
    assert bench.given(asks(THREE, wanted=OUTSIDE)) == SECOND


def test_reserved_addresses_ours_and_the_gateways_are_never_given(bench: Bench) -> None:
    wide = Range(first=NETWORK.network_address, last=NETWORK.broadcast_address)
    pool = Range(first=IPv4Address("192.168.1.255"), last=IPv4Address("192.168.1.255"))
    first = Range(first=NETWORK.network_address, last=IPv4Address("192.168.1.2"))
    bench.site(subnets=(type(SUBNET)(network=NETWORK, gateway=OUTSIDE, pool=(pool, first)),))
    bench.records(m525400000009=IPv4Address("192.168.1.2"))

    assert bench.answer(asks(ONE)).why == (
        "the pool of 192.168.1.0/24 is used up: 0 leased, 0 blocked"
    )
    bench.site(subnets=(type(SUBNET)(network=NETWORK, gateway=OUTSIDE, pool=(wide,)),))
    bench.now += 2
    for wanted in ("192.168.1.0", "192.168.1.1", "192.168.1.2", "192.168.1.50", "192.168.1.255"):
        assert bench.given(asks(ONE, wanted=IPv4Address(wanted))) == IPv4Address("192.168.1.3")


def test_a_pool_that_is_used_up_says_so(bench: Bench) -> None:
    for number in (1, 2, 3):
        lease(bench, Mac(f"52:54:00:00:01:0{number}"))

    answer = bench.answer(asks(ONE))
    assert answer.reply is None
    assert answer.why == "the pool of 192.168.1.0/24 is used up: 3 leased, 0 blocked"


def test_an_address_that_comes_back_ends_that(bench: Bench) -> None:
    for number in (1, 2, 3):
        lease(bench, Mac(f"52:54:00:00:01:0{number}"))
    assert bench.given(asks(ONE)) is None
    bench.answer(asks(Mac("52:54:00:00:01:02"), MessageType.RELEASE, ciaddr=SECOND))

    assert bench.given(asks(ONE)) == SECOND


def test_a_network_without_a_pool_is_silent(bench: Bench) -> None:
    bench.site(subnets=())

    assert bench.answer(asks(ONE)).why == "192.168.1.0/24 has no pool"


def test_a_relay_that_is_in_no_subnet_is_named(bench: Bench) -> None:
    away = asks(ONE, giaddr=IPv4Address("10.8.0.1"))

    assert bench.answer(away).why == "no subnet is known that has 10.8.0.1"


def test_a_client_behind_a_relay_gets_an_address_of_its_network(bench: Bench) -> None:
    assert bench.given(asks(ONE, giaddr=RELAY)) == IPv4Address("10.9.0.1")


def test_a_relays_own_address_is_not_given(bench: Bench) -> None:
    assert bench.given(asks(ONE, giaddr=IPv4Address("10.9.0.1"))) == IPv4Address("10.9.0.2")


def test_a_renewal_from_behind_a_relay_comes_without_it(bench: Bench) -> None:
    got = bench.given(asks(ONE, giaddr=RELAY))
    assert got is not None
    bench.answer(asks(ONE, REQUEST, giaddr=RELAY, wanted=got, server=SERVER))

    assert bench.given(asks(ONE, REQUEST, ciaddr=got)) == got


def test_one_mac_may_have_an_address_in_each_network(bench: Bench) -> None:
    lease(bench, ONE)
    bench.given(asks(ONE, giaddr=RELAY))

    assert bench.given(asks(ONE, REQUEST, ciaddr=FIRST)) == FIRST


# --- REQUEST in its four states


def test_who_takes_anothers_offer_frees_ours(bench: Bench) -> None:
    bench.answer(asks(ONE))
    other = bench.answer(asks(ONE, REQUEST, wanted=OUTSIDE, server=IPv4Address("192.168.1.2")))

    assert other.why == "the client took the offer of 192.168.1.2"
    assert bench.given(asks(TWO, wanted=FIRST)) == FIRST


def test_an_offer_outlives_a_restart(bench: Bench) -> None:
    bench.answer(asks(ONE))
    bench.restart()

    assert bench.given(asks(ONE, REQUEST, wanted=FIRST, server=SERVER)) == FIRST


@pytest.mark.parametrize("state", [{"wanted": FIRST}, {"ciaddr": FIRST}])
def test_who_has_a_lease_keeps_it_at_reboot_and_renewal(bench: Bench, state: Any) -> None:
    lease(bench, ONE)
    bench.now += 1000

    assert bench.given(asks(ONE, REQUEST, **state)) == FIRST
    assert end(bench) == 1000 + 86_400


@pytest.mark.parametrize("state", [{"wanted": FIRST}, {"ciaddr": FIRST}])
def test_a_system_that_has_anothers_address_gets_a_nak(bench: Bench, state: Any) -> None:
    lease(bench, TWO)

    answer = bench.answer(asks(ONE, REQUEST, **state))
    assert answer.reply is not None
    assert answer.reply.kind is MessageType.NAK
    assert answer.why == "its lease is 192.168.1.103, it asks for 192.168.1.101"


@pytest.mark.parametrize("who", [rom, ipxe])
def test_firmware_gets_another_address_and_no_nak(bench: Bench, who: Any) -> None:
    lease(bench, TWO)

    assert bench.given(asks(ONE, REQUEST, who=who, wanted=FIRST)) == SECOND
    assert bench.leasing.keeper.book.leases[SECOND].mac == ONE


def test_who_had_an_address_that_we_forgot_keeps_it(bench: Bench) -> None:
    assert bench.given(asks(ONE, REQUEST, ciaddr=THIRD)) == THIRD


def test_beside_other_servers_what_we_do_not_know_is_theirs(bench: Bench) -> None:
    bench.site(authoritative=False)

    assert bench.answer(asks(ONE, REQUEST, wanted=THIRD)).why == (
        "nothing is known of 192.168.1.104 here, and others may know it"
    )


def test_a_nak_gives_nothing(bench: Bench) -> None:
    lease(bench, TWO)
    bench.answer(asks(ONE, REQUEST, wanted=FIRST))

    assert [each.mac for each in bench.leasing.keeper.book.leases.values()] == [TWO]


def test_an_inform_gets_what_the_subnet_says_and_no_lease(bench: Bench) -> None:
    answer = bench.answer(asks(ONE, INFORM, ciaddr=OUTSIDE))

    assert answer.reply is not None
    assert answer.reply.get(options.ROUTER) == (SUBNET.gateway,)
    assert bench.leasing.keeper.book.leases == {}


# --- coming back, and not being wanted


def test_a_released_address_is_free_and_remembers(bench: Bench) -> None:
    lease(bench, ONE)
    bench.answer(asks(ONE, MessageType.RELEASE, ciaddr=FIRST))

    assert bench.leasing.at(FIRST) is None
    assert bench.given(asks(ONE)) == FIRST


def test_nobody_releases_anothers_address(bench: Bench) -> None:
    lease(bench, ONE)
    bench.answer(asks(TWO, MessageType.RELEASE, ciaddr=FIRST))

    assert bench.leasing.at(FIRST) == ONE


def test_a_declined_address_is_blocked_for_a_day_and_over_a_restart(bench: Bench) -> None:
    lease(bench, ONE)
    bench.answer(asks(ONE, MessageType.DECLINE, wanted=FIRST))

    assert bench.told[-1] == events.AddressBlocked(
        address=str(FIRST), interface="lan0", why=f"{ONE} declined it: somebody else uses it"
    )
    bench.restart()
    assert bench.given(asks(ONE)) == SECOND
    bench.now += 86_401
    assert bench.given(asks(TWO, wanted=FIRST)) == FIRST


def test_nobody_declines_anothers_address(bench: Bench) -> None:
    lease(bench, ONE)
    bench.answer(asks(TWO, MessageType.DECLINE, wanted=FIRST))

    assert bench.given(asks(ONE, REQUEST, ciaddr=FIRST)) == FIRST


# --- records


def test_a_record_with_the_leased_address_changes_nothing_for_the_machine(bench: Bench) -> None:
    lease(bench, ONE)
    bench.records(m525400000001=FIRST)

    assert bench.given(asks(ONE, REQUEST, ciaddr=FIRST)) == FIRST


def test_a_record_with_another_address_wins_at_the_next_discover(bench: Bench) -> None:
    lease(bench, ONE)
    bench.records(m525400000001=OUTSIDE)

    assert bench.given(asks(ONE)) == OUTSIDE


def test_a_lease_on_what_a_record_takes_ends_at_its_renewal(bench: Bench) -> None:
    lease(bench, ONE)
    bench.records(m525400000009=FIRST)

    assert kind_of(bench, asks(ONE, REQUEST, ciaddr=FIRST)) is MessageType.NAK
    assert bench.given(asks(ONE)) == SECOND


def test_whoever_moved_to_another_address_leaves_its_first(bench: Bench) -> None:
    lease(bench, ONE)
    bench.records(m525400000009=FIRST)
    assert lease(bench, ONE) == SECOND
    bench.records()

    assert bench.given(asks(TWO, wanted=FIRST)) == FIRST


def test_a_machine_whose_record_has_no_address_leases_one(bench: Bench) -> None:
    bench.records(m525400000001=None)
    bench.site(unknown="")

    answer = bench.answer(asks(ONE, who=rom))
    assert answer.reply is not None
    assert answer.reply.yiaddr == FIRST
    assert isinstance(answer.decision, Load)  # it is no stranger


def test_a_subnet_that_comes_with_a_reload_is_used(bench: Bench) -> None:
    lease(bench, ONE)
    lower = Range(first=IPv4Address("192.168.1.20"), last=IPv4Address("192.168.1.29"))
    bench.site(subnets=(type(SUBNET)(network=NETWORK, pool=(lower,)),))

    assert bench.given(asks(TWO)) == IPv4Address("192.168.1.20")
    assert bench.given(asks(ONE)) == IPv4Address("192.168.1.21")


# --- reasons and events


def test_an_answer_says_how_its_address_was_found(bench: Bench) -> None:
    assert bench.answer(asks(ONE)).address_why == "new lease from the pool of 192.168.1.0/24"
    lease(bench, ONE)
    assert bench.answer(asks(ONE)).address_why == (
        "leased to it since 2027-01-15 08:00:00Z, until 2027-01-16 08:00:00Z"
    )
    bench.now += 90_000
    assert bench.answer(asks(ONE)).address_why == "it had this address until 2027-01-16 08:00:00Z"


def test_a_new_lease_is_told_and_its_renewal_is_not(bench: Bench) -> None:
    lease(bench, ONE)
    bench.answer(asks(ONE, REQUEST, ciaddr=FIRST))

    assert bench.told == [
        events.AddressLeased(
            mac=ONE,
            interface="lan0",
            address=str(FIRST),
            until="2027-01-16 08:00:00Z",
            why="it was offered to it a moment ago",
        )
    ]


def test_whoever_asks_from_a_leased_address_is_known(bench: Bench) -> None:
    lease(bench, ONE, rom)

    assert bench.answers.owners.mac_of(FIRST) == ONE
    bench.now += 1000  # iPXE renews nothing, and loads on
    assert bench.answers.owners.mac_of(FIRST) == ONE
    bench.now += 4000
    assert bench.answers.owners.mac_of(FIRST) == ""


def test_in_shadow_mode_nothing_is_leased(bench: Bench) -> None:
    bench.site(shadow=True)
    lease(bench, ONE)

    assert bench.leasing.keeper.book.leases == {}


# --- the file


def test_a_lease_is_in_the_file_when_its_ack_leaves(bench: Bench) -> None:
    lease(bench, ONE)

    written = [decode(line) for line in bench.leasing.keeper.file.path.read_bytes().splitlines()]
    assert written == [bench.leasing.keeper.book.leases[FIRST]]


def test_a_lease_that_cannot_be_written_is_not_given(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.answer(asks(ONE))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bench.leasing.keeper.file, "write", full)
    answer = bench.answer(asks(ONE, REQUEST, wanted=FIRST, server=SERVER))

    assert answer.reply is None
    assert answer.why == "its lease cannot be written down: No space left on device"
    assert bench.leasing.keeper.book.leases == {}


def test_leases_outlive_a_restart(bench: Bench) -> None:
    lease(bench, ONE)
    lease(bench, TWO)
    bench.restart()

    assert bench.given(asks(TWO)) == SECOND
    assert bench.given(asks(THREE)) == THIRD


def test_a_torn_last_line_is_forgiven_and_told(bench: Bench) -> None:
    lease(bench, ONE)
    bench.leasing.close()
    with bench.leasing.keeper.file.path.open("ab") as file:
        file.write(b'{"is":"lease","addr')
    with structlog.testing.capture_logs() as said:
        bench.start()

    assert ["the last line of the leases was torn, and is left out"] == [
        line["event"] for line in said
    ]
    assert bench.given(asks(ONE)) == FIRST


def test_a_file_that_is_none_of_ours_stops_the_start_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    path.write_text("lease 192.168.1.2 {\n}\n")

    with pytest.raises(StartError, match="this is no file of leases; restore it"):
        Leasing(path, [], lambda: None, lambda: START, print)  # type: ignore[arg-type, return-value]
    assert path.read_text() == "lease 192.168.1.2 {\n}\n"


# --- probes


@pytest.fixture
def probed(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, prober=Silent())
    yield made
    made.close()


def network(bench: Bench) -> Silent:
    assert bench.prober is not None
    return bench.prober


def test_before_the_first_probe_nothing_new_is_given(probed: Bench) -> None:
    answer = probed.answer(asks(ONE))

    assert answer.reply is None
    assert answer.why == "an address of 192.168.1.0/24 is being probed; it will ask again"


def test_addresses_are_probed_before_anybody_asks(probed: Bench) -> None:
    probed.probe()

    assert network(probed).asked == [FIRST, SECOND, THIRD]
    assert probed.given(asks(ONE)) == FIRST


def test_a_probe_is_good_for_some_minutes(probed: Bench) -> None:
    probed.probe()
    probed.now += 301
    assert probed.given(asks(ONE)) is None
    probed.probe()

    assert probed.given(asks(ONE)) == FIRST


def test_an_address_that_somebody_uses_is_blocked_and_told(probed: Bench) -> None:
    network(probed).users[FIRST] = THREE
    probed.probe()

    assert probed.given(asks(ONE)) == SECOND
    assert probed.told == [
        events.AddressBlocked(address=str(FIRST), interface="lan0", why=f"{THREE} uses it")
    ]


def test_who_uses_an_address_may_lease_it(probed: Bench) -> None:
    network(probed).users[FIRST] = THREE
    probed.probe()

    assert probed.given(asks(THREE, REQUEST, wanted=FIRST)) == FIRST


def test_a_machine_that_comes_back_need_not_wait_for_a_probe(probed: Bench) -> None:
    probed.probe()
    lease(probed, ONE)
    probed.now += 90_000

    assert probed.given(asks(ONE)) == FIRST
    network(probed).users[FIRST] = TWO  # who took it meanwhile answers before the REQUEST comes
    probed.probe()
    assert kind_of(probed, asks(ONE, REQUEST, wanted=FIRST, server=SERVER)) is MessageType.NAK


def test_a_leased_address_is_not_taken_from_who_has_it_by_its_own_answer(probed: Bench) -> None:
    probed.probe()
    lease(probed, ONE)
    network(probed).users[FIRST] = ONE
    probed.leasing.keeper.checks.wish(FIRST)
    probed.probe()

    assert probed.told[1:] == []
    assert probed.given(asks(ONE, REQUEST, ciaddr=FIRST)) == FIRST


def test_networks_behind_relays_are_not_probed(probed: Bench) -> None:
    assert probed.given(asks(ONE, giaddr=RELAY)) == IPv4Address("10.9.0.1")


def test_an_interface_that_is_down_ends_no_probing(
    probed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_: object) -> None:
        raise OSError(100, "Network is down")

    with monkeypatch.context() as patched, structlog.testing.capture_logs() as said:
        patched.setattr(network(probed), "ask", down)
        probed.probe()
    probed.probe()

    assert [line["event"] for line in said] == ["addresses cannot be probed"]
    assert probed.given(asks(ONE)) == FIRST


def test_a_server_is_ready_once_addresses_are_probed(probed: Bench) -> None:
    async def start() -> int:
        task = asyncio.create_task(probed.leasing.run())
        await probed.leasing.ready()
        task.cancel()
        return len(network(probed).asked)

    assert probed.loop.run(start()) == 3


def test_what_was_written_is_brought_to_the_disk_and_the_file_kept_small(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bench.leasing.keeper.file
    synced: list[bool] = []
    monkeypatch.setattr(file, "sync", lambda: synced.append(True))

    async def load() -> None:
        task = asyncio.create_task(bench.leasing.run())
        for _ in range(2000):
            bench.answer(asks(ONE, REQUEST, ciaddr=FIRST))
        while len(file.path.read_bytes().splitlines()) > 100:
            await asyncio.sleep(0.001)
        task.cancel()

    bench.loop.run(asyncio.wait_for(load(), 5))
    assert synced
    bench.restart()
    assert bench.leasing.at(FIRST) == ONE

"""Other DHCP servers: who is told of, how often, and who is not."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from tests.serve.bench import Told

from boots.journal import events
from boots.model.mac import Mac
from boots.serve.foreign import ForeignServers, Neighbourhood
from boots.wire import dhcp, options, pxe
from boots.wire.dhcp import BOOTREPLY, BOOTREQUEST, Message
from boots.wire.options import MessageType

MAC, OTHER_MAC = "52:54:00:12:34:56", "52:54:00:12:34:99"
US, THEM = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
FRIEND = IPv4Address("192.0.2.3")
ADDRESS, NOWHERE = IPv4Address("192.0.2.77"), IPv4Address(0)
RELAY = IPv4Address("198.51.100.254")


def chaddr(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def reply(
    kind: MessageType = MessageType.OFFER, server: IPv4Address | None = THEM, mac: str = MAC
) -> Message:
    values = {53: bytes([kind])}
    if server is not None:
        values[54] = server.packed
    return Message(
        op=BOOTREPLY,
        xid=1,
        chaddr=chaddr(mac),
        yiaddr=ADDRESS,
        file=b"theirs.efi",
        options=values,
    )


def request(server: IPv4Address | None = THEM, kind: MessageType = MessageType.REQUEST) -> Message:
    values = {53: bytes([kind]), options.REQUESTED_ADDRESS.code: ADDRESS.packed}
    if server is not None:
        values[54] = server.packed
    return Message(op=BOOTREQUEST, xid=1, chaddr=chaddr(MAC), options=values)


class Bench:
    def __init__(self) -> None:
        self.told = Told()
        self.now = 100.0
        self.expects = False
        around = Neighbourhood(
            is_wanted=lambda address: address in {US, FRIEND},
            may_boot=lambda mac: mac == Mac(MAC),
            expects=lambda: self.expects,
        )
        self.foreign = ForeignServers("lan0", around, self.told.record, lambda: self.now)

    def hear(self, said: Message, source: IPv4Address = THEM) -> None:
        self.foreign.heard(said, source)

    @property
    def seen(self) -> list[events.ForeignServerSeen]:
        return self.told.of(events.ForeignServerSeen)


SEEN = events.ForeignServerSeen(
    mac=MAC,
    interface="lan0",
    server="192.0.2.2",
    address="192.0.2.77",
    boot_file="theirs.efi",
    reply="OFFER",
)


def test_another_server_s_offer_is_told() -> None:
    bench = Bench()
    bench.hear(reply())

    assert [SEEN] == bench.seen


def test_where_others_are_meant_to_be_the_event_says_so() -> None:
    bench = Bench()
    bench.expects = True
    bench.hear(reply())

    assert [True] == [each.expected for each in bench.seen]


def test_a_server_without_an_identifier_is_known_by_its_address() -> None:
    bench = Bench()
    bench.hear(reply(server=None))

    assert ["192.0.2.2"] == [each.server for each in bench.seen]


@pytest.mark.parametrize(
    ("said", "source"),
    [
        (reply(server=US), THEM),
        (reply(server=FRIEND), THEM),
        (reply(), FRIEND),
        (replace(reply(server=RELAY), giaddr=RELAY), RELAY),
        (replace(reply(), chaddr=b"\0" * 8), THEM),
    ],
    ids=["ours", "a friend's", "from a friend", "a relay in a server's place", "no Ethernet"],
)
def test_who_is_not_foreign_is_not_told_of(said: Message, source: IPv4Address) -> None:
    bench = Bench()
    bench.hear(said, source)

    assert [] == bench.seen


def test_a_server_behind_a_relay_is_told_of_by_its_own_name() -> None:
    bench = Bench()
    bench.hear(replace(reply(), giaddr=RELAY), RELAY)

    assert ["192.0.2.2"] == [each.server for each in bench.seen]


def test_each_server_is_told_of_once_a_minute_whoever_it_answers() -> None:
    bench = Bench()
    for second in range(121):
        bench.now = 100.0 + second
        bench.hear(reply(mac=f"52:54:00:99:00:{second:02x}"))
        bench.hear(reply(mac=f"52:54:00:98:00:{second:02x}", server=IPv4Address("192.0.2.4")))

    told = [each.server for each in bench.seen]
    assert [3, 3] == [told.count(server) for server in ("192.0.2.2", "192.0.2.4")]


def test_each_answer_to_a_machine_that_may_boot_is_told() -> None:
    bench = Bench()
    bench.hear(reply(mac=OTHER_MAC))
    bench.hear(reply(mac=OTHER_MAC))
    for kind in (MessageType.OFFER, MessageType.ACK):
        bench.hear(reply(kind))
        bench.hear(reply(kind))
    bench.now += 15
    bench.hear(reply())

    assert [
        (OTHER_MAC, "OFFER"),
        (MAC, "OFFER"),
        (MAC, "ACK"),
        (MAC, "OFFER"),
    ] == [(each.mac, each.reply) for each in bench.seen]


def test_a_client_that_takes_another_server_s_offer_tells_of_it() -> None:
    bench = Bench()
    bench.foreign.chosen(request())

    assert [
        events.ForeignServerSeen(
            mac=MAC,
            interface="lan0",
            server="192.0.2.2",
            address="192.0.2.77",
            boot_file="",
            reply="REQUEST",
        )
    ] == bench.seen


@pytest.mark.parametrize(
    "asked",
    [
        request(US),
        request(None),
        request(kind=MessageType.RELEASE),
        replace(
            request(RELAY),
            giaddr=RELAY,
            options={
                **request(RELAY).options,
                pxe.RELAY.code: bytes([pxe.SERVER_OVERRIDE, 4]) + RELAY.packed,
            },
        ),
    ],
    ids=["ours", "nobody's", "no REQUEST", "a relay's in our place"],
)
def test_a_request_for_us_or_for_nobody_tells_nothing(asked: Message) -> None:
    bench = Bench()
    bench.foreign.chosen(asked)

    assert [] == bench.seen


def test_a_stranger_s_request_is_read_for_it_but_not_any_number() -> None:
    bench = Bench()
    bench.foreign.chosen_by_stranger(dhcp.encode(request()))
    bench.foreign.chosen_by_stranger(b"nonsense")
    for server in range(1, 1000):
        bench.foreign.chosen_by_stranger(dhcp.encode(request(NOWHERE + server)))

    assert "192.0.2.2" == bench.seen[0].server
    assert len(bench.seen) <= 60
    bench.now += 60
    bench.foreign.chosen_by_stranger(dhcp.encode(request(IPv4Address("198.51.100.7"))))
    assert "198.51.100.7" == bench.seen[-1].server


def test_who_makes_servers_up_fills_neither_journal_nor_memory() -> None:
    bench = Bench()
    for server in range(5000):
        bench.now += 0.02
        bench.hear(reply(server=IPv4Address("10.0.0.0") + server))

    assert len(bench.seen) <= 3 * 60
    assert len(bench.foreign._told) <= 1024

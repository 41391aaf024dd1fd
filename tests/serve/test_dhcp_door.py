"""The DHCP door: what comes in, what goes out, and what it tells."""

import asyncio
import random
import socket
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Self

import pytest
from tests.serve.bench import LOOPBACK, Peer, Told, opened, udp

from boots.journal import events
from boots.policy import client as clients
from boots.policy.answer import Answer
from boots.policy.boot import Disk, Load
from boots.policy.destination import Destination
from boots.serve.dhcp import DhcpDoor, Kept
from boots.serve.packets import Packets, Place
from boots.serve.shadow import Shadow
from boots.wire import dhcp, options
from boots.wire.dhcp import BOOTREPLY, BOOTREQUEST, Message
from boots.wire.options import MessageType

MAC = bytes.fromhex("525400123456")
ADDRESS = IPv4Address("192.0.2.7")


def message(kind: MessageType, xid: int = 1, **fields: object) -> Message:
    plain = Message(
        op=BOOTREQUEST,
        xid=xid,
        chaddr=MAC,
        options={options.MESSAGE_TYPE.code: options.MESSAGE_TYPE.write(kind)},
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def reply_to(asked: Message, kind: MessageType) -> Message:
    return replace(
        asked,
        op=BOOTREPLY,
        yiaddr=ADDRESS,
        options={options.MESSAGE_TYPE.code: options.MESSAGE_TYPE.write(kind)},
    )


def answering(port: int, kind: MessageType = MessageType.OFFER) -> Callable[[Message], Answer]:
    """Answers every message with the same kind of reply, sent to `port`."""

    def answer(asked: Message) -> Answer:
        return Answer(
            why="because",
            client=clients.from_dhcp(asked),
            reply=reply_to(asked, kind),
            to=Destination(IPv4Address(LOOPBACK), port),
            decision=Load("tftp://192.0.2.1/snponly.efi", "why not"),
        )

    return answer


class Bench:
    """A DHCP door on loopback with one client."""

    def __init__(self, ask: Callable[[Message], Answer] | None = None) -> None:
        self.told = Told()
        self.client = Peer()
        self.client_port = self.client.port
        self.sock = udp()
        self.at = self.sock.getsockname()
        self.packets = Packets(lambda: 1.0)
        here = self.at[1]
        heard, sent = (
            self.packets.keeper(Place("lo", IPv4Address(LOOPBACK), here, ours))
            for ours in (False, True)
        )
        self.door = DhcpDoor(
            self.sock,
            "lo",
            ask or answering(self.client.port),
            self.told.record,
            packets=Kept(heard, sent),
        )
        self._open = opened(self.door)

    def __enter__(self) -> Self:
        self._open.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.__exit__(None, None, None)
        self.client.sock.close()

    def send(self, asked: Message) -> None:
        self.client.send(dhcp.encode(asked), self.at)

    async def reply(self) -> Message:
        return dhcp.decode((await self.client.receive())[0])


async def test_a_discover_is_answered_and_told() -> None:
    with Bench() as bench:
        bench.send(message(MessageType.DISCOVER))

        assert (await bench.reply()).yiaddr == ADDRESS
        assert await bench.told.first(events.OfferSent) == events.OfferSent(
            mac="52:54:00:12:34:56",
            interface="lo",
            address="192.0.2.7",
            program="an operating system",
            architecture="unknown",
            boot_file="tftp://192.0.2.1/snponly.efi",
            why="because",
        )


async def test_what_comes_and_what_goes_is_kept() -> None:
    with Bench() as bench:
        bench.send(message(MessageType.DISCOVER))
        reply = await bench.reply()
        kept = bench.packets.of("52:54:00:12:34:56")

    assert [message(MessageType.DISCOVER), reply] == [dhcp.decode(each.data) for each in kept]
    client = (LOOPBACK, bench.client_port)
    assert [(False, client), (True, client)] == [(each.place.ours, each.peer) for each in kept]


async def test_what_is_not_sent_is_not_kept_as_sent() -> None:
    with Bench(lambda _: Answer("no")) as bench:
        bench.send(message(MessageType.DISCOVER))
        await bench.told.first(events.DhcpIgnored)

    assert [False] == [each.place.ours for each in bench.packets.all()]


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (MessageType.OFFER, events.OfferSent),
        (MessageType.ACK, events.AckSent),
        (MessageType.NAK, events.NakSent),
    ],
)
async def test_each_kind_of_reply_has_its_event(
    kind: MessageType, event: type[events.AckSent]
) -> None:
    client = Peer()
    with client, Bench(answering(client.port, kind)) as bench:
        bench.send(message(MessageType.REQUEST, giaddr=IPv4Address("192.0.2.254")))

        assert (await bench.told.first(event)).relay == "192.0.2.254"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            message(MessageType.RELEASE, ciaddr=IPv4Address(LOOPBACK)),
            events.AddressReleased(mac="", interface="lo", address=LOOPBACK),
        ),
        (
            message(MessageType.DISCOVER),
            events.DhcpIgnored(
                mac="52:54:00:12:34:56", interface="lo", message="DISCOVER", why="no"
            ),
        ),
        (
            Message(op=BOOTREQUEST, xid=1, chaddr=MAC),
            events.DhcpIgnored(mac="52:54:00:12:34:56", interface="lo", message="BOOTP", why="no"),
        ),
    ],
)
async def test_silence_has_its_event(asked: Message, expected: events.AnyEvent) -> None:
    with Bench(lambda _: Answer("no")) as bench:
        bench.send(asked)

        assert await bench.told.first(type(expected)) == expected
        assert await bench.client.nothing()


def declined() -> Message:
    return message(
        MessageType.DECLINE,
        options={53: b"\x04", options.REQUESTED_ADDRESS.code: ADDRESS.packed},
    )


async def test_a_client_without_an_address_declines_what_it_was_offered() -> None:
    with Bench(lambda _: Answer("no")) as bench:
        bench.door.handle(dhcp.encode(declined()), ("0.0.0.0", 68))

        assert await bench.told.first(events.AddressDeclined) == events.AddressDeclined(
            mac="", interface="lo", address="192.0.2.7"
        )


@pytest.mark.parametrize(
    "asked",
    [message(MessageType.RELEASE, ciaddr=ADDRESS), declined()],
    ids=["RELEASE", "DECLINE"],
)
@pytest.mark.parametrize("peer", [("192.0.2.8", 68), ("203.0.113.9", 67), ()], ids=str)
async def test_nobody_elsewhere_gives_an_address_back(
    asked: Message, peer: tuple[object, ...]
) -> None:
    heard: list[Message] = []
    with Bench(lambda each: heard.append(each) or Answer("no")) as bench:
        bench.door.handle(dhcp.encode(asked), peer)

        ignored = await bench.told.first(events.DhcpIgnored)
        assert "from who has it" in ignored.why
        assert "52:54:00:12:34:56" == ignored.mac
    assert [] == heard


async def test_a_relay_may_bring_what_gives_an_address_back() -> None:
    with Bench(lambda _: Answer("no")) as bench:
        asked = message(MessageType.RELEASE, ciaddr=ADDRESS, giaddr=IPv4Address("192.0.2.254"))
        for source in ("192.0.2.254", "198.51.100.254"):  # ISC's dhcrelay has two addresses
            bench.door.handle(dhcp.encode(asked), (source, 67))

        await bench.told.until(lambda: 2 == len(bench.told.of(events.AddressReleased)))
        assert str(ADDRESS) == bench.told.events[0].address  # type: ignore[attr-defined]


async def test_an_answer_with_nothing_to_boot_names_no_boot_file() -> None:
    with Bench() as bench:
        ask = bench.door._ask
        bench.door._ask = lambda asked: replace(ask(asked), decision=Disk("it has a disk"))
        bench.send(message(MessageType.DISCOVER))

        assert (await bench.told.first(events.OfferSent)).boot_file == ""


async def test_malformed_bytes_are_dropped_and_told_and_the_door_lives() -> None:
    with Bench() as bench:
        bench.client.send(b"no DHCP", bench.at)
        bench.send(message(MessageType.DISCOVER))

        dropped = await bench.told.first(events.PacketDropped)
        assert (dropped.door, dropped.peer) == ("dhcp", f"127.0.0.1:{bench.client.port}")
        assert (await bench.reply()).xid == 1


async def test_a_fault_in_the_answer_does_not_close_the_door() -> None:
    with Peer() as client:
        answer = answering(client.port)

        def ask(asked: Message) -> Answer:
            if asked.xid == 13:
                raise KeyError(asked.xid)
            return answer(asked)

        with Bench(ask) as bench:
            client.send(dhcp.encode(message(MessageType.DISCOVER, xid=13)), bench.at)
            client.send(dhcp.encode(message(MessageType.DISCOVER, xid=14)), bench.at)

            assert dhcp.decode((await client.receive())[0]).xid == 14


async def test_an_answer_that_cannot_be_sent_is_told_as_such() -> None:
    def ask(asked: Message) -> Answer:
        # From loopback no packet leaves for another network.
        return replace(answering(0)(asked), to=Destination(IPv4Address("192.0.2.99"), 67))

    with Bench(ask) as bench:
        bench.send(message(MessageType.DISCOVER))

        why = (await bench.told.first(events.DhcpIgnored)).why
        assert why.startswith("the answer to 192.0.2.99 could not be sent: ")
        assert bench.told.of(events.OfferSent) == []


async def test_with_to_sender_an_answer_goes_back_where_the_message_came_from() -> None:
    with Peer() as other, Bench(answering(other.port)) as bench:
        bench.door._to_sender = lambda sender: sender == IPv4Address(LOOPBACK)
        bench.send(message(MessageType.REQUEST))

        assert (await bench.reply()).yiaddr == ADDRESS
        assert await other.nothing()


async def test_but_to_nobody_outside_of_the_networks_that_are_ours() -> None:
    with Peer() as other, Bench(answering(other.port)) as bench:
        bench.door._to_sender = lambda _: False
        bench.send(message(MessageType.REQUEST))

        why = (await bench.told.first(events.DhcpIgnored)).why
        assert "no network of ours has 127.0.0.1, where it asks from" == why
        assert await other.nothing()
        assert bench.told.of(events.AckSent) == []


async def test_a_shadow_gets_every_answer_and_the_client_none() -> None:
    with Peer() as client:
        told = Told()
        sock = udp()
        shadow = Shadow("lo", told.record, lambda: 0.0)
        ask = answering(client.port)
        door = DhcpDoor(sock, "lo", ask, told.record, shadow=shadow)
        at = sock.getsockname()
        with opened(door):
            client.send(dhcp.encode(message(MessageType.DISCOVER)), at)
            withheld = await told.first(events.ReplyWithheld)
            door._ask = lambda _: Answer("no")
            client.send(dhcp.encode(message(MessageType.REQUEST)), at)

            assert ("OFFER", "192.0.2.7") == (withheld.reply, withheld.address)
            assert "no" == (await told.first(events.DhcpIgnored)).why
            assert await client.nothing()
            assert told.of(events.OfferSent) == []


async def test_a_shadow_that_stops_compares_to_its_end() -> None:
    with Peer() as client:
        told = Told()
        sock = udp()
        shadow = Shadow("lo", told.record, lambda: 0.0)
        door = DhcpDoor(sock, "lo", answering(client.port), told.record, shadow=shadow)
        with opened(door):
            door.leave()
            client.send(dhcp.encode(message(MessageType.DISCOVER)), sock.getsockname())

            await told.until(lambda: bool(told.events))
            (withheld,) = told.of(events.ReplyWithheld)
            assert "OFFER" == withheld.reply


async def test_ten_thousand_junk_packets_leave_it_answering() -> None:
    chance = random.Random(1)
    valid = dhcp.encode(message(MessageType.DISCOVER))
    with Bench(lambda _: Answer("no")) as bench:
        bench.door._clock = lambda: 0.0
        for number in range(10_000):
            junk = bytearray(valid[: chance.randrange(len(valid))])
            if junk:
                junk[chance.randrange(len(junk))] ^= 1 << chance.randrange(8)
            bench.client.send(bytes(junk), bench.at)
            if number % 200 == 199:  # what the kernel keeps for us has its limit
                count = number + 1
                await bench.told.until(lambda: len(bench.told.events) == count)  # noqa: B023
        await bench.told.until(lambda: len(bench.told.events) == 10_000)
        assert len(bench.told.of(events.PacketDropped)) > 8_000
        bench.send(message(MessageType.REQUEST))

        await bench.told.until(lambda: len(bench.told.events) == 10_001)
        assert bench.told.events[-1] == events.DhcpIgnored(
            mac="52:54:00:12:34:56", interface="lo", message="REQUEST", why="no"
        )


async def test_a_closed_door_has_closed_its_socket() -> None:
    with Bench() as bench:
        pass

    assert bench.sock.fileno() == -1


async def test_one_wake_up_leaves_room_for_the_other_doors() -> None:
    seen: list[int] = []

    def ask(asked: Message) -> Answer:
        seen.append(asked.xid)
        return Answer("no")

    with Bench(ask) as bench:
        for xid in range(400):
            bench.send(message(MessageType.DISCOVER, xid=xid))
        bench.door._clock = lambda: 0.0  # all of them take no time
        bench.door._readable()

        assert seen == list(range(256))


async def test_what_is_not_admitted_is_dropped_and_not_told() -> None:
    asked: list[bytes] = []

    def admits(octets: bytes) -> bool:
        asked.append(octets)
        return False

    with Bench(lambda _: Answer("no")) as bench:
        bench.door._admits = admits
        bench.send(message(MessageType.DISCOVER, xid=1))
        bench.door._readable()

        assert len(asked) == 1
        assert len(asked[0]) == 6
        assert bench.told.events == []


async def test_a_socket_error_is_no_end() -> None:
    class Broken(socket.socket):
        def recvfrom(self, *_: object) -> tuple[bytes, object]:
            raise OSError(100, "Network is down")

    with Broken(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        door = DhcpDoor(sock, "lo", lambda _: Answer("no"), lambda _: None)
        door._readable()
        door.close(asyncio.get_running_loop())

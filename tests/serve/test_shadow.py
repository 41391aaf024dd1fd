"""Shadow mode: what is kept of an exchange, what is told, and what is forgotten."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from tests.serve.bench import Told

from boots.journal import events
from boots.policy import client as clients
from boots.policy.answer import Answer
from boots.policy.boot import Load
from boots.serve.shadow import Shadow
from boots.wire.dhcp import BOOTREPLY, BOOTREQUEST, Message
from boots.wire.options import MessageType

MAC = "52:54:00:12:34:56"
CHADDR = bytes.fromhex("525400123456")
OURS, THEIRS = IPv4Address("192.0.2.7"), IPv4Address("192.0.2.77")
US, THEM = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")


def asked(kind: MessageType = MessageType.DISCOVER, xid: int = 1) -> Message:
    return Message(op=BOOTREQUEST, xid=xid, chaddr=CHADDR, options={53: bytes([kind])})


def reply(
    kind: MessageType = MessageType.OFFER,
    xid: int = 1,
    address: IPv4Address = THEIRS,
    server: IPv4Address = THEM,
) -> Message:
    values = {53: bytes([kind]), 54: server.packed}
    return Message(op=BOOTREPLY, xid=xid, chaddr=CHADDR, yiaddr=address, options=values)


def answer(message: Message, kind: MessageType = MessageType.OFFER) -> Answer:
    return Answer(
        why="because",
        client=clients.from_dhcp(message),
        reply=reply(kind, message.xid, OURS, US),
        decision=Load("tftp://192.0.2.1/snponly.efi", "why not"),
    )


class Bench:
    def __init__(self) -> None:
        self.told = Told()
        self.now = 100.0
        self.shadow = Shadow("lan0", self.told.record, lambda: self.now)

    def ours(self, kind: MessageType = MessageType.DISCOVER, xid: int = 1) -> None:
        message = asked(kind, xid)
        replies = {MessageType.DISCOVER: MessageType.OFFER}
        self.shadow.withhold(message, answer(message, replies.get(kind, MessageType.ACK)))

    def compared(self) -> list[events.RepliesCompared]:
        return self.told.of(events.RepliesCompared)


DIFFERENT = ["address: we 192.0.2.7, they 192.0.2.77"]


def test_an_answer_is_told_and_withheld() -> None:
    bench = Bench()

    bench.ours()

    assert bench.told.events == [
        events.ReplyWithheld(
            mac=MAC,
            interface="lan0",
            message="DISCOVER",
            reply="OFFER",
            address="192.0.2.7",
            program="an operating system",
            architecture="unknown",
            boot_file="tftp://192.0.2.1/snponly.efi",
            why="because",
        )
    ]


def test_no_secret_of_a_url_is_told() -> None:
    bench, message = Bench(), asked()
    given = replace(answer(message), decision=Load("http://h/a?token=hunter2", "of its record"))

    bench.shadow.withhold(message, given)

    assert ["http://h/a?token=…"] == [
        each.boot_file for each in bench.told.of(events.ReplyWithheld)
    ]


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_the_two_replies_are_compared_whichever_comes_first(first: str) -> None:
    bench = Bench()

    if first == "ours":
        bench.ours()
    bench.shadow.overheard(reply())
    if first == "theirs":
        bench.ours()

    assert bench.compared() == [
        events.RepliesCompared(
            mac=MAC, interface="lan0", server="192.0.2.2", reply="OFFER", differences=DIFFERENT
        )
    ]


def test_offer_and_ack_of_one_transaction_are_two_comparisons() -> None:
    bench = Bench()
    for kind, theirs in (
        (MessageType.DISCOVER, MessageType.OFFER),
        (MessageType.REQUEST, MessageType.ACK),
    ):
        bench.ours(kind)
        bench.shadow.overheard(reply(theirs))

    assert ["OFFER", "ACK"] == [each.reply for each in bench.compared()]


def test_each_server_is_told_of_once_however_often_the_client_asks() -> None:
    bench = Bench()
    for _ in range(3):
        bench.ours()
        bench.shadow.overheard(reply())
        bench.shadow.overheard(reply(server=IPv4Address("192.0.2.3")))

    assert ["192.0.2.2", "192.0.2.3"] == [each.server for each in bench.compared()]


def test_silence_of_ours_is_compared_too() -> None:
    bench = Bench()
    bench.shadow.withhold(asked(), Answer("no record has this MAC", clients.from_dhcp(asked())))
    bench.shadow.overheard(reply())

    assert ["reply: we none (no record has this MAC), they OFFER"] == bench.compared()[
        0
    ].differences
    assert bench.told.of(events.ReplyWithheld) == []


@pytest.mark.parametrize(
    "other",
    [
        reply(xid=2),
        replace(reply(), chaddr=bytes.fromhex("525400123457")),
        reply(MessageType.ACK),
        replace(reply(), op=BOOTREQUEST),
        replace(reply(), options={}),
        replace(reply(), chaddr=b"\0" * 8),
    ],
    ids=["transaction", "MAC", "kind", "no reply", "BOOTP", "no Ethernet"],
)
def test_what_is_no_reply_to_the_message_is_not_compared(other: Message) -> None:
    bench = Bench()
    bench.ours()
    bench.shadow.overheard(other)

    assert bench.compared() == []


@pytest.mark.parametrize(("later", "count"), [(9.0, 1), (11.0, 0)])
def test_an_exchange_is_forgotten_after_some_seconds(later: float, count: int) -> None:
    bench = Bench()
    bench.ours()
    bench.now += later
    bench.shadow.overheard(reply())

    assert count == len(bench.compared())


def test_no_more_than_so_many_are_remembered() -> None:
    bench = Bench()
    for xid in range(10_000):
        bench.shadow.overheard(reply(xid=xid))
    for server in range(1, 200):
        bench.shadow.overheard(reply(xid=1, server=IPv4Address(server)))

    assert len(bench.shadow._exchanges) < 4_200
    assert max(len(each.replies) for each in bench.shadow._exchanges.values()) == 4

"""Asking a network: what is sent, what counts as heard, and when it is over."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from tests.policy.made import MAC, OTHER, SERVER, known, replied

from boots.doctor.asking import ask, questions
from boots.policy.explain import FIRMWARE
from boots.wire import options
from boots.wire.dhcp import BROADCAST, Message
from boots.wire.options import MessageType

ROM, _, UEFI, *_ = FIRMWARE


class Wire:
    """A way on which servers answer at once, except to the first `deaf` messages."""

    def __init__(self, *servers: IPv4Address, deaf: int = 0) -> None:
        self.sent: list[Message] = []
        self.now = 0.0
        self.due: list[tuple[Message, IPv4Address, bool]] = []
        self._servers = servers
        self._deaf = deaf

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += 0.01 if self.due else seconds

    def dressed(self, message: Message) -> Message:
        return message

    def send(self, message: Message) -> None:
        self.sent.append(message)
        if len(self.sent) > self._deaf:
            self.due += [(offer(message, each), each, each == SERVER) for each in self._servers]

    def heard(self) -> Iterator[tuple[Message, IPv4Address, bool]]:
        due, self.due = self.due, []
        return iter(due)


def offer(message: Message, server: IPv4Address) -> Message:
    made = replied(message, known())
    values = {**made.options, options.SERVER_ID.code: server.packed}
    return replace(made, options=values)


@pytest.fixture(name="wire")
def _wire() -> Wire:
    return Wire(SERVER, OTHER)


def test_it_sends_discover_for_the_machine_and_asks_for_a_broadcast(wire: Wire) -> None:
    ask(wire, questions([ROM, UEFI], MAC, 7), 0.5, wire.clock)

    assert {MessageType.DISCOVER} == {message.kind for message in wire.sent}
    assert [7, 8] == [message.xid for message in wire.sent]
    assert {BROADCAST} == {message.flags for message in wire.sent}


def test_every_server_counts_once_for_each_question(wire: Wire) -> None:
    heard = ask(wire, questions([ROM, UEFI], MAC, 7), 3, wire.clock)

    assert [(ROM.name, SERVER), (ROM.name, OTHER), (UEFI.name, SERVER), (UEFI.name, OTHER)] == (
        sorted(((each.firmware, each.source) for each in heard), key=lambda one: (one[0], one[1]))
    )
    assert {SERVER: True, OTHER: False} == {each.source: each.here for each in heard}


def test_offers_to_others_do_not_count(wire: Wire) -> None:
    strange = replace(offer(questions([ROM], MAC, 99)[99][1], SERVER), xid=99)
    wire.due.append((strange, SERVER, True))

    heard = ask(wire, questions([ROM], MAC, 7), 0.5, wire.clock)

    assert {7} == {each.offer.xid for each in heard}


def test_what_nobody_answered_is_asked_once_more() -> None:
    deaf = Wire(SERVER, deaf=1)
    heard = ask(deaf, questions([ROM], MAC, 7), 4, deaf.clock)

    assert 2 == len(deaf.sent)
    assert [ROM.name] == [each.firmware for each in heard]


def test_silence_is_over_in_time() -> None:
    silent = Wire()
    assert [] == ask(silent, questions([ROM], MAC, 7), 2, silent.clock)
    assert 2 == len(silent.sent)
    assert 2 == silent.now

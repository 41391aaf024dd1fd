"""What all doors for datagrams do: a wake-up ends in time, and nothing is lost by that."""

import asyncio
import socket
from typing import Any

from tests.serve.bench import Peer, udp

from boots.journal import events
from boots.serve.datagrams import DatagramDoor
from boots.serve.syslog import SyslogDoor


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time goes on when it is told to."""

    now = 0.0

    def time(self) -> float:
        return self.now


class Slow(DatagramDoor):
    """Takes a millisecond for each."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        super().__init__(sock)
        self.took: list[bytes] = []
        self._loop = clock

    def handle(self, data: bytes, _peer: tuple[Any, ...]) -> None:
        self.took.append(data)
        self._loop.now += 0.001


def test_the_other_doors_get_their_turn_after_two_milliseconds() -> None:
    loop, sock = Clock(), udp()
    door = Slow(sock, loop)
    door.open(loop)
    with Peer() as client:
        sent = [bytes([number]) for number in range(10)]
        for data in sent:
            client.send(data, sock.getsockname())

        door._readable()
        assert sent[:2] == door.took

        for _ in range(4):
            door._readable()
        assert sent == door.took
    door.close(loop)
    loop.close()


def test_a_quick_door_takes_all_at_once() -> None:
    loop, sock = Clock(), udp()
    told: list[Any] = []
    door = SyslogDoor(sock, lambda _: "", told.append)
    door.open(loop)
    with Peer() as client:
        for _ in range(100):
            client.send(b"<14>ipxe: text", sock.getsockname())

        door._readable()
        assert 100 == len(told)
    door.close(loop)
    loop.close()


def test_a_line_that_is_too_long_is_cut() -> None:
    loop, sock = Clock(), udp()
    told: list[Any] = []
    door = SyslogDoor(sock, lambda _: "", told.append)
    door.open(loop)
    with Peer() as client:
        client.send(b"<14>ipxe: " + b"x" * 60_000, sock.getsockname())
        door._readable()

    assert [events.ConsoleLine] == [type(event) for event in told]
    assert 1900 < len(told[0].text) < 2048
    door.close(loop)
    loop.close()

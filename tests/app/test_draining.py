"""A server that stops waits for who is on the way, and for nobody else."""

import asyncio

from boots.app.draining import QUIET, Draining
from boots.journal import events
from boots.journal.events import AnyEvent, Entry

SENT = {"mac": "52:54:00:00:00:01", "peer": "192.0.2.9:1", "door": "tftp", "name": "a"}
ACK = events.AckSent(
    mac=SENT["mac"],
    interface="lan0",
    address="192.0.2.9",
    program="PXE ROM",
    architecture="bios",
    boot_file="a",
    why="",
)
STARTED = events.TransferStarted(**SENT, size=10)
STRANGER = events.DhcpIgnored(mac=SENT["mac"], interface="lan0", message="DISCOVER", why="")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def left(*told: AnyEvent, after: float = 0.0) -> float:
    clock = Clock()
    draining = Draining(clock)
    draining.write([Entry(0.0, event) for event in told])
    clock.now += after
    return max(0.0, draining.left)


def test_nobody_is_waited_for_where_nobody_came() -> None:
    assert 0.0 == left()
    assert 0.0 == left(STRANGER)


def test_who_was_sent_here_a_moment_ago_is_waited_for() -> None:
    assert QUIET == left(ACK)
    assert QUIET - 1 == left(STARTED, after=1)
    assert 0.0 == left(ACK, after=QUIET)


def test_it_ends_at_its_bound_and_at_once_for_who_is_in_a_hurry() -> None:
    async def main() -> None:
        draining = Draining(asyncio.get_running_loop().time)
        draining.write([Entry(0.0, ACK)])
        async with asyncio.timeout(QUIET - 1):
            await draining.wait(0.01)
            draining.hurry.set()
            await draining.wait(60)

    asyncio.run(main())

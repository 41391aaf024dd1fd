"""The syslog door: what machines say on their consoles while they boot."""

import asyncio
import socket
from collections.abc import Callable
from ipaddress import IPv4Address

from boots.journal import events
from boots.serve.doors import Record
from boots.wire import syslog
from boots.wire.malformed import Malformed

_BATCH = 256
WhoIs = Callable[[IPv4Address], str]
"""The MAC of the machine at an address, empty when it is none of ours."""


class SyslogDoor:
    """Takes syslog lines on one address; those of machines we know go into their story."""

    def __init__(self, sock: socket.socket, who_is: WhoIs, record: Record) -> None:
        self._sock = sock
        self._who_is = who_is
        self._record = record

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to listen."""
        loop.add_reader(self._sock, self._readable)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop listening, and close the socket."""
        loop.remove_reader(self._sock)
        self._sock.close()

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                data, peer = self._sock.recvfrom(65_535)
            except OSError:  # nothing more
                return
            self._record(self._event(data, peer))

    def _event(self, data: bytes, peer: tuple[str, int]) -> events.AnyEvent:
        who = f"{peer[0]}:{peer[1]}"
        try:
            line = syslog.decode(data)
        except Malformed as error:
            return events.PacketDropped(door="syslog", peer=who, why=str(error))
        return events.ConsoleLine(
            mac=self._who_is(IPv4Address(peer[0])),
            peer=who,
            severity=line.severity.name.lower(),
            source=line.app,
            text=line.text,
        )

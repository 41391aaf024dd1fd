"""The syslog door: what machines say on their consoles while they boot."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

from boots.journal import events
from boots.policy.token import hidden
from boots.serve.datagrams import DatagramDoor
from boots.serve.doors import Record
from boots.wire import syslog
from boots.wire.malformed import Malformed

WhoIs = Callable[[IPv4Address], str]
"""The MAC of the machine at an address, empty when it is none of ours."""


class SyslogDoor(DatagramDoor):
    """Takes syslog lines on one address; those of machines we know go into their story.

    Those of addresses that `admits` does not are dropped.
    """

    largest = 2048  # as RFC 5424 §6.1 asks for; what is longer is cut, or it would hold up others

    def __init__(
        self,
        sock: socket.socket,
        who_is: WhoIs,
        record: Record,
        admits: Callable[[str], bool] = lambda _: True,
    ) -> None:
        super().__init__(sock)
        self._who_is = who_is
        self._admits = admits
        self._record = record

    def handle(self, data: bytes, peer: tuple[Any, ...]) -> None:
        """Take down one line."""
        if self._admits(peer[0]):
            self._record(self._event(data, peer))

    def _event(self, data: bytes, peer: tuple[Any, ...]) -> events.AnyEvent:
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
            text=hidden(line.text),  # a kernel says its whole command line
        )

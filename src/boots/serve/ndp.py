"""The door for router solicitations.

iPXE configures IPv4 and IPv6 side by side and waits for both: where no router advertises
itself, its 2019 build loses 16 seconds in "Configuring", that of 2025 loses 4.  An advertisement
that offers nothing ends the wait.  Only machines that may boot from us get one, and only
they: it goes to the asker's own address.
"""

import socket
from collections.abc import Callable
from typing import Any

from boots.journal import events
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.serve.datagrams import DatagramDoor
from boots.serve.doors import Record
from boots.wire import ndp
from boots.wire.malformed import Malformed


class NdpDoor(DatagramDoor):
    """Answers router solicitations on one interface; of who `admits` does not, none."""

    def __init__(
        self,
        sock: socket.socket,
        interface: str,
        may_boot: Callable[[Mac], bool],
        record: Record,
        admits: Callable[[bytes], bool] = lambda _: True,
    ) -> None:
        super().__init__(sock)
        self._admits = admits
        self.interface = interface
        self._may_boot = may_boot
        self._record = record

    def handle(self, data: bytes, peer: tuple[Any, ...]) -> None:
        """Answer one solicitation, if its sender may boot."""
        try:
            sender = ndp.read_solicitation(data)
        except Malformed:
            return
        if len(sender) != 6 or not peer[0].startswith("fe80"):
            return
        if not self._admits(sender):
            return
        mac = macs.from_bytes(sender)
        if self._may_boot(mac):
            self._answer(mac, peer)

    def _answer(self, mac: Mac, peer: tuple[Any, ...]) -> None:
        try:
            self._sock.sendto(ndp.empty_advertisement(), peer)
        except OSError:
            return  # no link-local address of ours yet: the client asks again
        self._record(events.AdvertisementSent(mac=mac, interface=self.interface))

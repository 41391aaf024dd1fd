"""Other DHCP servers on one interface: which were heard, by whom, and when that is told."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from boots.journal import events
from boots.journal.bound import Bound
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.policy.compare import boot_file_of
from boots.policy.subnet import server_override
from boots.serve.doors import Record
from boots.wire import dhcp, options
from boots.wire.dhcp import Message
from boots.wire.malformed import Malformed
from boots.wire.options import MessageType

HEARD_A_SECOND = 256
"""Replies, and requests of strangers, that are read for this at most."""

_TOLD_EVERY = 60.0  # seconds, of each server
_OF_A_MACHINE = 10.0  # seconds, of each server, machine of ours and kind of message
_MOST_A_MINUTE = 60  # events: who makes servers up must not fill the journal
_MOST_KEPT = 1024
_NOWHERE = IPv4Address(0)
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """What is known of those around.

    `is_wanted` knows addresses of servers that are ours or friends of ours, `may_boot` the MACs of
    machines that may boot from us.  `expects` says whether other servers are meant to be there.
    """

    is_wanted: Callable[[IPv4Address], bool]
    may_boot: Callable[[Mac], bool]
    expects: Callable[[], bool]


class ForeignServers:
    """Tells of each server once a minute, and of each answer to a machine that may boot from us.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        interface: str,
        around: Neighbourhood,
        record: Record,
        clock: Callable[[], float],
    ) -> None:
        self._interface = interface
        self._around = around
        self._record = record
        self._clock = clock
        self._told: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._told_a_minute = Bound(_MOST_A_MINUTE)
        self._read_a_second = Bound(HEARD_A_SECOND)

    def heard(self, reply: Message, source: IPv4Address) -> None:
        """Take a reply that another server sent, or a relay for it."""
        server = reply.get(options.SERVER_ID) or source
        # A relay that stands in for its server (RFC 5107) does not say which one that is.
        if len(reply.chaddr) != 6 or server == reply.giaddr or self._around.is_wanted(source):
            return
        kind = reply.kind.name if reply.kind else "BOOTP"
        self._saw(server, reply, kind, reply.yiaddr, boot_file_of(reply))

    def chosen(self, request: Message) -> None:
        """Take a message of a client: in a REQUEST it says whose offer it took."""
        if request.kind is not MessageType.REQUEST or len(request.chaddr) != 6:
            return
        server = request.get(options.SERVER_ID)
        if server is None or server == server_override(request):
            return
        address = request.get(options.REQUESTED_ADDRESS) or request.ciaddr
        self._saw(server, request, "REQUEST", address, "")

    def chosen_by_stranger(self, data: bytes) -> None:
        """The same for a request that nobody needed to read until now."""
        if self._read_a_second.admits(self._clock(), "request"):
            try:
                self.chosen(dhcp.decode(data))
            except Malformed:
                return

    def _saw(
        self, server: IPv4Address, message: Message, kind: str, address: IPv4Address, file: str
    ) -> None:
        now, name, mac = self._clock(), str(server), macs.from_bytes(message.chaddr)
        of_all, of_this = (name,), (name, mac, kind)
        is_due = now - self._told.get(of_all, _NEVER) >= _TOLD_EVERY
        again = now - self._told.get(of_this, _NEVER) >= _OF_A_MACHINE
        if not is_due and not (again and self._around.may_boot(mac)):
            return
        if self._around.is_wanted(server) or not self._told_a_minute.admits(now / 60, kind):
            return
        self._keep(of_this, now)
        if is_due:
            self._keep(of_all, now)
        self._record(
            events.ForeignServerSeen(
                mac=mac,
                interface=self._interface,
                server=name,
                address=str(address) if address != _NOWHERE else "",
                boot_file=file,
                reply=kind,
                expected=self._around.expects(),
            )
        )

    def _keep(self, key: tuple[str, ...], now: float) -> None:
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > _MOST_KEPT:
            self._told.popitem(last=False)

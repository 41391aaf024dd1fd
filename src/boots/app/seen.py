"""Addresses that machines were seen to have, where somebody else gives them out.

Nothing proves what a client says of itself: whatever it says opens no network, and takes nothing
from the machine that a record or a lease has there.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import NamedTuple

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.wire import options
from boots.wire.dhcp import BOOTREQUEST, Message
from boots.wire.options import MessageType

_MOST = 65_536
_LIVE = 600.0  # seconds after its last word for which an address stays with who has it
_DOUBT = 86_400.0  # seconds for which an address that two have claimed is proof of nothing

_TAKING = {MessageType.REQUEST, MessageType.INFORM}


class Sight(NamedTuple):
    """Who has an address, when it last said so, and until when that is in doubt."""

    mac: Mac
    said: float
    doubtful: float = 0.0


def claimed(message: Message) -> IPv4Address | None:
    """The address that a client has, or is about to get, by its own word; None for none."""
    if message.op != BOOTREQUEST or len(message.chaddr) != 6 or message.kind not in _TAKING:
        return None
    address = message.ciaddr
    if not int(address) and message.kind is MessageType.REQUEST:
        address = message.get(options.REQUESTED_ADDRESS) or address
    return address if int(address) else None


class Seen:
    """Who had which address last; kept in memory only.  `clock` is in seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._sights: OrderedDict[IPv4Address, Sight] = OrderedDict()

    def learn(self, message: Message) -> None:
        """Take what a client claims in its request.

        An address whose machine spoke a moment ago stays with it.  But who claimed it first may
        have lied as well: then it is neither's to keep the other out.
        """
        address = claimed(message)
        if address is None:
            return
        sight = Sight(macs.from_bytes(message.chaddr), self._clock())
        before = self._sights.get(address)
        self.note(address, sight if before is None else _of_both(before, sight))

    def note(self, address: IPv4Address, sight: Sight) -> None:
        """Take it that an address is at a MAC."""
        self._sights[address] = sight
        self._sights.move_to_end(address)
        if len(self._sights) > _MOST:
            self._sights.popitem(last=False)

    def at(self, address: IPv4Address) -> Mac | None:
        """The MAC that was last seen with an address."""
        sight = self._sights.get(address)
        return sight.mac if sight is not None else None

    def alone_at(self, address: IPv4Address) -> Mac | None:
        """The same, where no other MAC has claimed the address lately."""
        sight = self._sights.get(address)
        if sight is None or sight.doubtful > self._clock():
            return None
        return sight.mac


def _of_both(before: Sight, sight: Sight) -> Sight:
    """What to make of another claim of the same address."""
    if before.mac == sight.mac:
        return before._replace(said=sight.said)
    until = sight.said + _DOUBT
    if before.doubtful > sight.said + _DOUBT / 2:  # so a flood of claims is no flood of changes
        until = before.doubtful
    stays = sight.said - before.said < _LIVE
    return (before if stays else sight)._replace(doubtful=until)

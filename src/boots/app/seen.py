"""Addresses that machines were seen to have, where somebody else gives them out."""

from collections import OrderedDict
from ipaddress import IPv4Address

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.wire import options
from boots.wire.dhcp import BOOTREQUEST, Message
from boots.wire.options import MessageType

_MOST = 65_536


class Seen:
    """Who had which address last, from what clients say themselves; kept in memory only."""

    def __init__(self) -> None:
        self._macs: OrderedDict[IPv4Address, Mac] = OrderedDict()

    def learn(self, message: Message) -> None:
        """Take the address that a client has, or is about to get, from its request."""
        if message.op != BOOTREQUEST or len(message.chaddr) != 6:
            return
        address = message.ciaddr
        if not int(address) and message.kind is MessageType.REQUEST:
            address = message.get(options.REQUESTED_ADDRESS) or address
        if int(address):
            self.note(address, macs.from_bytes(message.chaddr))

    def note(self, address: IPv4Address, mac: Mac) -> None:
        """Take it that an address is at a MAC."""
        self._macs[address] = mac
        self._macs.move_to_end(address)
        if len(self._macs) > _MOST:
            self._macs.popitem(last=False)

    def at(self, address: IPv4Address) -> Mac | None:
        """The MAC that was last seen with an address."""
        return self._macs.get(address)

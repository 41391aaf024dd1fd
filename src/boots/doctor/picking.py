"""Which frames of a network belong to the boots of a machine: DHCP, TFTP, syslog and ARP."""

from collections import OrderedDict
from ipaddress import IPv4Address
from typing import TypeVar

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.wire import arp, dhcp, pcap, syslog, tftp
from boots.wire.malformed import Malformed
from boots.wire.pcap import Datagram

_ETHERNET = 14
_DHCP = {dhcp.SERVER_PORT, dhcp.CLIENT_PORT, 4011}
_EACH = 16  # packets of a transfer, after its request
_MOST = 4096  # transfers, and addresses, that are remembered
_NOWHERE = IPv4Address(0)

K = TypeVar("K")
V = TypeVar("V")
Client = tuple[IPv4Address, int]


class Picker:
    """Picks frames of one machine, or of all without a `mac`.

    Behind a relay frames do not carry a machine's MAC: it is known by the addresses that it was
    seen to get.  Of a transfer the first packets count, and its errors.
    """

    def __init__(self, mac: Mac | None = None) -> None:
        self._mac = macs.to_bytes(mac) if mac else None
        self._addresses: OrderedDict[IPv4Address, None] = OrderedDict()
        self._transfers: OrderedDict[Client, int] = OrderedDict()

    def wants(self, frame: bytes) -> bool:
        """Whether this frame is to be kept; each must be shown once, in order."""
        if frame[12:14] == arp.ETHERTYPE.to_bytes(2):
            return self._mac is None or self._mac in {frame[:6], frame[6:12], frame[22:28]}
        datagram = pcap.read_ip(frame[_ETHERNET:])
        if datagram is None:
            return False
        if {datagram.source_port, datagram.destination_port} & _DHCP:
            return self._dhcp(datagram, frame)
        if datagram.destination_port == tftp.PORT:
            return self._begins(datagram, frame)
        if datagram.destination_port == syslog.PORT:
            return self._is_its(datagram, frame)
        return self._of_transfer(datagram)

    def _dhcp(self, datagram: Datagram, frame: bytes) -> bool:
        try:
            message = dhcp.decode(datagram.payload)
        except Malformed:
            return self._is_its(datagram, frame)
        if self._mac is not None and message.chaddr != self._mac:
            return False
        for address in (message.ciaddr, message.yiaddr):
            if address != _NOWHERE:
                _remember(self._addresses, address, None)
        return True

    def _begins(self, datagram: Datagram, frame: bytes) -> bool:
        wanted = self._is_its(datagram, frame)
        if wanted:
            _remember(self._transfers, (datagram.source, datagram.source_port), 0)
        return wanted

    def _is_its(self, datagram: Datagram, frame: bytes) -> bool:
        return self._mac is None or frame[6:12] == self._mac or datagram.source in self._addresses

    def _of_transfer(self, datagram: Datagram) -> bool:
        ends = (
            (datagram.source, datagram.source_port),
            (datagram.destination, datagram.destination_port),
        )
        client = next((end for end in ends if end in self._transfers), None)
        if client is None:
            return False
        self._transfers[client] += 1
        is_error = datagram.payload[:2] == tftp.Opcode.ERROR.to_bytes(2)
        return is_error or self._transfers[client] <= _EACH


def _remember(known: OrderedDict[K, V], key: K, value: V) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > _MOST:
        known.popitem(last=False)

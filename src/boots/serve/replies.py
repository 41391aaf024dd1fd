"""How a DHCP reply leaves: from the right address of ours, and to clients without one."""

import errno
import socket
import struct
from ipaddress import IPv4Address

import structlog

from boots.model import mac as macs
from boots.policy.destination import Destination
from boots.policy.forms import Ready
from boots.serve.sockets import is_ours, make_room, source_to
from boots.wire import ip

_IP_PKTINFO = 8  # linux/in.h; Python's socket module has no name for it before 3.14
_PKTINFO = struct.Struct("@i4s4s")
_IPV4 = 0x0800
_EVERYONE = "255.255.255.255"
_ALL_MACS = b"\xff" * 6
# What a packet socket says where there can be none: no right to it, no such thing, no Ethernet.
_NO_PACKETS = frozenset({errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT, errno.EINVAL})
_ASKED_AGAIN = 1_000  # replies
_log = structlog.get_logger()


class Replies:
    """Sends from the DHCP socket of one interface.

    A client without an address is reached by its MAC, and everybody by that of all, through a
    socket of packets, which is opened at once: later we may have no right to it.  UDP would need
    an entry in the kernel's table of neighbours for a broadcast, too, and drops it in silence
    while that table is full.
    Where we have no right to such a socket (CAP_NET_RAW), and on interfaces that are not
    Ethernet, such replies go to everybody over UDP instead, which is said once.
    """

    def __init__(self, sock: socket.socket, interface: str) -> None:
        self._sock = sock
        self._interface = interface
        self._port = sock.getsockname()[1]
        self._packets = _opened()
        self._has_packets = True
        self._foreign: set[IPv4Address] = set()
        self._natural: dict[tuple[str, int], tuple[IPv4Address | None, bool]] = {}
        self._asked = 0

    def close(self) -> None:
        """Close what was opened besides the DHCP socket."""
        if self._packets is not None:
            self._packets.close()
            self._packets = None

    def send(self, data: bytes, to: Destination) -> None:
        """Send one reply.

        Raises:
            OSError: there is no way to where it goes.
        """
        address, source = str(to.address), to.source
        hardware = _ALL_MACS if address == _EVERYONE else b""
        if to.hardware is not None:
            hardware = macs.to_bytes(to.hardware)
        if hardware:
            if source is not None and self._sent_to(data, (address, to.port), hardware, source):
                return
            address = _EVERYONE
        self._send_from(data, (address, to.port), source)

    def send_ready(self, ready: Ready) -> None:
        """Send one reply that was prepared.

        Raises:
            OSError: there is no way to where it goes.
        """
        data, to, shared, hardware, source, _, _, _ = ready
        if to[0] == _EVERYONE:
            hardware = _ALL_MACS
        if hardware:
            if source is not None and self._sent_to(data, to, hardware, source):
                return
            to = (_EVERYONE, to[1])
        if shared and self._is_natural(to, source):
            self._sock.sendto(data, to)
        else:
            self._send_from(data, to, source)

    def _is_natural(self, to: tuple[str, int], source: IPv4Address | None) -> bool:
        """Whether the kernel would choose this source by itself: to name it costs a tenth.

        It is asked anew now and then, as addresses and routes come and go.
        """
        self._asked -= 1
        if self._asked < 0:
            self._asked = _ASKED_AGAIN
            self._natural.clear()
        found = self._natural.get(to)
        if found is None or found[0] is not source:
            found = self._natural[to] = source, source_to(to, self._interface) == source
        return found[1]

    def _send_from(self, data: bytes, to: tuple[str, int], source: IPv4Address | None) -> None:
        """The kernel would choose an address of the interface: of several maybe another one."""
        if source is not None and source not in self._foreign:
            info = _PKTINFO.pack(0, source.packed, bytes(4))
            try:
                self._sock.sendmsg([data], [(socket.IPPROTO_IP, _IP_PKTINFO, info)], 0, to)
            except OSError as error:
                # `address` in the settings may be that of a machine before us.
                if is_ours(source):
                    raise
                _log.debug(
                    "replies leave from another address", address=str(source), why=str(error)
                )
                self._foreign.add(source)
            else:
                return
        self._sock.sendto(data, to)

    def _sent_to(
        self, data: bytes, to: tuple[str, int], hardware: bytes, source: IPv4Address
    ) -> bool:
        """Send to a MAC; whether that can be done here.

        Raises:
            OSError: it can, but not now: a queue is full, or the interface is down.
        """
        if not self._has_packets:
            return False
        addresses = source.packed + socket.inet_aton(to[0])
        packet = ip.packet(addresses, (self._port, to[1]), data)
        try:
            if self._packets is None:
                self._packets = _packet_socket()
            self._packets.sendto(packet, (self._interface, _IPV4, 0, 1, hardware))
        except OSError as error:
            if error.errno not in _NO_PACKETS:
                raise
            self._has_packets = False
            self.close()
            _log.warning(
                "clients without an address are answered by broadcast",
                interface=self._interface,
                why=error.strerror,
            )
            return False
        return True


def _packet_socket() -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)  # protocol 0: it hears nothing
    sock.setblocking(False)
    make_room(sock)
    return sock


def _opened() -> socket.socket | None:
    """None where it cannot be; the first reply that needs it says why."""
    try:
        return _packet_socket()
    except OSError:
        return None

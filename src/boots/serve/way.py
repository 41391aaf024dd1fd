"""How the packets of a transfer leave: a window in one call where the kernel can cut it.

Linux cuts a datagram into equal ones on its way out (UDP GSO, since 4.18): that costs a window of
16 blocks less than a third of what 16 calls do.  Where it cannot (an interface without checksums,
a route of a smaller MTU) they leave one by one.
"""

import contextlib
import errno
import socket
import struct
from collections.abc import Callable

_UDP_SEGMENT = 103  # of linux/udp.h; the socket module does not name it
_MOST_SEGMENTS = 64  # UDP_MAX_SEGMENTS of kernels before 6.9
_LARGEST_DATAGRAM = 65_507
_SMALLEST_CUT = (
    512  # every OACK and ERROR is shorter: where all that leaves is cut, they stay whole
)
_CANNOT_CUT = frozenset({errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.EOPNOTSUPP})

Send = Callable[[bytes | memoryview], object]


def can_cut(sock: socket.socket) -> bool:
    """Whether this kernel cuts datagrams."""
    try:
        sock.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 0)
    except OSError:
        return False
    return True


class Way:
    """To one client: `one` sends a packet, `several` some that stand end to end, of one size.

    `packet` is that size in bytes (the last may be shorter), `together` how many `several` takes.
    `quick` is for the windows of this transfer: like `put`, but an OSError goes through.
    """

    def __init__(self, one: Send, several: Send, packet: int, together: int) -> None:
        self._one = one
        self._several = several
        self._packet = packet
        self._at_once = packet * together
        self.quick: Send = self.put

    def say(self, packet: bytes) -> None:
        """Send one packet of any kind; what becomes of it is as with `put`."""
        with contextlib.suppress(OSError):
            self._one(packet)

    def put(self, packets: bytes | memoryview) -> None:
        """Send packets that stand end to end.

        What cannot leave (full buffers, an ICMP error) is as lost on the way: the timer mends it.
        """
        size = len(packets)
        try:
            if size <= self._packet:
                self._one(packets)
            elif size <= self._at_once:
                self._several(packets)
            else:
                self._put_parts(packets, self._at_once)
        except OSError as error:
            if size > self._packet and error.errno in _CANNOT_CUT:
                self._at_once = self._packet
                self._put_parts(packets, self._packet)

    def _put_parts(self, packets: bytes | memoryview, size: int) -> None:
        for at in range(0, len(packets), size):
            self.put(packets[at : at + size])


def way_of(sock: socket.socket, packet: int, window: int) -> Way:
    """By a connected socket."""
    together = _together(packet, window)
    if together > 1:
        try:
            sock.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, packet)
        except OSError:
            together = 1
    way = Way(sock.send, sock.send, packet, together)
    if together == window:
        way.quick = sock.send
    return way


def shared_way(
    sock: socket.socket, to: tuple[str, int], packet: int, window: int, *, cuts: bool
) -> Way:
    """By a socket that other transfers leave by, too; `cuts` is what `can_cut` says of it."""
    how = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", packet))]
    return Way(
        lambda part: sock.sendto(part, to),
        lambda part: sock.sendmsg([part], how, 0, to),
        packet,
        _together(packet, window) if cuts else 1,
    )


def _together(packet: int, window: int) -> int:
    if packet < _SMALLEST_CUT:
        return 1
    return max(1, min(window, _MOST_SEGMENTS, _LARGEST_DATAGRAM // packet))

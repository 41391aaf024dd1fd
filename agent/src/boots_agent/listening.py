"""Listening to the switches at the NICs' cables, which speak every 30 s or so."""

import contextlib
import select
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from boots_agent import lldp
from boots_agent.facts import names, text
from boots_agent.lldp import Neighbour

_CDP_FRAMES = 0x0004  # ETH_P_802_2: all frames with a length in place of a type
_PACKET_ADD_MEMBERSHIP, _SOL_PACKET, _MULTICAST = 1, 263, 0
_LARGEST = 2048
_LOOK_AGAIN = 1.0  # seconds after which a link may have come up
_MOST = 64  # frames of one NIC in a row, before another has its turn
# Which frames a socket takes, and the addresses that its NIC has to listen to for them.
_SOCKETS = ((lldp.ETHERTYPE, lldp.GROUPS), (_CDP_FRAMES, (lldp.CDP_GROUP,)))


class Ears:
    """Hears what is said on all NICs, from when it is made; the kernel keeps it until `listen`."""

    def __init__(self, root: Path) -> None:
        self._network = root / "sys/class/net"
        self._open: dict[tuple[str, int], socket.socket] = {}
        self._heard: dict[str, Neighbour] = {}
        self._open_all()

    @property
    def heard(self) -> Mapping[str, Neighbour]:
        """Who is at the other end, by the name of the NIC."""
        return self._heard

    def listen(self, seconds: float) -> float:
        """Hear for so long, or until every NIC with a link was heard; the seconds it took.

        For those on USB nobody waits: most lead to the machine's own BMC, which says nothing.
        """
        began = time.monotonic()
        while True:
            self._open_all()
            left = began + seconds - time.monotonic()
            self._take(max(0.0, min(left, _LOOK_AGAIN)))
            if left <= 0 or self._complete():
                return time.monotonic() - began

    def close(self) -> None:
        """Hear no more."""
        while self._open:
            self._open.popitem()[1].close()

    def _nics(self) -> list[str]:
        return [name for name in names(self._network) if (self._network / name / "device").exists()]

    def _complete(self) -> bool:
        waited_for = [name for name in self._nics() if self._has_cable(name)]
        return bool(waited_for) and all(name in self._heard for name in waited_for)

    def _has_cable(self, name: str) -> bool:
        path = self._network / name
        return text(path / "carrier") == "1" and "/usb" not in str((path / "device").resolve())

    def _open_all(self) -> None:
        """Listen on the NICs that came since."""
        for name in self._nics():
            for protocol, groups in _SOCKETS:
                if (name, protocol) not in self._open:
                    with contextlib.suppress(OSError):  # it went in this moment
                        self._open[name, protocol] = _socket(name, protocol, groups)

    def _take(self, seconds: float) -> None:
        """Wait so long for frames, and read those that came."""
        ready = select.select(list(self._open.values()), (), (), seconds)[0]
        for (name, protocol), ear in list(self._open.items()):
            if ear not in ready:
                continue
            try:
                for frame in _frames(ear):
                    self._hear(name, frame)
            except OSError:
                # The NIC went, or its link did.
                self._open.pop((name, protocol)).close()

    def _hear(self, name: str, frame: bytes) -> None:
        said = lldp.read(frame)
        known = self._heard.get(name)
        if said is not None and (known is None or said.rank >= known.rank):
            self._heard[name] = said


def _socket(name: str, protocol: int, groups: Iterable[bytes]) -> socket.socket:
    """A socket for frames of one protocol on one NIC.

    Raises:
        OSError: there is no such NIC any more, or packets may not be heard here.
    """
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        made.setblocking(False)
        made.bind((name, protocol))
        for group in groups:
            # struct packet_mreq: which NIC, what kind, how long the address is, the address.
            wanted = (socket.if_nametoindex(name), _MULTICAST, len(group), group)
            made.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", *wanted))
    except OSError:
        made.close()
        raise
    return made


def _frames(ear: socket.socket) -> Iterator[bytes]:
    """What the kernel kept for a socket; not more than its fair share."""
    for _ in range(_MOST):
        try:
            yield ear.recv(_LARGEST)
        except BlockingIOError:
            return

"""Known machines that ask for an address and a script meanwhile, one after the other.

Prints JSON: the seconds that each took from its DISCOVER to its ACK, and for its script.  What is
lost is sent anew after a second, so that a lost packet shows as that second.
"""

import http.client
import itertools
import json
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator

from bench.place import LOAD_NIC, SERVER
from bench.subjects import address, mac

_COOKIE = bytes.fromhex("63825363")
_AGAIN = 1.0
_GIVES_UP = 10.0
_ASKED = b"\x37\x07\x01\x03\x06\x0c\x2b\x42\x43"
_PXE = b"\x3c\x20PXEClient:Arch:00000:UNDI:002001\x5d\x02\x00\x00"


def message(number: int, xid: int, kind: int, more: bytes = b"") -> bytes:
    """A DISCOVER (1) or a REQUEST (3) of machine `number`."""
    head = struct.pack("!4BIHH16x", 1, 1, 6, 0, xid, 0, 0x8000)
    octets = bytes.fromhex(mac(number).replace(":", "")).ljust(16, b"\0")
    said = bytes([53, 1, kind]) + more + _PXE + _ASKED + b"\xff"
    return (head + octets + bytes(192) + _COOKIE + said).ljust(300, b"\0")


class Witness:
    """All of them; `lost` are the messages that were sent anew, `failed` who gave up."""

    def __init__(self, machines: int) -> None:
        self._machines = itertools.cycle(range(machines))
        self._xids = itertools.count(0x70000000)
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, LOAD_NIC.encode())
        self._sock.bind(("0.0.0.0", 68))  # answers are broadcast
        self.acks: list[float] = []
        self.scripts: list[float] = []
        self.lost = self.failed = 0

    def boot(self) -> None:
        """One machine, as far as its script."""
        number = next(self._machines)
        began = time.monotonic()
        own = b"\x32\x04" + address(number).packed + b"\x36\x04" + SERVER.packed
        if not (self._asks(number, 1, b"", 2) and self._asks(number, 3, own, 5)):
            self.failed += 1
            return
        self.acks.append(time.monotonic() - began)
        began = time.monotonic()
        try:
            self._script(number)
        except (OSError, http.client.HTTPException):
            self.failed += 1
            return
        self.scripts.append(time.monotonic() - began)

    def _asks(self, number: int, kind: int, more: bytes, answer: int) -> bool:
        xid = next(self._xids)
        until = time.monotonic() + _GIVES_UP
        while time.monotonic() < until:
            self._sock.sendto(message(number, xid, kind, more), ("255.255.255.255", 67))
            if any(_is(data, xid, answer) for data in self._heard(_AGAIN)):
                return True
            self.lost += 1
        return False

    def _heard(self, seconds: float) -> Iterator[bytes]:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self._sock], [], [], left)[0]:
                yield self._sock.recv(2048)

    def _script(self, number: int) -> None:
        connection = http.client.HTTPConnection(str(SERVER), 8080, timeout=_GIVES_UP)
        try:
            connection.request("GET", f"/{mac(number)}/auto.ipxe")
            answer = connection.getresponse()
            if answer.status != 200 or not answer.read().startswith(b"#!ipxe"):
                raise OSError("no script")
        finally:
            connection.close()


def _is(data: bytes, xid: int, kind: int) -> bool:
    right = len(data) > 243 and data[0] == 2 and data[4:8] == xid.to_bytes(4)
    return right and data[240:243] == bytes([53, 1, kind])


def main(seconds: float, pause: float, machines: int) -> None:
    """Boots at a bounded rate."""
    witness = Witness(machines)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        witness.boot()
        time.sleep(pause)
    print(
        json.dumps(
            {
                "acks": witness.acks,
                "scripts": witness.scripts,
                "lost": witness.lost,
                "failed": witness.failed,
            }
        )
    )


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))

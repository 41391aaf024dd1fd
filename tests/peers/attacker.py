"""A program that makes machines up by the thousand, and a good client beside them.

Run in the client's namespace: ``attacker.py INTERFACE KIND COUNT``.  It prints one line of JSON:
how long the good client waited for its offers, in seconds, and how many it never got.
"""

import itertools
import json
import random
import select
import socket
import struct
import sys
import time

GOOD = bytes.fromhex("525400700010")
_PATIENCE = 5.0  # seconds after which the good client gives up waiting
_RELAY = "192.168.70.254"  # a DECLINE comes from no address, or by a relay
_SHARE = 0.008  # seconds between two questions: who asks 250 times a second is not read any more
_BURST = 50
_EVERY = 0.002  # seconds between two bursts
COOKIE = b"\x63\x82\x53\x63"
PXE = b"\x3c\x20PXEClient:Arch:00007:UNDI:003016\x5d\x02\x00\x07\x5e\x03\x01\x03\x10"


def packet(mac: bytes, xid: int, kind: int, *, relay: str = "0.0.0.0", more: bytes = PXE) -> bytes:
    head = struct.pack("!BBBBIHH12x4s", 1, 1, 6, 0, xid, 0, 0x8000, socket.inet_aton(relay))
    options = b"\x35\x01" + bytes([kind]) + b"\x37\x04\x01\x03\x06\x43" + more + b"\xff"
    return head + mac.ljust(16, b"\0") + bytes(192) + COOKIE + options


def address(text: str) -> bytes:
    return b"\x32\x04" + socket.inet_aton(text)


def server(text: str) -> bytes:
    return b"\x36\x04" + socket.inet_aton(text)


def made_up(kind: str, number: int, rng: random.Random) -> list[tuple[bytes, tuple[str, int]]]:
    """What one made-up machine sends."""
    mac = b"\x02" + number.to_bytes(5, "big")
    to_all = ("255.255.255.255", 67)
    own = f"192.168.70.{100 + number % 100}"
    match kind:
        case "discovers":
            return [(packet(mac, number, 1), to_all)]
        case "takes":  # a whole pool, and whatever else it can be asked for
            mine = PXE + address(own) + server("192.168.70.1")
            return [(packet(mac, number, 1), to_all), (packet(mac, number, 3, more=mine), to_all)]
        case "others":  # it says that it takes another server's offer, and asks again
            theirs = PXE + address(own) + server("192.168.70.99")
            return [(packet(mac, number, 3, more=theirs), to_all), (packet(mac, number, 1), to_all)]
        case "declines":
            said = address(own) + server("192.168.70.1")
            return [
                (packet(mac, number, 1), to_all),
                (packet(mac, number, 4, more=said, relay=_RELAY), to_all),
            ]
        case "replies":  # a false DHCP server's offers, as long as can be
            offer = bytearray(packet(mac, number, 2, more=server(own) + b"\x0d\xff" + bytes(255)))
            offer[0] = 2
            return [(packet(mac, number, 1), to_all), (bytes(offer), to_all)]
    good = bytearray(packet(mac, number, rng.choice([1, 3, 4, 7, 8]), more=rng.randbytes(60)))
    for _ in range(rng.randrange(8)):  # "garbage"
        good[rng.randrange(len(good))] = rng.randrange(256)
    return [(bytes(good[: rng.randrange(1, len(good))]), to_all), (bytes(good), to_all)]


def open_socket(interface: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    sock.bind(("0.0.0.0", port))
    return sock


class Good:
    """A client with a record, which asks one thing after the other."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._xids = itertools.count(0x60000000)
        self._xid, self._asked = 0, 0.0
        self.waits: list[float] = []
        self.lost = 0

    def turn(self) -> None:
        """Take what came, and ask again."""
        now = time.monotonic()
        while select.select([self._sock], [], [], 0)[0]:
            data = self._sock.recv(4096)
            if self._xid and data[4:8] == struct.pack("!I", self._xid) and data[0] == 2:
                self.waits.append(time.monotonic() - self._asked)
                self._xid = 0
        if self._xid and now - self._asked > _PATIENCE:
            self.lost, self._xid = self.lost + 1, 0
        if not self._xid and now - self._asked > _SHARE:
            self._xid, self._asked = next(self._xids), now
            asked = packet(GOOD, self._xid, 1)
            self._sock.sendto(asked, ("255.255.255.255", 67))


def main(interface: str, kind: str, count: int) -> None:
    rng = random.Random(7)
    good = Good(open_socket(interface, 68))
    bad = open_socket(interface, 67 if kind == "replies" else 1068)
    for number in range(count):
        for data, to in made_up(kind, number, rng):
            bad.sendto(data, to)
        if number % _BURST == 0:
            good.turn()
            time.sleep(_EVERY)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        good.turn()
        time.sleep(_EVERY)
    worst = max(good.waits, default=99.0)
    print(json.dumps({"worst": worst, "answers": len(good.waits), "lost": good.lost}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

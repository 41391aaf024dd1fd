"""A running server is told thousands of things that nobody should say, at every door.

It stays up, known machines are answered meanwhile and afterwards, and no callback of its loop takes
more of the processor than it may.
"""

import contextlib
import os
import random
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.app.certificates import issue
from tests.peers.attacker import packet
from tests.peers.conftest import CLIENT, MAC, NIC, SERVER, Boots, Lan, boots

from boots.lab import network
from boots.model import mac as macs
from boots.wire import dhcp
from boots.wire.malformed import Malformed
from fuzz import places
from fuzz.bent import bent
from fuzz.targets import every

pytestmark = [pytest.mark.peers, pytest.mark.alone]

# What a callback may take.  One packet's share is less than 5 ms (tests/fuzz); here it is all that
# came in the same wake-up, or all that a batch of the journal is made of.
MOST = 0.010
COUNT = 2500  # datagrams at each door
LARGEST = 65_507
TARGETS = every()
Send = Callable[[bytes], None]


def inputs(*names: str) -> list[bytes]:
    """The seeds of some targets, and what was kept."""
    found = [data for name in names for data in TARGETS[name].seeds()]
    return found + [path.read_bytes() for name in names for path in places.kept(name)]


@contextlib.contextmanager
def udp(lan: Lan, port: int, to: tuple[str, int]) -> Iterator[tuple[socket.socket, Send]]:
    with network.within(lan.client):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, NIC.encode())
        sock.bind(("", port))
        sock.settimeout(2)

        def send(data: bytes) -> None:
            with contextlib.suppress(OSError):
                sock.sendto(data, to)

        yield sock, send


def is_answered(lan: Lan) -> bool:
    """Whether the machine with the record gets an offer; it asks three times at most."""
    with udp(lan, 68, ("255.255.255.255", 67)) as (sock, send):
        for xid in range(0x70000000, 0x70000003):
            send(packet(macs.to_bytes(macs.Mac(MAC)), xid, 1))
            until = time.monotonic() + 2
            while time.monotonic() < until:
                try:
                    reply = dhcp.decode(sock.recv(2000))
                except Malformed:
                    continue
                except TimeoutError:
                    break
                if reply.xid == xid and str(reply.yiaddr) in {str(CLIENT.ip), "0.0.0.0"}:
                    return True
    return False


def at_port(lan: Lan, port: int, known: list[bytes], *, source: int = 0, to: str = "") -> None:
    rng = random.Random(port)
    with udp(lan, source, (to or str(SERVER.ip), port)) as (_, send):
        for number in range(COUNT):
            send(bent(rng, known, (), LARGEST))
            if number % 50 == 0:
                time.sleep(0.002)
        for _ in range(1000):  # the largest, all at once
            send(rng.choice(known)[:300].ljust(LARGEST, bytes([rng.randrange(256)])))


def at_transfers(lan: Lan) -> None:
    """Junk to the ports that files leave from."""
    rng, known = random.Random(1), inputs("tftp.packet")
    for _ in range(50):
        with udp(lan, 0, (str(SERVER.ip), 69)) as (sock, send):
            sock.settimeout(0.2)
            send(b"\0\1undionly.kpxe\0octet\0windowsize\x0064\0blksize\x008\0")
            with contextlib.suppress(TimeoutError):
                _, peer = sock.recvfrom(2000)
                for _ in range(40):
                    sock.sendto(bent(rng, known, (), 2000), peer)


def at_http(lan: Lan, port: int, *, secure: ssl.SSLContext | None = None, count: int = 300) -> None:
    rng = random.Random(port)
    raw = [data[1:] for data in inputs("http.bytes")]
    agents = inputs("http.agent")
    for number in range(count):
        data = bent(rng, raw, (), LARGEST)
        if number % 4 == 0:
            body = bent(rng, agents, (), LARGEST)
            what = rng.choice(("hello", "next", "events", "progress", "inventory"))
            head = f"POST /{MAC}/agent/v1/{what} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
            data = head.encode() + body
        with network.within(lan.client):
            sock = socket.socket()
        with sock, contextlib.suppress(OSError):
            sock.settimeout(0.5)
            sock.connect((str(SERVER.ip), port))
            if secure is not None and number % 2:
                sock = secure.wrap_socket(sock)
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            sock.recv(4096)
            sock.close()


def held_up(place: Path, since: float) -> list[tuple[float, str]]:
    """What took longest of the loop since a moment, the longest last."""
    found = []
    for line in place.read_text().splitlines():
        at, took, what = line.split(" ", 2)
        if float(at) >= since:
            found.append((float(took), what))
    return sorted(found)


@contextlib.contextmanager
def probed(lan: Lan, folder: Path, **environment: str) -> Iterator[tuple[Boots, Path]]:
    place = folder / "loop.txt"
    place.touch()
    path = os.pathsep.join((str(Path(__file__).parent / "probe"), os.environ.get("PYTHONPATH", "")))
    files = folder / "files"
    files.mkdir()
    (files / "undionly.kpxe").write_bytes(bytes(100_000))
    more = {"PYTHONPATH": path, "LOOP_PROBE": str(place), **environment}
    more["BOOTS_DHCP_STRANGERS"] = more["BOOTS_TFTP_STRANGERS"] = "1000000"  # all is to be read
    with boots(lan.server, folder, "--boot-files", files, environment=more) as server:
        assert "it is watched" in place.read_text()
        yield server, place


def judge(place: Path, since: float) -> None:
    found = held_up(place, since)
    for took, what in found[-5:]:
        print(f"{took * 1000:.2f} ms: {what}")
    assert [] == [each for each in found if each[0] > MOST]


def test_no_packet_stops_it_nor_holds_it_up(lan: Lan, tmp_path: Path) -> None:
    leaf = issue("boots.example")
    (tmp_path / "c.pem").write_bytes(leaf.pem)
    (tmp_path / "k.pem").write_bytes(leaf.key_pem)
    secure = ssl._create_unverified_context()
    environment = {
        "BOOTS_DHCP_MODE": "pool",
        "BOOTS_HTTP_CERTIFICATE": str(tmp_path / "c.pem"),
        "BOOTS_HTTP_KEY": str(tmp_path / "k.pem"),
    }
    with probed(lan, tmp_path, **environment) as (server, place):
        assert is_answered(lan)
        at_http(lan, 8080, count=8)  # what is loaded once is no packet's doing
        at_http(lan, 8443, secure=secure, count=8)
        since = time.monotonic()
        messages = inputs("dhcp.message", "dhcp.option")
        at_port(lan, 67, messages, source=68, to="255.255.255.255")
        assert is_answered(lan)
        at_port(lan, 69, inputs("tftp.packet"))
        at_transfers(lan)
        assert is_answered(lan)
        at_port(lan, 514, inputs("syslog.line"))
        assert is_answered(lan)
        at_http(lan, 8080)
        at_http(lan, 8443, secure=secure)
        assert is_answered(lan)
        assert server.process.poll() is None
        judge(place, since)


def test_nor_at_the_port_for_boot_questions(lan: Lan, tmp_path: Path) -> None:
    with probed(lan, tmp_path, BOOTS_DHCP_MODE="auto-proxy") as (server, place):
        since = time.monotonic()
        messages = inputs("dhcp.message")
        at_port(lan, 4011, messages, source=68)
        at_port(lan, 67, messages, source=68, to="255.255.255.255")
        assert is_answered(lan)
        assert server.process.poll() is None
        judge(place, since)

"""Which ports of this host are open, on which interface, and whose they are (sock_diag(7))."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

_SOCK_DIAG, _BY_FAMILY, _REQUEST_DUMP = 4, 20, 0x301  # linux/sock_diag.h, netlink.h
_DONE, _ERROR = 3, 2
_OPEN = {socket.IPPROTO_UDP: 1 << 7, socket.IPPROTO_TCP: 1 << 10}  # TCP_CLOSE, TCP_LISTEN
_HEADER = struct.Struct("=IHHII")
_WANTED = struct.Struct("=BBBxI48x")
_SOCKET = struct.Struct("=4s2s2s16s16sI8xIIIII")
PROTOCOLS = {"udp": socket.IPPROTO_UDP, "tcp": socket.IPPROTO_TCP}


@dataclass(frozen=True, slots=True)
class Open:
    """A port that is open: at which address, on which interface (0: all), its inode."""

    protocol: str
    address: IPv4Address
    port: int
    index: int
    inode: int


def open_ports() -> list[Open]:
    """Every open UDP and listening TCP port of IPv4; where the kernel does not say, none."""
    found: list[Open] = []
    for name, number in PROTOCOLS.items():
        try:
            for data in _dump(number):
                found += read(data, name)
        except OSError:
            continue
    return found


def _dump(protocol: int) -> Iterator[bytes]:
    wanted = _WANTED.pack(socket.AF_INET, protocol, 0, _OPEN[protocol])
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as sock:
        sock.settimeout(2)
        head = _HEADER.pack(_HEADER.size + len(wanted), _BY_FAMILY, _REQUEST_DUMP, 1, 0)
        sock.send(head + wanted)
        while True:
            data = sock.recv(1 << 16)
            yield data
            if _is_last(data):
                return


def _is_last(data: bytes) -> bool:
    return any(kind in {_DONE, _ERROR} for kind, _ in _messages(data))


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(data):
        size, kind, *_ = _HEADER.unpack_from(data, at)
        yield kind, data[at + _HEADER.size : at + size]
        at += max(_HEADER.size, (size + 3) & ~3)


def read(data: bytes, protocol: str) -> Iterator[Open]:
    """The sockets in an answer of the kernel."""
    for kind, body in _messages(data):
        if kind == _BY_FAMILY and len(body) >= _SOCKET.size:
            _, port, _, address, _, index, _, _, _, _, inode = _SOCKET.unpack_from(body)
            yield Open(protocol, IPv4Address(address[:4]), int.from_bytes(port), index, inode)


def holder(inode: int, proc: Path = Path("/proc")) -> str:
    """The program that has a socket, as ``dnsmasq, pid 812``; empty where that is not shown."""
    wanted = f"socket:[{inode}]"
    for process in proc.glob("[0-9]*"):
        try:
            if any(str(fd.readlink()) == wanted for fd in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()}, pid {process.name}"
        except OSError:
            continue  # it ended, or is not ours to look into
    return ""

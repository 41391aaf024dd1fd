"""Captured datagrams as text that a person can check against `tshark`."""

import enum
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from boots.wire import dhcp, pcap, syslog, tftp
from boots.wire.malformed import Malformed
from boots.wire.options import ClientFqdn, Route
from boots.wire.pcap import Datagram
from boots.wire.pxe import Interface, UserClass
from boots.wire.table import TABLE

VECTORS = Path(__file__).parents[1] / "vectors"
CAPTURES = sorted(VECTORS.glob("*/*.pcap"))

PXE_PORT = 4011
DHCP_PORTS = {dhcp.SERVER_PORT, dhcp.CLIENT_PORT, PXE_PORT}

Value = dhcp.Message | tftp.Packet | syslog.Line


def decode(datagram: Datagram) -> Value:
    ports = {datagram.source_port, datagram.destination_port}
    if ports & DHCP_PORTS:
        return dhcp.decode(datagram.payload)
    if syslog.PORT in ports:
        return syslog.decode(datagram.payload)
    return tftp.decode(datagram.payload)


def encode(value: Value) -> bytes:
    if isinstance(value, dhcp.Message):
        return dhcp.encode(value)
    if isinstance(value, syslog.Line):
        return syslog.encode(value)
    return tftp.encode(value)


def datagrams(capture: str) -> list[Datagram]:
    return list(pcap.datagrams((VECTORS / f"{capture}.pcap").read_bytes()))


def messages(capture: str) -> list[dhcp.Message]:
    decoded = map(decode, datagrams(capture))
    return [value for value in decoded if isinstance(value, dhcp.Message)]


def tftp_requests(capture: str) -> list[tftp.Request]:
    decoded = map(decode, datagrams(capture))
    return [value for value in decoded if isinstance(value, tftp.Request)]


def render(capture: bytes) -> str:
    blocks = [_render(datagram) for datagram in pcap.datagrams(capture)]
    return "\n".join(itertools.chain.from_iterable((*block, "") for block in blocks))


def _render(datagram: Datagram) -> Iterator[str]:
    yield (
        f"{datagram.source}:{datagram.source_port}"
        f" > {datagram.destination}:{datagram.destination_port}"
    )
    value = decode(datagram)
    lines = _message(value) if isinstance(value, dhcp.Message) else _fields(value)
    yield from (f"  {line}" for line in lines)


def _fields(value: tftp.Packet | syslog.Line) -> Iterator[str]:
    yield type(value).__name__
    for name in value.__slots__:
        part = getattr(value, name)
        if isinstance(part, bytes):
            yield f"  {name}: {len(part)} bytes {part[:16].hex()}"
        elif isinstance(part, Mapping):
            yield f"  {name}: {', '.join(f'{key}={each}' for key, each in part.items())}".rstrip()
        elif part != "":
            yield f"  {name}: {_show(part)}"


def _message(message: dhcp.Message) -> Iterator[str]:
    yield _show(message.kind)
    yield f"op {message.op}, htype {message.htype}, hops {message.hops}, secs {message.secs}"
    yield f"xid {message.xid:08x}, flags {message.flags:04x}, chaddr {message.chaddr.hex(':')}"
    for name in ("ciaddr", "yiaddr", "siaddr", "giaddr"):
        address = getattr(message, name)
        if int(address):
            yield f"{name} {address}"
    for name in ("sname", "file"):
        if getattr(message, name):
            yield f"{name} {getattr(message, name).decode()}"
    for code, raw in message.options.items():
        yield _option(code, raw)


def _option(code: int, raw: bytes) -> str:
    option = TABLE.get(code)
    if option is None:
        return f"{code}: {raw.hex()}"
    try:
        return f"{code} {option.name}: {_show(option.read(raw))}"
    except Malformed as reason:
        return f"{code} {option.name}: {raw.hex()} ({reason})"


def _show(value: Any) -> str:
    match value:
        case enum.Enum():
            return value.name
        case bytes():
            return value.hex(" ")
        case Route(network, router):
            return f"{network} via {router}"
        case UserClass(classes, bare):
            names = ", ".join(name.decode() for name in classes)
            return f"{names} ({'bare' if bare else 'list'})"
        case ClientFqdn(flags, rcode1, rcode2, name):
            return f"{name} (flags {flags:02x}, {rcode1}, {rcode2})"
        case Interface(kind, major, minor):
            return f"type {kind}, {major}.{minor}"
        case tuple():
            return ", ".join(map(_show, value))
        case Mapping():
            return ", ".join(f"{code}={raw.hex()}" for code, raw in value.items())
        case _:
            return str(value)

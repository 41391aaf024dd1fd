"""The option area of a DHCP message, and the table of options we can read.

RFC 2132 (options), RFC 3396 (values over 255 bytes), RFC 3442 (classless routes, 121),
RFC 3397 (domain search, 119), RFC 4702 (client FQDN, 81).  What firmware and iPXE put into
their own corner is in `boots.wire.pxe`.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Generic, NamedTuple, TypeVar

from boots.wire import names
from boots.wire.malformed import Malformed

T = TypeVar("T")

PAD = 0
OVERLOAD = 52
RELAY_AGENT = 82
END = 255


class MessageType(enum.IntEnum):
    """Option 53, RFC 2132 §9.6."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8


def split(area: bytes, into: dict[int, bytes] | None = None) -> dict[int, bytes]:
    """Cut an option area into raw values, in the order of first appearance.

    A code seen again continues its value (RFC 3396 §5), also across areas: pass the values
    found so far as `into`.  A missing END is forgiven, the message is complete without it.

    Raises:
        Malformed: an option runs past the end of the area.
    """
    values = {} if into is None else into
    at, size = 0, len(area)
    while at < size:
        code = area[at]
        if code == PAD:
            at += 1
            continue
        if code == END:
            break
        start = at + 2
        if start > size or (at := start + area[start - 1]) > size:
            raise Malformed(f"option {code} runs past the end of the message")
        values[code] = values[code] + area[start:at] if code in values else area[start:at]
    return values


def join(values: Mapping[int, bytes]) -> bytes:
    """Write raw values in the order given, long ones in several parts, without END.

    Raises:
        ValueError: a code is that of PAD or END.
    """
    if PAD in values or END in values:
        raise ValueError("codes 0 and 255 stand for no option")
    return b"".join(
        [
            bytes((code, len(value))) + value if len(value) < 256 else _in_parts(code, value)
            for code, value in values.items()
        ]
    )


def _in_parts(code: int, value: bytes) -> bytes:
    parts = [value[at : at + 255] for at in range(0, len(value), 255)]
    return b"".join(bytes((code, len(part))) + part for part in parts)


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """One row of the option table: a code, its name, and how its value is read and written.

    `read` raises `Malformed` on a value of the wrong form.
    """

    code: int
    name: str
    read: Callable[[bytes], T]
    write: Callable[[T], bytes]


# --- how values are read and written


def _sized(value: bytes, size: int, what: str) -> bytes:
    if len(value) != size:
        raise Malformed(f"{what} has {len(value)} bytes instead of {size}")
    return value


def read_address(value: bytes) -> IPv4Address:
    """One IPv4 address."""
    return IPv4Address(_sized(value, 4, "an address"))


def _read_addresses(value: bytes) -> tuple[IPv4Address, ...]:
    if not value or len(value) % 4:
        raise Malformed(f"a list of addresses has {len(value)} bytes")
    return tuple(IPv4Address(value[at : at + 4]) for at in range(0, len(value), 4))


def _write_addresses(addresses: tuple[IPv4Address, ...]) -> bytes:
    return b"".join(address.packed for address in addresses)


def _number(size: int) -> tuple[Callable[[bytes], int], Callable[[int], bytes]]:
    return (
        lambda value: int.from_bytes(_sized(value, size, "a number")),
        lambda number: number.to_bytes(size),
    )


_read_byte, _write_byte = _number(1)
_read_short, _write_short = _number(2)
_read_long, _write_long = _number(4)


def read_text(value: bytes) -> str:
    """Text; some clients end it with NULs (RFC 2132 §2 allows for that)."""
    try:
        return value.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        raise Malformed("text is not UTF-8") from None


def write_text(text: str) -> bytes:
    """Text as UTF-8, without a NUL."""
    return text.encode()


def read_bytes(value: bytes) -> bytes:
    """A value that is bytes to everybody but its owner."""
    return value


def _read_message_type(value: bytes) -> MessageType:
    try:
        return MessageType(_read_byte(value))
    except ValueError as error:
        raise Malformed(f"no DHCP message type: {error}") from None


class Route(NamedTuple):
    """One route of option 121: packets for `network` go to `router`."""

    network: IPv4Network
    router: IPv4Address


def _read_routes(value: bytes) -> tuple[Route, ...]:
    routes, at = [], 0
    while at < len(value):
        width = value[at]
        octets = (width + 7) // 8  # RFC 3442: only the significant octets are sent
        end = at + 1 + octets + 4
        if width > 32 or end > len(value):
            raise Malformed("a classless route runs past the end of the option")
        network = value[at + 1 : at + 1 + octets].ljust(4, b"\0")
        routes.append(
            Route(
                IPv4Network((network, width), strict=False),
                IPv4Address(value[end - 4 : end]),
            )
        )
        at = end
    return tuple(routes)


def _write_routes(routes: tuple[Route, ...]) -> bytes:
    return b"".join(
        bytes([network.prefixlen])
        + network.network_address.packed[: (network.prefixlen + 7) // 8]
        + router.packed
        for network, router in routes
    )


class ClientFqdn(NamedTuple):
    """Option 81: the flags of RFC 4702 §2.1, two unused bytes, and the name."""

    flags: int
    rcode1: int
    rcode2: int
    name: str


_FQDN_IS_DNS_FORM = 0x04  # the E bit; without it the name is plain ASCII (§2.3.1, deprecated)


def _read_fqdn(value: bytes) -> ClientFqdn:
    if len(value) < 3:
        raise Malformed("a client FQDN has fewer than 3 bytes")
    flags, rcode1, rcode2 = value[:3]
    if flags & _FQDN_IS_DNS_FORM:
        # A partial name has no root label at its end (§2.3): give it one to read it.
        name = names.read(value[3:] + b"\0", 0)[0]
    else:
        name = read_text(value[3:])
    return ClientFqdn(flags, rcode1, rcode2, name)


def _write_fqdn(fqdn: ClientFqdn) -> bytes:
    head = bytes(fqdn[:3])
    if not fqdn.flags & _FQDN_IS_DNS_FORM:
        return head + write_text(fqdn.name)
    return head + (names.write(fqdn.name) if fqdn.name else b"\0")


def _address(code: int, name: str) -> Option[IPv4Address]:
    return Option(code, name, read_address, lambda address: address.packed)


def _addresses(code: int, name: str) -> Option[tuple[IPv4Address, ...]]:
    return Option(code, name, _read_addresses, _write_addresses)


def _text(code: int, name: str) -> Option[str]:
    return Option(code, name, read_text, write_text)


def _seconds(code: int, name: str) -> Option[int]:
    return Option(code, name, _read_long, _write_long)


def _raw(code: int, name: str) -> Option[bytes]:
    return Option(code, name, read_bytes, read_bytes)


SUBNET_MASK = _address(1, "subnet mask")
ROUTER = _addresses(3, "router")
NAME_SERVERS = _addresses(6, "name servers")
LOG_SERVERS = _addresses(7, "log servers")
HOST_NAME = _text(12, "host name")
DOMAIN_NAME = _text(15, "domain name")
ROOT_PATH = _text(17, "root path")
MTU = Option(26, "interface MTU", _read_short, _write_short)
BROADCAST_ADDRESS = _address(28, "broadcast address")
NTP_SERVERS = _addresses(42, "NTP servers")
REQUESTED_ADDRESS = _address(50, "requested address")
LEASE_TIME = _seconds(51, "lease time")
MESSAGE_TYPE = Option(53, "message type", _read_message_type, lambda kind: bytes([kind]))
SERVER_ID = _address(54, "server identifier")
PARAMETER_LIST = Option(55, "parameter request list", read_bytes, read_bytes)
MESSAGE = _text(56, "message")
MAX_SIZE = Option(57, "maximum message size", _read_short, _write_short)
RENEWAL_TIME = _seconds(58, "renewal time (T1)")
REBINDING_TIME = _seconds(59, "rebinding time (T2)")
VENDOR_CLASS = _text(60, "vendor class")
CLIENT_ID = _raw(61, "client identifier")
TFTP_SERVER_NAME = _text(66, "TFTP server name")
BOOT_FILE_NAME = _text(67, "boot file name")
CLIENT_FQDN = Option(81, "client FQDN", _read_fqdn, _write_fqdn)
SUBNET_SELECTION = _address(118, "subnet selection")
DOMAIN_SEARCH = Option(119, "domain search", names.read_all, names.write_all)
CLASSLESS_ROUTES = Option(121, "classless routes", _read_routes, _write_routes)

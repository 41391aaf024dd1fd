"""The DHCPv4 message: RFC 2131 §2, and RFC 2132 §9.3 for option overload."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import TypeVar

from boots.wire.malformed import Malformed
from boots.wire.options import (
    END,
    MESSAGE_TYPE,
    OVERLOAD,
    RELAY_AGENT,
    MessageType,
    Option,
    join,
    split,
)

T = TypeVar("T")

BOOTREQUEST = 1
BOOTREPLY = 2
BROADCAST = 0x8000  # RFC 2131 §2, figure 2: the one flag there is

SERVER_PORT = 67
CLIENT_PORT = 68

_HEADER = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s")
_COOKIE = bytes((99, 130, 83, 99))
_SMALLEST = 300  # RFC 1542 §2.1; some relays and ROMs drop anything shorter
_NOWHERE = IPv4Address(0)


@dataclass(frozen=True, slots=True)
class Message:
    """One DHCP message, with the field names of RFC 2131 figure 1.

    `chaddr` has the length that hlen says; `sname` and `file` end before their first NUL.
    `options` holds raw values by code, in the order of the wire; options 52 (overload) and 255
    (end) are how a message is packed and never appear.
    """

    op: int
    xid: int
    chaddr: bytes
    htype: int = 1
    hops: int = 0
    secs: int = 0
    flags: int = 0
    ciaddr: IPv4Address = _NOWHERE
    yiaddr: IPv4Address = _NOWHERE
    siaddr: IPv4Address = _NOWHERE
    giaddr: IPv4Address = _NOWHERE
    sname: bytes = b""
    file: bytes = b""
    options: Mapping[int, bytes] = field(default_factory=lambda: MappingProxyType({}))

    def get(self, option: Option[T]) -> T | None:
        """The value of an option, or None where it is absent or cannot be read.

        Firmware gets single options wrong (edk2 sends a junk entry in 55, old Intel ROMs a
        short 97) and must boot all the same, so an unreadable option is as good as none.
        """
        value = self.options.get(option.code)
        if value is None:
            return None
        try:
            return option.read(value)
        except Malformed:
            return None

    @property
    def kind(self) -> MessageType | None:
        """The message type (option 53); None for BOOTP."""
        return self.get(MESSAGE_TYPE)


def decode(data: bytes) -> Message:
    """Read one message.

    Raises:
        Malformed: too short, no magic cookie, an impossible hlen, or an option that runs past
            its area.
    """
    if len(data) < _HEADER.size + 4:
        raise Malformed(f"{len(data)} bytes are too few for a DHCP message")
    (
        op,
        htype,
        hlen,
        hops,
        xid,
        secs,
        flags,
        ciaddr,
        yiaddr,
        siaddr,
        giaddr,
        chaddr,
        sname,
        file,
    ) = _HEADER.unpack_from(data)
    if data[_HEADER.size : _HEADER.size + 4] != _COOKIE:
        raise Malformed("no DHCP magic cookie")
    if op not in {BOOTREQUEST, BOOTREPLY}:
        raise Malformed(f"op {op} is neither a request nor a reply")
    if hlen > 16:
        raise Malformed(f"a hardware address of {hlen} bytes does not fit")
    options, file, sname = _options(data[_HEADER.size + 4 :], file, sname)
    return Message(
        op=op,
        htype=htype,
        hops=hops,
        xid=xid,
        secs=secs,
        flags=flags,
        ciaddr=IPv4Address(ciaddr),
        yiaddr=IPv4Address(yiaddr),
        siaddr=IPv4Address(siaddr),
        giaddr=IPv4Address(giaddr),
        chaddr=chaddr[:hlen],
        sname=sname.partition(b"\0")[0],
        file=file.partition(b"\0")[0],
        options=MappingProxyType(options),
    )


def _options(area: bytes, file: bytes, sname: bytes) -> tuple[dict[int, bytes], bytes, bytes]:
    """All options, and `file` and `sname` as far as these hold none (option 52)."""
    options = split(area)
    overload = options.pop(OVERLOAD, b"\0")
    if len(overload) != 1:
        raise Malformed(f"option 52 has {len(overload)} bytes instead of 1")
    # RFC 2131 §4.1: first the options field, then file, then sname.
    if overload[0] & 1:
        split(file, options)
        file = b""
    if overload[0] & 2:
        split(sname, options)
        sname = b""
    options.pop(OVERLOAD, None)
    return options, file, sname


def encode(message: Message, limit: int | None = None) -> bytes:
    """Write one message, at least 300 bytes long.

    Past `limit` bytes, options move into the empty ones of `file` and `sname` (option 52); what
    still does not fit stays in the options field, so the result can be longer than `limit`.
    Option 82 is written last, as RFC 3046 §2.1 wants.

    Raises:
        ValueError: `chaddr`, `sname` or `file` does not fit its field, or `options` holds 52
            or another code that is no option.
    """
    _refuse_unfit(message)
    options = dict(message.options)
    last = {RELAY_AGENT: options.pop(RELAY_AGENT)} if RELAY_AGENT in options else {}
    area = join(options) + join(last) + bytes([END])
    file, sname = message.file, message.sname
    room = None if limit is None else max(limit, _SMALLEST) - _HEADER.size - 4
    if room is not None and len(area) > room:
        area, file, sname = _overload(options, last, message, room)
    head = _HEADER.pack(
        message.op,
        message.htype,
        len(message.chaddr),
        message.hops,
        message.xid,
        message.secs,
        message.flags,
        message.ciaddr.packed,
        message.yiaddr.packed,
        message.siaddr.packed,
        message.giaddr.packed,
        message.chaddr,
        sname,
        file,
    )
    return (head + _COOKIE + area).ljust(_SMALLEST, b"\0")


def _refuse_unfit(message: Message) -> None:
    for name, value, size in (
        ("chaddr", message.chaddr, 16),
        ("sname", message.sname, 64),
        ("file", message.file, 128),
    ):
        if len(value) > size:
            raise ValueError(f"{name} has {len(value)} bytes, {size} fit")
    if OVERLOAD in message.options:
        raise ValueError("option 52 is how a message is packed")


def _overload(
    options: dict[int, bytes], last: dict[int, bytes], message: Message, room: int
) -> tuple[bytes, bytes, bytes]:
    """Spread options over the options field, file and sname; returns the three."""
    spare = {1: 0 if message.file else 128, 2: 0 if message.sname else 64}
    # 53 comes first and stays where simple clients look for it.
    kind = {code: options.pop(code) for code in (MESSAGE_TYPE.code,) if code in options}
    used: dict[int, dict[int, bytes]] = {0: {}, 1: {}, 2: {}}
    # less option 52 and the ENDs
    left = {0: room - 4 - len(join(kind | last)), 1: spare[1] - 1, 2: spare[2] - 1}
    for code, value in options.items():
        size = len(join({code: value}))
        # An option cut in two across areas is legal but read by few: each goes whole.
        area = next((area for area in (0, 1, 2) if left[area] >= size), 0)
        used[area][code] = value
        left[area] -= size
    flags = (1 if used[1] else 0) | (2 if used[2] else 0)
    overload = join({OVERLOAD: bytes([flags])}) if flags else b""
    end = bytes([END])
    return (
        join(kind) + overload + join(used[0]) + join(last) + end,
        join(used[1]) + end if used[1] else message.file,
        join(used[2]) + end if used[2] else message.sname,
    )

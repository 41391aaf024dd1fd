"""What fits into a reply: the order of its options, and which of them stay where not all do."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from boots.wire import dhcp, options
from boots.wire.dhcp import Message

# RFC 2131 §2: what a client must take if it does not say more in option 57; and what an
# Ethernet frame holds, as edk2 says 65280.  Both without the headers of IP and UDP.
_LEAST_LIMIT, _MOST_LIMIT = 548, 1472

# The field needs its NUL: what is longer goes into option 67.
LONGEST_FILE = 127
"""Bytes of a name in the field `file`."""

# These come first on the wire, as simple clients look for them there.
_LEADING = (53, 54, 51)

# These are what a reply is for; where not all fits, they are kept before others.
_ESSENTIAL = (*_LEADING, 1, 3, 82, 58, 59, 60, 43, 97, 175, 66, 67, 61, 121, 6, 56)

# The echoes that a reply must have go before even these: RFC 3046 §2.2, RFC 6842 §3.
_FIRST_KEPT = (*_LEADING, 82, 61)


def in_file(name: str) -> bytes:
    """A name as the field `file` holds it: up to a NUL in it, as clients read; none if too long."""
    content = name.encode()
    return content.partition(b"\0")[0] if len(content) <= LONGEST_FILE else b""


def size_limit(message: Message) -> int:
    """How many bytes of DHCP the client can take."""
    wanted = message.get(options.MAX_SIZE)
    return _LEAST_LIMIT if wanted is None else min(max(wanted - 28, _LEAST_LIMIT), _MOST_LIMIT)


def fitted(reply: Message, values: Mapping[int, bytes], message: Message) -> Message:
    """A reply with these options: in the client's order, and no more than the client can take."""
    ordered = _in_order(values, message.get(options.PARAMETER_LIST) or b"")
    limit = size_limit(message)
    whole = _with(reply, ordered)
    if len(dhcp.encode(whole, limit)) <= limit:
        return whole
    kept: dict[int, bytes] = {}
    for code in dict.fromkeys((*_FIRST_KEPT, *_ESSENTIAL, *ordered)):
        if code in ordered:
            more = {each: ordered[each] for each in ordered if each == code or each in kept}
            if len(dhcp.encode(_with(reply, more), limit)) <= limit:
                kept = more
    return _with(reply, kept)


def _with(reply: Message, values: Mapping[int, bytes]) -> Message:
    return replace(reply, options=MappingProxyType(dict(values)))


def _in_order(values: Mapping[int, bytes], wanted: bytes) -> dict[int, bytes]:
    """Those asked for in the order they were asked for (RFC 2132 §9.8), then the rest."""
    order = [*_LEADING, *wanted, *_ESSENTIAL, *values]
    return {code: values[code] for code in dict.fromkeys(order) if code in values}

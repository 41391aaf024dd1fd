"""A DHCP request read in one pass, as far as answers that are prepared need it.

`boots.wire.dhcp` reads a message for understanding.  Here its options are cut into what is the
same for all clients of a kind and what is each client's own, without looking into either.
"""

from typing import NamedTuple

from boots.wire import options
from boots.wire.malformed import Malformed
from boots.wire.options import END, OVERLOAD, PAD, RELAY_AGENT
from boots.wire.pxe import LINK_SELECTION, RELAY, SERVER_OVERRIDE, UUID

_HEAD = b"\1\1\6"  # BOOTREQUEST, Ethernet, MACs of 6 bytes
_COOKIE = bytes((99, 130, 83, 99))
_OPTIONS_AT = 240
_FIRST = bytes((options.MESSAGE_TYPE.code, 1))
_WISHES = (LINK_SELECTION, SERVER_OVERRIDE)

OWN = frozenset(
    {
        options.HOST_NAME.code,
        options.REQUESTED_ADDRESS.code,
        options.CLIENT_ID.code,
        options.CLIENT_FQDN.code,
        RELAY_AGENT,
        UUID.code,
    }
)
"""Options that are each client's own: in these alone two clients of one kind differ."""


class Skimmed(NamedTuple):
    """One request.

    `shape` is its options without the values of `own`, which are by code: two requests of one
    shape differ in these values, not in their lengths, and in the header.
    """

    data: bytes
    shape: bytes
    own: dict[int, bytes]

    @property
    def kind(self) -> int:
        """The message type where it stands first and once, as all known clients have it; or 0."""
        shape = self.shape
        return shape[2] if shape[:2] == _FIRST and shape.count(_FIRST) == 1 else 0


def skim(data: bytes) -> Skimmed | None:
    """Read a request; None where it is anything out of the ordinary.

    What is read here is read by `dhcp.decode` to the same effect, but not the other way round:
    options that come twice or go on in other fields (option 52), and a missing END, are left to
    that.
    """
    if data[:3] != _HEAD or data[236:_OPTIONS_AT] != _COOKIE:
        return None
    own: dict[int, bytes] = {}
    common = []
    begun = at = _OPTIONS_AT
    try:
        while (code := data[at]) != END:
            if code == PAD:
                at += 1
                continue
            start = at + 2
            at = start + data[start - 1]
            if code in OWN:
                if code in own:
                    return None
                own[code] = data[start:at]
                common.append(data[begun:start])
                begun = at
            elif code == OVERLOAD:
                return None
    except IndexError:
        return None
    common.append(data[begun : at + 1])
    if RELAY_AGENT in own and wishes(own[RELAY_AGENT]):
        # Where a relay wants something its option is no client's own; behind END it stands apart.
        common.append(own[RELAY_AGENT])
    return Skimmed(data, b"".join(common), own)


def wishes(relay: bytes) -> bool:
    """Whether a relay says which subnet it means, or what to call ourselves."""
    if not any(wish in relay for wish in _WISHES):
        return False
    try:
        found = RELAY.read(relay)
    except Malformed:
        return True
    return any(wish in found for wish in _WISHES)

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

# Who makes requests up pushes out how they were cut, and no more.
_MOST_CUTS, _MOST_SHAPES = 1_024, 64

# What each code calls for; 0 for an option that all clients of a kind have alike.
_IS_OWN, _IS_PAD, _IS_END, _IS_ODD = 1, 2, 3, 4
_MEANT = {**dict.fromkeys(OWN, _IS_OWN), PAD: _IS_PAD, END: _IS_END, OVERLOAD: _IS_ODD}
_WHAT = bytes(_MEANT.get(code, 0) for code in range(256))


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


class _Cut(NamedTuple):
    """Where a request's own values stand (code, begin, end) and its options end; its shapes."""

    own: tuple[tuple[int, int, int], ...]
    end: int
    shapes: set[bytes]


class Skimmer:
    """Reads requests, and remembers how those that begin alike were cut.

    Clients of one kind send the same options in the same order, so their own values stand in the
    same places.  Where what is left is a shape that was cut there before, every code and length
    is where it was, and the options need not be walked again: half of the time is saved.
    """

    def __init__(self) -> None:
        self._cuts: dict[tuple[int, bytes], _Cut] = {}

    def skim(self, data: bytes) -> Skimmed | None:
        """Read a request; None where it is anything out of the ordinary.

        What is read here is read by `dhcp.decode` to the same effect, but not the other way
        round: options that come twice or go on in other fields (option 52), and a missing END,
        are left to that.
        """
        if data[:3] != _HEAD or data[236:_OPTIONS_AT] != _COOKIE:
            return None
        alike = len(data), data[_OPTIONS_AT : _OPTIONS_AT + 4]
        cut = self._cuts.get(alike)
        if cut is not None:
            found = _sliced(data, cut)
            if found.shape in cut.shapes:
                return _with_wishes(found)
        new = _walked(data)
        if new is None:
            return None
        if cut is None or (new.own, new.end) != (cut.own, cut.end):
            cut = new
            self._cuts[alike] = cut
            if len(self._cuts) > _MOST_CUTS:
                del self._cuts[next(iter(self._cuts))]
        found = _sliced(data, cut)
        if len(cut.shapes) < _MOST_SHAPES:
            cut.shapes.add(found.shape)
        return _with_wishes(found)


def _sliced(data: bytes, cut: _Cut) -> Skimmed:
    own: dict[int, bytes] = {}
    common = []
    begun = _OPTIONS_AT
    for code, start, end in cut.own:
        common.append(data[begun:start])
        own[code] = data[start:end]
        begun = end
    common.append(data[begun : cut.end])
    return Skimmed(data, b"".join(common), own)


def _walked(data: bytes) -> _Cut | None:
    own: dict[int, tuple[int, int, int]] = {}
    at = _OPTIONS_AT
    try:
        while True:
            while not (what := _WHAT[data[at]]):
                at += data[at + 1] + 2
            if what == _IS_END:
                return _Cut(tuple(own.values()), at + 1, set())
            if what == _IS_ODD or data[at] in own:
                return None
            if what == _IS_OWN:
                end = at + 2 + data[at + 1]
                own[data[at]] = data[at], at + 2, end
                at = end
            else:
                at += 1
    except IndexError:
        return None


def _with_wishes(found: Skimmed) -> Skimmed:
    """Where a relay wants something its option is no client's own; behind END it stands apart."""
    relay = found.own.get(RELAY_AGENT)
    if relay is None or not wishes(relay):
        return found
    return found._replace(shape=found.shape + relay)


def skim(data: bytes) -> Skimmed | None:
    """Read one request, as a `Skimmer` that has seen none."""
    return Skimmer().skim(data)


def wishes(relay: bytes) -> bool:
    """Whether a relay says which subnet it means, or what to call ourselves."""
    if LINK_SELECTION not in relay and SERVER_OVERRIDE not in relay:
        return False
    try:
        found = RELAY.read(relay)
    except Malformed:
        return True
    return LINK_SELECTION in found or SERVER_OVERRIDE in found

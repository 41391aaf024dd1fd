"""A DHCP request read in one pass, as far as answers that are prepared need it.

`boots.wire.dhcp` reads a message for understanding.  Here its options are cut into what is the
same for all clients of a kind and what is each client's own, without looking into either.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import NamedTuple

from boots.wire import options
from boots.wire.malformed import Malformed
from boots.wire.options import END, OVERLOAD, PAD, RELAY_AGENT
from boots.wire.pxe import LINK_SELECTION, RELAY, SERVER_OVERRIDE, UUID

_HEAD = b"\1\1\6"  # BOOTREQUEST, Ethernet, MACs of 6 bytes
_HEAD_AT = slice(0, 3)
_COOKIE = bytes((99, 130, 83, 99))
_COOKIE_AT = slice(236, 240)
_OPTIONS_AT = 240
_BEGINNING_END = 244  # as far as requests must begin alike
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
_IS_OWN, _IS_PAD, _IS_END, _IS_ODD, _IS_KIND = 1, 2, 3, 4, 5
_MEANT = {
    **dict.fromkeys(OWN, _IS_OWN),
    PAD: _IS_PAD,
    END: _IS_END,
    OVERLOAD: _IS_ODD,
    options.MESSAGE_TYPE.code: _IS_KIND,
}
_WHAT = bytes(_MEANT.get(code, 0) for code in range(256))


class Skimmed(NamedTuple):
    """One request.

    `shape` is its options without the values that are the client's own: two requests of one shape
    differ in these values, not in their order and lengths, and in the header.  `values` are those
    of `codes`; `wanted` is the address it asks for, None if for none.
    """

    data: bytes
    shape: bytes
    codes: tuple[int, ...]
    values: tuple[bytes, ...]
    wanted: bytes | None

    @property
    def own(self) -> dict[int, bytes]:
        """The values that are the client's own, by code."""
        return dict(zip(self.codes, self.values, strict=True))

    @property
    def kind(self) -> int:
        """The message type where it stands first, as all known clients have it; or 0."""
        shape = self.shape
        return shape[2] if shape[:2] == _FIRST else 0


class _Cut(NamedTuple):
    """How requests are cut: where the values of `codes` are, what is between, the shapes.

    The last code is PAD, that of no option.  `wanted` and `relay` are where the address asked
    for and the relay's option are among them; -1 for the last.
    """

    places: tuple[tuple[int, int, int], ...]
    codes: tuple[int, ...]
    own: Callable[[bytes], tuple[bytes, ...]]
    between: Callable[[bytes], tuple[bytes, ...]]
    wanted: int
    relay: int
    shapes: set[bytes]


class Skimmer:
    """Reads requests, and remembers how those that begin alike were cut.

    Clients of one kind send the same options in the same order, so their own values stand in the
    same places.  Where what is left is a shape that was cut there before, every code and length
    is where it was, and the options need not be walked again: two thirds of the time are saved.
    """

    def __init__(self) -> None:
        self._cuts: dict[tuple[int, bytes], _Cut] = {}

    def skim(self, data: bytes) -> Skimmed | None:
        """Read a request; None where it is anything out of the ordinary.

        What is read here is read by `dhcp.decode` to the same effect, but not the other way
        round: options that come twice or go on in other fields (option 52), and a missing END,
        are left to that.
        """
        cut = self._cuts.get((len(data), data[_OPTIONS_AT:_BEGINNING_END]))
        if cut is not None:
            shape = b"".join(cut.between(data))
            if shape in cut.shapes:
                return _skimmed(data, shape, cut)
        return self._first_skim(data, cut)

    def _first_skim(self, data: bytes, cut: _Cut | None) -> Skimmed | None:
        """Walk the options, and remember how."""
        if data[_HEAD_AT] != _HEAD or data[_COOKIE_AT] != _COOKIE:
            return None
        places = _walked(data)
        if places is None:
            return None
        if cut is None or places != cut.places:
            cut = _cut_at(places)
            if len(self._cuts) >= _MOST_CUTS:
                self._cuts.clear()
            self._cuts[len(data), data[_OPTIONS_AT:_BEGINNING_END]] = cut
        shape = b"".join(cut.between(data))
        if len(cut.shapes) < _MOST_SHAPES:
            cut.shapes.add(shape)
        return _skimmed(data, shape, cut)


def _skimmed(data: bytes, shape: bytes, cut: _Cut) -> Skimmed:
    _, codes, own, _, wanted, relay, _ = cut
    values = own(data)
    # Where a relay wants something its option is no client's own; behind END it stands apart.
    if relay >= 0 and wishes(values[relay]):
        shape += values[relay]
    return Skimmed(data, shape, codes, values, values[wanted] if wanted >= 0 else None)


def _cut_at(places: tuple[tuple[int, int, int], ...]) -> _Cut:
    """How to cut others like the one that has its own values there."""
    begun = (_OPTIONS_AT, *(end for _, _, end in places))
    ends = (*(start for _, start, _ in places), places[-1][2])
    codes = (*(code for code, _, _ in places), PAD)
    wanted = options.REQUESTED_ADDRESS.code
    return _Cut(
        places,
        codes,
        # Of less than two places no tuple would be taken, therefore one more with nothing in it.
        itemgetter(*(slice(start, end) for _, start, end in places), slice(0, 0)),
        itemgetter(*map(slice, begun, ends), _HEAD_AT, _COOKIE_AT),
        codes.index(wanted) if wanted in codes else -1,
        codes.index(RELAY_AGENT) if RELAY_AGENT in codes else -1,
        set(),
    )


def _walked(data: bytes) -> tuple[tuple[int, int, int], ...] | None:
    """Where the own values stand by code, begin and end; the last is nothing, at the END."""
    own: dict[int, tuple[int, int, int]] = {}
    at, kinds = _OPTIONS_AT, 0
    try:
        while True:
            while not (what := _WHAT[data[at]]):
                at += data[at + 1] + 2
            if what == _IS_END:
                return (*own.values(), (END, at + 1, at + 1))
            if what == _IS_ODD or data[at] in own:
                return None
            if what == _IS_KIND:
                kinds += 1
                if kinds > 1:  # one value in parts (RFC 3396 §5), which is none of the kinds
                    return None
                at += data[at + 1] + 2
            elif what == _IS_OWN:
                end = at + 2 + data[at + 1]
                own[data[at]] = data[at], at + 2, end
                at = end
            else:
                at += 1
    except IndexError:
        return None


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

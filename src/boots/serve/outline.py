"""How heavy an agent's report is, before it is read: all other doors wait while it is.

To read a number with an exponent takes msgspec ten times as long as to pass it over, and ten
thousand small parts as long as a hundred packets; so a large report is first looked at from afar.
"""

import msgspec

from boots.serve.agent_words import MOST_EVENTS, MOST_LINES, Denied

_SMALL = 16 << 10  # bytes that are read in no time, whatever is in them
_MOST_WROTE = 64 << 10  # bytes of what all events say of disks and why
_LONGEST_NUMBER = 24  # digits; as Python writes any


class _Parts(msgspec.Struct):
    events: list[msgspec.Raw] = []
    lines: list[msgspec.Raw] = []


class _Event(msgspec.Struct):
    wrote: msgspec.Raw = msgspec.Raw(b"")


class _Line(msgspec.Struct):
    at: msgspec.Raw = msgspec.Raw(b"")


_parts = msgspec.json.Decoder(_Parts).decode
_event = msgspec.json.Decoder(_Event).decode
_line = msgspec.json.Decoder(_Line).decode


def refuse_heavy(body: bytes) -> None:
    """Let pass what can be read soon.

    Raises:
        Denied: it has more than an agent ever says at once.
        msgspec.DecodeError: it is no JSON, or of another form.
    """
    if len(body) <= _SMALL:
        return
    parts = _parts(body)
    if len(parts.lines) > MOST_LINES or len(parts.events) > MOST_EVENTS:
        raise Denied(413, f"at most {MOST_LINES} lines and {MOST_EVENTS} events are taken")
    if sum(len(bytes(_event(each).wrote)) for each in parts.events) > _MOST_WROTE:
        raise Denied(413, f"at most {_MOST_WROTE} bytes are taken of what was written where")
    if not all(_is_plain(bytes(_line(each).at)) for each in parts.lines):
        raise Denied(400, "the time of a line is written in seconds, without an exponent")


def _is_plain(number: bytes) -> bool:
    return len(number) <= _LONGEST_NUMBER and b"e" not in number and b"E" not in number

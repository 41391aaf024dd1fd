"""Reading Server-Sent Events off a connection."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LONGEST = 16 * 1024 * 1024  # bytes of one event


class Broken(Exception):
    """A stream that says what no stream of ours says."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One event: its id as it stands, or empty; its kind; its data."""

    id: str
    kind: str
    data: bytes


def sent(lines: Iterable[bytes]) -> Iterator[Sent]:
    """The events in lines, with their ends, as they come.

    Raises:
        Broken: one is too large.
    """
    identity, kind, data, size = "", "message", list[bytes](), 0
    for raw in lines:
        line = raw.rstrip(b"\r\n")
        size += len(line)
        if size > _LONGEST:
            raise Broken("an event of the stream is too large")
        if not line:
            if data:
                yield Sent(identity, kind, b"\n".join(data))
            identity, kind, data, size = "", "message", [], 0
            continue
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"id":
                identity = value.decode(errors="replace")
            case b"event":
                kind = value.decode(errors="replace")
            case b"data":
                data.append(value)
            case _:
                pass  # comments and the time to come back after

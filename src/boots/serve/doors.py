"""What the doors for files ask for, and get: a name and a peer in, what to give out."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from boots.journal.events import AnyEvent
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.policy.got import Got

Record = Callable[[AnyEvent], None]
"""Tells the journal."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a peer gets for the path it named, and the machine it is.

    `trace` is the W3C traceparent that hung on the path, if one did.
    """

    mac: Mac | str
    name: str
    what: Got
    known: Known | None = None
    trace: str = ""


Fetch = Callable[[str, IPv4Address], Given]
"""Answers a path asked for by the program at an address."""

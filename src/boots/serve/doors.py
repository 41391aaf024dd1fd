"""What the doors for files ask for, and get: a name and a peer in, what to give out."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from boots.journal import events
from boots.journal.events import AnyEvent
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.policy.got import Got, Refusal
from boots.policy.token import hidden

Record = Callable[[AnyEvent], None]
"""Tells the journal."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a peer gets for the path it named, and the machine it is.

    `elsewhere` says why the address that asks cannot be that machine's, empty if it can; with it
    `mac` is empty: what somebody else does is no part of the machine's story.  `trace` is the W3C
    traceparent that hung on the path, if one did.  A script is `private` that may tell what stands
    in the machine's record alone.
    """

    mac: Mac | str
    name: str
    what: Got
    known: Known | None = None
    trace: str = ""
    elsewhere: str = ""
    private: bool = False


Fetch = Callable[[str, IPv4Address], Given]
"""Answers a path asked for by the program at an address."""


def refused(given: Given, refusal: Refusal, peer: str, door: str) -> AnyEvent:
    """What the journal hears of a refusal: those who want what is another machine's stand out."""
    if given.known is not None and given.elsewhere and refusal.why == given.elsewhere:
        return impostor(given, peer, door)
    return events.FetchRefused(
        mac=given.mac, peer=peer, door=door, name=given.name, why=hidden(refusal.why)
    )


def impostor(given: Given, peer: str, door: str) -> AnyEvent:
    """Somebody asks, or speaks, for a machine from an address that is not that machine's."""
    mac = given.known.mac if given.known is not None else ""
    return events.ImpostorRefused(
        mac=mac, peer=peer, door=door, name=given.name, why=given.elsewhere
    )

"""What the main process and its workers tell each other."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface

import msgspec

from boots.app.world import World
from boots.journal.events import Entry
from boots.model.mac import Mac
from boots.model.order import Order as GivenOrder
from boots.settings import Settings

# --- from the main process to a worker: what it cannot know by itself


class Count(msgspec.Struct, frozen=True, array_like=True):
    """How many scripts a machine got in a row until now; 0: it is as one that got none."""

    mac: str
    count: int
    last: float


class Tallied(msgspec.Struct, frozen=True, tag=True):
    """Counts that have changed."""

    counts: list[Count]


class SeenAt(msgspec.Struct, frozen=True, tag=True):
    """An address, as a number, was seen at a MAC; until when that is in doubt."""

    address: int
    mac: Mac
    doubtful: float = 0.0


class Leased(msgspec.Struct, frozen=True, tag=True):
    """An address, as a number, is leased to a MAC until a moment, in seconds since 1970.

    None: it is nobody's.
    """

    address: int
    mac: Mac | None
    until: float


class Ordered(msgspec.Struct, frozen=True, tag=True):
    """What is ordered of a machine over its record; None for nothing."""

    machine: str
    order: GivenOrder | None


class Run(msgspec.Struct, frozen=True, tag=True):
    """A machine has this run of a workflow, which is not over; empty: it has none."""

    machine: str
    run: str


class Unready(msgspec.Struct, frozen=True, tag=True):
    """Why the server is not ready; empty once it is."""

    why: str


class Shown(msgspec.Struct, frozen=True, tag=True):
    """The metrics that were asked for."""

    number: int
    body: bytes
    kind: str


class Begin(msgspec.Struct, frozen=True, tag=True):
    """All that was known is told: open the doors."""


class End(msgspec.Struct, frozen=True, tag=True):
    """Close the doors, tell the rest, and go."""


Order = Tallied | SeenAt | Leased | Ordered | Run | Unready | Shown | Begin | End

# --- from a worker to the main process


class Happened(msgspec.Struct, frozen=True, tag=True):
    """Events, in the order in which they happened at this worker."""

    entries: list[Entry]


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Asks for the metrics, in the form that an ``Accept`` header wants."""

    number: int
    accept: str


class Freed(msgspec.Struct, frozen=True, tag=True):
    """A machine that went round in a loop has another record now, or its time is over."""

    mac: str


class InForce(msgspec.Struct, frozen=True, tag=True):
    """The doors are open, and answer from this world."""

    number: int


Report = Happened | Ask | Freed | InForce

encode = msgspec.msgpack.Encoder().encode
order = msgspec.msgpack.Decoder(Order).decode
report = msgspec.msgpack.Decoder(Report).decode


@dataclass(frozen=True, slots=True)
class Charge:
    """What a worker answers from.  `number` counts up; `started` is when the server did.

    `relay` is the socket that agents' questions are passed on to; empty where there are no runs.
    """

    number: int
    settings: Settings
    addresses: Mapping[str, IPv4Interface]
    world: World
    started: float
    relay: str = ""


def pack(charge: Charge) -> bytes:
    """A charge as bytes, for the processes that we start ourselves."""
    return pickle.dumps(charge, pickle.HIGHEST_PROTOCOL)


def unpack(data: memoryview | bytes) -> Charge:
    """What `pack` made; never of bytes from anywhere else."""
    charge: Charge = pickle.loads(data)  # noqa: S301  # from our parent, over an inherited socket
    return charge

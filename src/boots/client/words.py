"""What the operator's API takes and gives: the bodies of its requests and answers.

The same values are written by the server and read by the client; ``/v1/openapi.json`` is made
from them.  Moments are in seconds since 1970 UTC, sizes in bytes.
"""

import enum
from collections.abc import Mapping
from typing import Any

from boots.model.order import Netboot, Order
from boots.timeline.words import Boot, Finding, ForeignServer, State, Stranger, Word


class Role(enum.Enum):
    """What the bearer of a token may do; each may do what those before it may."""

    VIEWER = "viewer"
    """Read all but secrets."""
    OPERATOR = "operator"
    """Change machines, order boots, switch power."""
    ADMIN = "admin"
    """Make and take away tokens."""


class Problem(Word, frozen=True):
    """What is wrong with a request, after RFC 9457: ``application/problem+json``.

    `errors` names each field that is wrong, what is wrong with it, and what to write instead.
    """

    type: str = "about:blank"
    title: str = ""
    status: int = 0
    detail: str = ""
    instance: str = ""
    errors: tuple["FieldError", ...] = ()


class FieldError(Word, frozen=True):
    """One field that is wrong."""

    field: str
    problem: str
    advice: str = ""


class NewOrder(Word, frozen=True):
    """An order as it is given."""

    netboot: Netboot
    profile: str = ""


class InterfaceLine(Word, frozen=True):
    """One interface of a machine."""

    mac: str
    address: str = ""
    netboot: bool = True


class MachineLine(Word, frozen=True):
    """One machine in a list.

    `source` is ``file`` for records in files, which the API does not change, else ``api``;
    `place` is where such a record stands.  `netboot` is what holds now, orders included.
    `stage`, `progress` (0 to 1, -1 where there is none) and `finding` are those of its last boot,
    and `heard` is when it was last heard of.
    """

    name: str
    interfaces: tuple[InterfaceLine, ...]
    source: str
    place: str = ""
    profile: str = ""
    netboot: str = "on"
    state: State = State.UNSEEN
    stage: str = ""
    progress: float = -1.0
    heard: float = 0.0
    started: float = 0.0
    boot: str = ""
    finding: str = ""


class Machine(Word, frozen=True):
    """All that is known of one machine; `record` is it as it was written.

    `revision` is the number of the record in the store, which the ETag holds; 0 for files.
    `before` is what was wrong with the boots before the last one, while nothing came of that.
    """

    line: MachineLine
    record: Any
    revision: int = 0
    order: Order | None = None
    inventory: Any = None
    inventory_at: float = 0.0
    last: Boot | None = None
    before: Finding | None = None


class NewMachine(Word, frozen=True):
    """A record as it is created or changed: our short form, or a Tinkerbell Hardware object."""

    record: Any


class Page(Word, frozen=True):
    """What every list says besides its rows: what to ask next with ``after``, empty at the end."""

    next: str = ""


class Machines(Page, frozen=True):
    """A page of machines; `total` counts all that match."""

    machines: tuple[MachineLine, ...] = ()
    total: int = 0


class Boots(Page, frozen=True):
    """A page of boots, the latest first; their scripts are in their events."""

    boots: tuple[Boot, ...] = ()


class EventLine(Word, frozen=True):
    """One event: `id` counts up, `kind` is the class in the reference of events.

    For a token that is limited to some machines ids are numbers without an order: how many events
    there are of others is not in them.  `after` takes them as well.
    """

    id: int
    at: float
    mac: str
    kind: str
    event: dict[str, Any]
    server: str = ""


class Events(Page, frozen=True):
    """A page of events, in the order of their ids."""

    events: tuple[EventLine, ...] = ()


class ProfileLine(Word, frozen=True):
    """A profile that machines can run."""

    name: str
    runs: str
    files: tuple[str, ...] = ()


class Profiles(Word, frozen=True):
    """All profiles."""

    profiles: tuple[ProfileLine, ...] = ()


class Discovered(Word, frozen=True):
    """A machine without a record: who it is, what it is made of, what record it could have.

    `rule` names the rule of the enrolment that fits it; `problem` says why there is no record.
    """

    stranger: Stranger
    inventory: Any = None
    inventory_at: float = 0.0
    switch: str = ""
    port: str = ""
    rule: str = ""
    record: Any = None
    problem: str = ""


class DiscoveredList(Word, frozen=True):
    """All machines without a record that were heard of, the latest first."""

    discovered: tuple[Discovered, ...] = ()


class ForeignServers(Word, frozen=True):
    """Other DHCP servers that were heard."""

    servers: tuple[ForeignServer, ...] = ()


class ExplainedStep(Word, frozen=True):
    """What one program of a boot would be told: `why` is the reason of `decision`."""

    who: str
    sends: str
    reply: str
    address: str = ""
    address_why: str = ""
    decision: str = ""
    url: str = ""
    why: str = ""
    fetches: str = ""


class ExplainedChain(Word, frozen=True):
    """The chain for one kind of firmware.

    A script that is `private` may tell what stands in the record alone: viewers do not see it.
    """

    firmware: str
    steps: tuple[ExplainedStep, ...]
    script: str = ""
    private: bool = False


class Explained(Word, frozen=True):
    """Why a MAC gets what it gets: what would happen now, and what was found last."""

    mac: str
    machine: str = ""
    interface: str = ""
    said: str = ""
    nearest: str = ""
    nearest_name: str = ""
    chains: tuple[ExplainedChain, ...] = ()
    rendered: tuple[str, ...] = ()
    finding: Finding | None = None


class Packet(Word, frozen=True):
    """One DHCP message, decoded: `fields` holds names and values as people read them."""

    at: float
    interface: str
    ours: bool
    kind: str
    fields: tuple[tuple[str, str], ...]


class Packets(Word, frozen=True):
    """The latest DHCP messages of a machine that this server still has, 200 at most."""

    packets: tuple[Packet, ...] = ()


class LeaseLine(Word, frozen=True):
    """An address that is leased."""

    address: str
    mac: str
    until: float
    network: str = ""


class Leases(Word, frozen=True):
    """All leases."""

    leases: tuple[LeaseLine, ...] = ()


class TokenLine(Word, frozen=True):
    """A token, without what opens anything; `machines` are patterns of those it is limited to."""

    id: int
    name: str
    role: Role
    created: float
    expires: float = 0.0
    used: float = 0.0
    machines: tuple[str, ...] = ()


class Tokens(Word, frozen=True):
    """All tokens."""

    tokens: tuple[TokenLine, ...] = ()


class NewToken(Word, frozen=True):
    """A token as it is asked for; `seconds` is how long it is good, 0 for ever.

    With `machines` it is good for those alone whose names fit one of these patterns of a shell.
    """

    name: str
    role: Role
    seconds: int = 0
    machines: tuple[str, ...] = ()


class MadeToken(Word, frozen=True):
    """A token that was made; `secret` is said this once and kept nowhere."""

    token: TokenLine
    secret: str


class AuditLine(Word, frozen=True):
    """Who changed something, or tried to, from where, and what came of it.

    `id` is as an event's.
    """

    id: int
    at: float
    server: str
    by: str
    role: str
    peer: str
    what: str
    machine: str
    outcome: str
    details: Mapping[str, Any] = {}


class Audit(Page, frozen=True):
    """A page of them, the latest first."""

    audit: tuple[AuditLine, ...] = ()


class AuditProof(Word, frozen=True):
    """What came of going through the audit log.

    `broken` is the first row that is wrong, 0 for none, and `why`.  Of `foreign` rows, sealed by a
    key that this server had before, or another has, only the order was looked at.  The last row
    that is as it was written has the number `last`, was written at `last_at`, and has `seal`;
    `more` are behind it that were not looked at.
    """

    rows: int
    foreign: int = 0
    broken: int = 0
    why: str = ""
    seal: str = ""
    last: int = 0
    last_at: float = 0.0
    more: bool = False


class PowerAction(enum.Enum):
    """What is done to a machine's power."""

    ON = "on"
    OFF = "off"
    CYCLE = "cycle"
    NETBOOT = "netboot"
    """From the network at the next start, and start."""


class Power(Word, frozen=True):
    """How a machine's power is: ``on``, ``off`` or ``unknown``, and where that was asked."""

    state: str
    by: str = ""


class NewPower(Word, frozen=True):
    """What is to be done to a machine's power."""

    action: PowerAction


class Provision(Word, frozen=True):
    """Run a profile on a machine once: order, and power if its record names a BMC."""

    profile: str
    power: bool = True


class Provisioned(Word, frozen=True):
    """What was done; `note` says what is left to a person."""

    order: Order
    power: Power | None = None
    note: str = ""


class NewPlan(Word, frozen=True):
    """Records that might be applied, as the text of a file, in place of those of `replaces`.

    `replaces` is the name of a record file in force; empty to have them beside all that is there.
    """

    text: str
    replaces: str = ""


class Difference(Word, frozen=True):
    """One answer that would change."""

    mac: str
    machine: str
    what: str
    now: str
    then: str


class Plan(Word, frozen=True):
    """What answers would change; `same` counts the machines whose answers would not."""

    differences: tuple[Difference, ...] = ()
    faults: tuple[str, ...] = ()
    same: int = 0


class Trouble(Word, frozen=True):
    """Something about this server that an operator should know now; `code` if it is a finding."""

    since: float
    what: str
    advice: str = ""
    code: str = ""


class Health(Word, frozen=True):
    """How this server is."""

    version: str
    server: str
    started: float
    machines: int
    store: str
    ready: bool
    why: str = ""
    waiting: int = 0
    lost: int = 0
    troubles: tuple[Trouble, ...] = ()
    states: Mapping[str, int] = {}


class Me(Word, frozen=True):
    """Who asks, as the server sees it; `machines` are patterns of the names of those they may see.

    Without any they may see all.
    """

    name: str
    role: Role
    machines: tuple[str, ...] = ()

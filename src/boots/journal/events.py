"""Everything that can happen, one class each, named in the past tense.

A field named `mac` is the machine's MAC in the form ``52:54:00:12:34:56``, empty when unknown.
`peer` is ``address:port`` of the program that asked.  `why` is the reason, for people.
Sizes are in bytes, durations in seconds.  The reference page ``docs/reference/events.md`` lists
them all; a test holds the two together.
"""

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", gc=False):
    """What every event has in common: nothing but its name, the tag."""


# --- the server itself


class ServerStarted(Event, frozen=True, tag=True):
    """The doors are open: every listener is bound and the records are loaded.

    `runs_as` says whose process it is, and what the kernel denies it.
    """

    version: str
    listeners: list[str]
    machines: int
    runs_as: str = ""


class ServerStopped(Event, frozen=True, tag=True):
    """The doors are closed; `why` names the signal or the error."""

    why: str


class CertificateRenewed(Event, frozen=True, tag=True):
    """A door shows another certificate from now on: that of `http` or `operator`.

    `until` is when it expires.
    """

    door: str
    until: str


class RevocationsLoaded(Event, frozen=True, tag=True):
    """Which certificates of operators were revoked was read: so many, in all lists together.

    `until` is when the first of the lists ends.
    """

    certificates: int
    until: str


class WorkerEnded(Event, frozen=True, tag=True):
    """A worker ended without being asked to, its transfers with it; another takes its place."""

    pid: int
    why: str


class InterfaceTroubled(Event, frozen=True, tag=True):
    """Machines behind an interface are not reached any more, as it or its address is gone."""

    interface: str
    why: str


class InterfaceReturned(Event, frozen=True, tag=True):
    """An interface that was taken away, or had lost its address, is served again."""

    interface: str


class RecordsLoaded(Event, frozen=True, tag=True):
    """The records were read and are what answers come from now."""

    machines: int
    seconds: float
    source: str


class RecordsRefused(Event, frozen=True, tag=True):
    """Changed records hold an error; the last good ones stay in force."""

    faults: list[str]


class SettingsRefused(Event, frozen=True, tag=True):
    """Changed settings hold an error; the running ones stay in force."""

    why: str


class StoreTroubled(Event, frozen=True, tag=True):
    """What happens cannot be written down, in the journal's file or in the store."""

    why: str


class StoreRecovered(Event, frozen=True, tag=True):
    """What happens is written down again; `lost` events were not."""

    lost: int


# --- DHCP


class OfferSent(Event, frozen=True, tag=True):
    """A DISCOVER was answered; `osie` where ours in memory asked."""

    mac: str
    interface: str
    address: str
    program: str
    architecture: str
    boot_file: str
    why: str
    relay: str = ""
    osie: bool = False


class AckSent(Event, frozen=True, tag=True):
    """A REQUEST (or an INFORM, when `address` is empty) was answered.

    `osie` where ours in memory asked, and no installed system.
    """

    mac: str
    interface: str
    address: str
    program: str
    architecture: str
    boot_file: str
    why: str
    relay: str = ""
    osie: bool = False


class NakSent(Event, frozen=True, tag=True):
    """A REQUEST asked for an address it must not use."""

    mac: str
    interface: str
    why: str
    relay: str = ""


class DhcpIgnored(Event, frozen=True, tag=True):
    """A well-formed DHCP message got no answer, and why."""

    mac: str
    interface: str
    message: str
    why: str


class AddressReleased(Event, frozen=True, tag=True):
    """A client gave its address back (RELEASE)."""

    mac: str
    interface: str
    address: str


class AddressDeclined(Event, frozen=True, tag=True):
    """A client says that somebody else uses its address (DECLINE)."""

    mac: str
    interface: str
    address: str


class ReplyWithheld(Event, frozen=True, tag=True):
    """In shadow mode: a message was answered for ourselves alone, with this."""

    mac: str
    interface: str
    message: str
    reply: str
    address: str
    program: str
    architecture: str
    boot_file: str
    why: str


class RepliesCompared(Event, frozen=True, tag=True):
    """In shadow mode: another server answered what we would have, and how the two differ."""

    mac: str
    interface: str
    server: str
    reply: str
    differences: list[str]


class ForeignServerSeen(Event, frozen=True, tag=True):
    """Another DHCP server was heard on one of our interfaces.

    `server` is who it says it is (option 54), else where its reply came from; `address` what it
    gives the machine, empty if none; `boot_file` the one it names, if it names one.  `reply` is
    OFFER, ACK or NAK, and REQUEST where only the machine was heard, as it took that server's offer.
    `expected` where it is meant to be there: in the proxy modes, and in shadow mode.
    """

    mac: str
    interface: str
    server: str
    address: str
    boot_file: str
    reply: str
    expected: bool = False


class AddressLeased(Event, frozen=True, tag=True):
    """A machine has an address of a pool that it did not have; renewals are not told."""

    mac: str
    interface: str
    address: str
    until: str
    why: str


class AddressBlocked(Event, frozen=True, tag=True):
    """A pool address answered a probe, or was declined: it is not given out for a while."""

    address: str
    interface: str
    why: str


class AdvertisementSent(Event, frozen=True, tag=True):
    """A router solicitation was answered, so that the client need not wait for one."""

    mac: str
    interface: str


# --- any door


class PacketDropped(Event, frozen=True, tag=True):
    """Bytes that are no message of the protocol arrived at a door."""

    door: str
    peer: str
    why: str


class LimitReached(Event, frozen=True, tag=True):
    """More came to a door than a limit allows; told once a second at most, with how many it was.

    `mac` or `peer` is the first of them, where it is known.
    """

    door: str
    limit: str
    count: int
    why: str
    mac: str = ""
    peer: str = ""


class TlsRefused(Event, frozen=True, tag=True):
    """A client and the HTTPS door could not agree; `why` says who would not, and over what."""

    peer: str
    why: str
    mac: str = ""


# --- boot files and scripts, over TFTP and HTTP


class BootFileDoubtful(Event, frozen=True, tag=True):
    """The boot file that a machine is told of is a program for another kind of machine."""

    mac: str
    name: str
    architecture: str
    why: str


class TransferStarted(Event, frozen=True, tag=True):
    """A file began to leave; `size` is what will be sent, -1 when not known beforehand.

    `trace` is the W3C traceparent that the name came with.
    """

    mac: str
    peer: str
    door: str
    name: str
    size: int
    trace: str = ""


class TransferProgressed(Event, frozen=True, tag=True):
    """A long transfer goes on: sent at most once a second."""

    mac: str
    peer: str
    door: str
    name: str
    sent: int
    size: int


class TransferFinished(Event, frozen=True, tag=True):
    """The client has the whole file (or the range it asked for)."""

    mac: str
    peer: str
    door: str
    name: str
    size: int
    seconds: float


class TransferFailed(Event, frozen=True, tag=True):
    """A transfer ended before its end.

    A TFTP client that only wanted the size aborts on purpose; that is `TransferProbed`.
    """

    mac: str
    peer: str
    door: str
    name: str
    sent: int
    why: str


class TransferProbed(Event, frozen=True, tag=True):
    """A client asked for a file's size only (HEAD, or TFTP ended after the OACK)."""

    mac: str
    peer: str
    door: str
    name: str
    size: int


class FetchRefused(Event, frozen=True, tag=True):
    """A file was asked for and not given."""

    mac: str
    peer: str
    door: str
    name: str
    why: str


class ImpostorRefused(Event, frozen=True, tag=True):
    """Somebody wanted what is for this machine alone, or spoke as its agent, from elsewhere.

    That is: from an address that is not the machine's, by its record and leases.
    """

    mac: str
    peer: str
    door: str
    name: str
    why: str


class ScriptServed(Event, frozen=True, tag=True):
    """An iPXE script was handed out; `script` is its exact text, but for tokens of metadata.

    With a `problem` no profile could be rendered, and the script only shows why.  One that is
    `private` may tell what stands in the machine's record alone: viewers do not see its text.
    """

    mac: str
    peer: str
    door: str
    profile: str
    script: str
    problem: str = ""
    trace: str = ""
    private: bool = False


class FileRendered(Event, frozen=True, tag=True):
    """A file was handed out that was made for this machine; `source` says from what."""

    mac: str
    peer: str
    door: str
    name: str
    source: str


class IsoUnpatched(Event, frozen=True, tag=True):
    """A machine was given an ISO as it is: the text to overwrite is nowhere in it."""

    mac: str
    peer: str
    source: str


class LoopBroken(Event, frozen=True, tag=True):
    """A machine loaded its script `count` times and nothing came of it: it is held."""

    mac: str
    count: int
    why: str


# --- what the machine itself tells


class ConsoleLine(Event, frozen=True, tag=True):
    """A syslog line came from a machine (iPXE's console, the kernel, the agent)."""

    mac: str
    peer: str
    severity: str
    source: str
    text: str


class InventoryReported(Event, frozen=True, tag=True):
    """OSIE runs and its agent told what the machine is made of."""

    mac: str
    peer: str
    inventory: dict[str, object]
    next: str


class AgentProgressed(Event, frozen=True, tag=True):
    """The agent reached a stage."""

    mac: str
    peer: str
    stage: str
    message: str


# --- what operators do


class EnrolmentRefused(Event, frozen=True, tag=True):
    """A rule that asks nobody was to make a machine's record, and did not; `why` says so."""

    mac: str
    rule: str
    why: str


class ApiRefused(Event, frozen=True, tag=True):
    """Somebody was turned away by the operator's listener: no token, no HTTP, another site.

    Of many in a minute only some are told.
    """

    peer: str
    why: str


class RecordChanged(Event, frozen=True, tag=True):
    """A record was made, changed or removed through the API; `what` says which of the three."""

    machine: str
    what: str
    by: str


class BootOrdered(Event, frozen=True, tag=True):
    """Something was ordered of a machine over its record; with an empty `netboot` no more is."""

    mac: str
    machine: str
    netboot: str
    profile: str
    by: str


class PowerSwitched(Event, frozen=True, tag=True):
    """A machine's BMC was told to do something, or could not be: then there is a `problem`."""

    mac: str
    machine: str
    action: str
    by: str
    problem: str = ""


class TokenChanged(Event, frozen=True, tag=True):
    """A token was made or taken away; `what` says which of the two."""

    name: str
    role: str
    what: str
    by: str


# --- workflows


class RunCreated(Event, frozen=True, tag=True):
    """A person, or a program, had a workflow begin for `machine`.

    `disks` are those that it may write by `policy`, `of` is the run that it takes up again.
    """

    mac: str
    machine: str
    run: str
    name: str
    by: str
    policy: str
    disks: list[str]
    of: str = ""


class DisksArmed(Event, frozen=True, tag=True):
    """The disks that a run may write were found in the machine's inventory, or were not."""

    mac: str
    machine: str
    run: str
    by: str
    policy: str
    disks: list[str]
    problems: list[str] = []


class RunChanged(Event, frozen=True, tag=True):
    """A workflow went on, stopped or ended: its state, and that of the action it is at."""

    mac: str
    machine: str
    run: str
    name: str
    state: str
    sub: str = ""
    why: str = ""
    step: str = ""
    step_state: str = ""
    exit_code: int = 0


class RunOrdered(Event, frozen=True, tag=True):
    """A person decided something of a run: ``cancel``, ``again`` or ``done``."""

    mac: str
    machine: str
    run: str
    what: str
    by: str
    step: str = ""


class TicketRefused(Event, frozen=True, tag=True):
    """An agent came with a ticket or a key that is not good; `again`: it was good once before."""

    mac: str
    peer: str
    run: str
    why: str
    again: bool = False


class EdgesSaved(Event, frozen=True, tag=True):
    """What stood at the ends of a disk is kept, before a run writes it."""

    mac: str
    machine: str
    run: str
    serial: str
    path: str
    holds: str


class SystemSeen(Event, frozen=True, tag=True):
    """The system of a machine said that it is up."""

    mac: str
    peer: str


class WritingStopped(Event, frozen=True, tag=True):
    """All arming and writing of disks was stopped, or (`frozen` false) allowed again."""

    frozen: bool
    by: str
    why: str = ""


AnyEvent = (
    ServerStarted
    | ServerStopped
    | CertificateRenewed
    | RevocationsLoaded
    | WorkerEnded
    | InterfaceTroubled
    | InterfaceReturned
    | RecordsLoaded
    | RecordsRefused
    | SettingsRefused
    | StoreTroubled
    | StoreRecovered
    | OfferSent
    | AckSent
    | NakSent
    | DhcpIgnored
    | AddressReleased
    | AddressDeclined
    | ReplyWithheld
    | RepliesCompared
    | ForeignServerSeen
    | AddressLeased
    | AddressBlocked
    | AdvertisementSent
    | PacketDropped
    | LimitReached
    | TlsRefused
    | BootFileDoubtful
    | TransferStarted
    | TransferProgressed
    | TransferFinished
    | TransferFailed
    | TransferProbed
    | FetchRefused
    | ImpostorRefused
    | ScriptServed
    | FileRendered
    | IsoUnpatched
    | LoopBroken
    | ConsoleLine
    | InventoryReported
    | AgentProgressed
    | EnrolmentRefused
    | ApiRefused
    | RecordChanged
    | BootOrdered
    | PowerSwitched
    | TokenChanged
    | RunCreated
    | DisksArmed
    | RunChanged
    | RunOrdered
    | TicketRefused
    | EdgesSaved
    | SystemSeen
    | WritingStopped
)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One event and the moment it was recorded, in seconds since 1970 UTC."""

    at: float
    event: AnyEvent


_encoder = msgspec.json.Encoder()
encode = _encoder.encode
encode_lines = _encoder.encode_lines
decode = msgspec.json.Decoder(Entry).decode

"""How far a boot is: pure, over the journal's entries and what the lab sees of the machine.

A boot is a row of stages.  `advance` takes one journal entry; `spoke` and `ended` take what only
the lab can see, the machine's console and its power.  All of them return a new value.
"""

import dataclasses
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from boots.journal import events
from boots.journal.events import Entry
from boots.lab.firmware import Recipe
from boots.timeline import classify, words


class Stage(enum.Enum):
    """The stages in their order; the value is the title that people see."""

    POWER_ON = "power on"
    FIRMWARE_DHCP = "DHCP from the firmware"
    BOOT_FILE = "boot file"
    IPXE_DHCP = "DHCP from iPXE"
    SCRIPT = "script"
    KERNEL = "kernel"
    INITRD = "initrd"
    OSIE = "OSIE"
    INVENTORY = "inventory"
    POWER_OFF = "power off"


ALL = tuple(Stage)
IPXE_IN_ROM = tuple(s for s in Stage if s not in (Stage.FIRMWARE_DHCP, Stage.BOOT_FILE))
"""The stages of a machine whose network card holds iPXE already."""

WITHOUT_IPXE = tuple(s for s in Stage if s is not Stage.IPXE_DHCP)
"""The stages of a machine whose shim loads GRUB, which goes on with the firmware's address."""

FROM_DISC = (Stage.POWER_ON, Stage.OSIE, Stage.INVENTORY, Stage.POWER_OFF)
"""The stages of a machine that has all it starts from in its disc drive."""

LOADS = (Stage.BOOT_FILE, Stage.KERNEL, Stage.INITRD)
"""The stages in which a file is fetched."""

_STAGES = {
    words.Stage.FIRMWARE_DHCP: Stage.FIRMWARE_DHCP,
    words.Stage.BOOT_FILE: Stage.BOOT_FILE,
    words.Stage.IPXE_DHCP: Stage.IPXE_DHCP,
    words.Stage.SCRIPT: Stage.SCRIPT,
    words.Stage.KERNEL: Stage.KERNEL,
    words.Stage.INITRD: Stage.INITRD,
    words.Stage.SYSTEM: Stage.OSIE,
}
"""What the timelines call the same: which event belongs to which stage is known there."""

AGENT_WORDS = "OSIE: agent "
"""How the agent's first line on the machine's console begins."""

LAST_WORDS = (
    "No bootable device.",
    "UEFI Interactive Shell",
    "BdsDxe: No bootable option or device was found",
    "Kernel panic - not syncing",
    "OSIE: boots.url is ",
)
"""What a machine's console says when nothing more will come: SeaBIOS, EDK2, Linux, the agent."""

_TROUBLES_KEPT = 8


class Status(enum.Enum):
    """What is known of a stage."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Mark:
    """One stage's moments (seconds since 1970 UTC), and what there is to say of it."""

    began: float
    ended: float | None = None
    detail: str = ""
    why: str = ""
    sent: int = 0
    size: int = -1
    """Bytes, -1 when not known beforehand."""


@dataclass(frozen=True)
class Trouble:
    """Something that the server refused, ignored or could not finish."""

    at: float
    what: str


@dataclass(frozen=True)
class Boot:
    """One machine's boot, as far as it is known."""

    mac: str
    started: float
    """Power-on, in seconds since 1970 UTC."""
    expected: tuple[Stage, ...] = ALL
    marks: Mapping[Stage, Mark] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    script: str = ""
    inventory: Mapping[str, object] | None = None
    agent_spoke: bool = False
    """Whether the machine's console shows that the agent runs."""
    gave_up: str = ""
    """The console line by which the machine said that it will go no further."""
    ending: str | None = None
    """How the machine ended; None while it has power."""

    @property
    def complete(self) -> bool:
        """Whether the machine went all the way: inventory, agent on the console, power off."""
        return self.inventory is not None and self.agent_spoke and self.ending == "powered off"

    @property
    def seconds(self) -> float:
        """From power-on to the last thing that happened."""
        moments = [mark.ended or mark.began for mark in self.marks.values()]
        return max(moments, default=self.started) - self.started


def expected(recipe: Recipe) -> tuple[Stage, ...]:
    """The stages of a machine with this firmware."""
    if recipe.starts_from_disc:
        return FROM_DISC
    if recipe.secure:
        return WITHOUT_IPXE
    return IPXE_IN_ROM if recipe.starts_as_ipxe else ALL


def power_on(mac: str, at: float, expected: tuple[Stage, ...] = ALL) -> Boot:
    """The beginning."""
    return Boot(mac, at, expected, {Stage.POWER_ON: Mark(at, at)})


def status(boot: Boot, stage: Stage) -> Status:
    """What is known of a stage; one that later stages went past was skipped."""
    mark = boot.marks.get(stage)
    if mark is not None:
        return Status.RUNNING if mark.ended is None else Status.DONE
    if stage is Stage.POWER_OFF:
        return Status.WAITING
    later = ALL[ALL.index(stage) + 1 :]
    if any(after in boot.marks for after in later if after is not Stage.POWER_OFF):
        return Status.SKIPPED
    return Status.WAITING


def missing(boot: Boot) -> Stage | None:
    """The first expected stage that neither came to its end nor was passed over."""
    unfinished = (Status.RUNNING, Status.WAITING)
    return next((s for s in boot.expected if status(boot, s) in unfinished), None)


def spoke(boot: Boot, line: str) -> Boot:
    """The machine wrote a line on its console."""
    if AGENT_WORDS in line:
        return dataclasses.replace(boot, agent_spoke=True)
    if not boot.gave_up and any(words in line for words in LAST_WORDS):
        return dataclasses.replace(boot, gave_up=line)
    return boot


def ended(boot: Boot, at: float, how: str) -> Boot:
    """The machine has no power any more."""
    boot = dataclasses.replace(boot, ending=how)
    return _mark(boot, Stage.POWER_OFF, at, done=True, detail=how)


def advance(boot: Boot, entry: Entry) -> Boot:
    """The boot after one journal entry; entries of other machines change nothing."""
    event, at = entry.event, entry.at
    if getattr(event, "mac", "") not in ("", boot.mac):
        return boot
    match event:
        case events.OfferSent() | events.AckSent():
            return _answered(boot, at, event)
        case events.TransferStarted() | events.TransferProgressed() | events.TransferFinished():
            return _transferred(boot, at, event)
        case events.ScriptServed(script=script, profile=profile, door=door):
            boot = dataclasses.replace(boot, script=script)
            why = f"profile {profile}" if profile else ""
            return _mark(boot, Stage.SCRIPT, at, done=True, detail=f"by {door.upper()}", why=why)
        case events.FileRendered(name=name, source=source, door=door) if classify.says_what_to_run(
            name
        ):
            detail = f"{name} by {door.upper()}"
            return _mark(boot, Stage.SCRIPT, at, done=True, detail=detail, why=f"profile {source}")
        case events.AgentProgressed(stage=stage, message=message):
            detail = ": ".join(part for part in (stage, message) if part)
            return _mark(boot, Stage.OSIE, at, done=True, detail=detail)
        case events.InventoryReported(inventory=inventory, next=then):
            boot = _mark(boot, Stage.OSIE, at, done=True)
            boot = dataclasses.replace(boot, inventory=inventory)
            why = f"then {then}" if then else ""
            return _mark(boot, Stage.INVENTORY, at, done=True, why=why)
        case _:
            return _troubled(boot, at, trouble(event))


def trouble(event: events.AnyEvent) -> str:
    """An event that may explain a failed boot, as one line; empty for all the others."""
    match event:
        case events.NakSent(why=why):
            return f"DHCP: NAK sent: {why}"
        case events.DhcpIgnored(message=message, why=why):
            return f"DHCP: {message} ignored: {why}"
        case events.AddressDeclined(address=address):
            return f"DHCP: the machine says that {address} is in use"
        case events.PacketDropped(door=door, why=why):
            return f"{door.upper()}: packet dropped: {why}"
        case events.TransferFailed(door=door, name=name, sent=sent, why=why):
            return f"{door.upper()}: {name} broke off after {sent} bytes: {why}"
        case events.FetchRefused(door=door, name=name, why=why):
            return f"{door.upper()}: {name} refused: {why}"
        case events.RecordsRefused(faults=faults):
            return f"records refused: {'; '.join(faults)}"
        case events.ServerStopped(why=why):
            return f"the server stopped: {why}"
        case _:
            return ""


def _answered(boot: Boot, at: float, event: events.OfferSent | events.AckSent) -> Boot:
    # A proxyDHCP offer gives no address, and many clients ask for no more than that.
    done = isinstance(event, events.AckSent) or (bool(event.boot_file) and not event.address)
    stage = _STAGES[classify.of_program(event.program)]
    if stage is Stage.OSIE:  # its own DHCP client
        return _mark(boot, Stage.OSIE, at, detail=f"{event.program} has {event.address}")
    words = [event.program, event.architecture, event.address]
    if event.relay:
        words.append(f"relay {event.relay}")
    detail = ", ".join(word for word in words if word)
    return _mark(boot, stage, at, done=done, detail=detail, why=event.why)


Transfer = events.TransferStarted | events.TransferProgressed | events.TransferFinished


def _transferred(boot: Boot, at: float, event: Transfer) -> Boot:
    stage = _loaded(boot, event.name)
    if stage is None:
        return boot
    done = isinstance(event, events.TransferFinished)
    sent = event.size if done else getattr(event, "sent", 0)
    boot = _mark(boot, stage, at, done=done, detail=f"{event.name} by {event.door.upper()}")
    mark = boot.marks[stage]
    if mark.ended is not None and not done:  # fetched again: a firmware asks twice
        return boot
    filled = dataclasses.replace(mark, sent=max(sent, mark.sent), size=event.size)
    return dataclasses.replace(boot, marks={**boot.marks, stage: filled})


def _loaded(boot: Boot, name: str) -> Stage | None:
    """Which stage the transfer of this file belongs to; None for a script sent as a file."""
    told = classify.read(boot.script)
    found = classify.of_file(name, told, has_script=Stage.SCRIPT in boot.marks)
    return _STAGES[found] if found else None


def _mark(
    boot: Boot, stage: Stage, at: float, *, done: bool = False, detail: str = "", why: str = ""
) -> Boot:
    """A stage begins, goes on or comes to its end; what once ended keeps its time."""
    old = boot.marks.get(stage, Mark(at))
    new = dataclasses.replace(
        old,
        ended=old.ended or (at if done else None),
        detail=old.detail if old.ended else detail or old.detail,
        why=old.why if old.ended else why or old.why,
    )
    return dataclasses.replace(boot, marks={**boot.marks, stage: new})


def _troubled(boot: Boot, at: float, what: str) -> Boot:
    if not what:
        return boot
    kept = (*boot.troubles, Trouble(at, what))[-_TROUBLES_KEPT:]
    return dataclasses.replace(boot, troubles=kept)

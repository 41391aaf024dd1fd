"""From single events to boots: one for each power-on.  Pure; what is known is a value.

`advance` takes the boots of one machine one event further.  Whose event it is was found out
before (see `boots.timeline.fleet`).
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.timeline import asking, fetching, signs
from boots.timeline.patience import NEW_SYSTEM
from boots.timeline.signs import short
from boots.timeline.steps import Followed, begun, has, heard, is_loaded, went, without_loops
from boots.timeline.words import Stage


def advance(now: Followed | None, entry: Entry, mac: str) -> Followed | None:
    """The machine's last boot after one event of it; it has another id where a new one began.

    None while nothing is known that belongs to a boot.
    """
    take = _TAKES.get(type(entry.event))
    then = take(now, entry.at, entry.event, mac) if take else now
    if then is None:
        return None
    sign = signs.of(entry.event, entry.at)
    if sign is not None:
        then = msgspec.structs.replace(then, signs=signs.added(then.signs, sign))
    return heard(then, entry.at)


# --- what the machine says itself


def _line(now: Followed | None, at: float, event: events.ConsoleLine, _mac: str) -> Followed | None:
    """A system's lines tell that it runs; iPXE's are only evidence."""
    if now is None or event.source.lower().startswith("ipxe") or not is_loaded(now):
        return now
    if has(now.boot, Stage.SYSTEM, Stage.INVENTORY, Stage.DISK):
        return now
    return went(now, at, Stage.SYSTEM, "its console, over syslog", done=True)


def _agent(now: Followed | None, at: float, event: events.AgentProgressed, mac: str) -> Followed:
    if now is None or (at - now.boot.heard > NEW_SYSTEM and event.stage == "started"):
        now = begun(now, at, mac)
    said = ": ".join(part for part in (event.stage, event.message) if part)
    failed = event.message if event.stage in {"failed", "error"} else ""
    if not has(now.boot, Stage.INVENTORY) or failed:
        now = went(now, at, Stage.SYSTEM, f"agent {said}", key="agent ", done=True, problem=failed)
    return without_loops(now)


def _inventory(
    now: Followed | None, at: float, event: events.InventoryReported, mac: str
) -> Followed | None:
    if now is None:
        now = begun(now, at, mac)
    if not has(now.boot, Stage.SYSTEM):
        now = went(now, at, Stage.SYSTEM, "agent", key="agent", done=True)
    why = f"then {event.next}" if event.next else ""
    now = went(now, at, Stage.INVENTORY, "", done=True, why=why)
    system = event.inventory.get("system")
    uuid = system.get("uuid") if isinstance(system, dict) else None
    if isinstance(uuid, str):
        boot = msgspec.structs.replace(now.boot, uuid=short(uuid, 40))
        now = msgspec.structs.replace(now, boot=boot)
    return without_loops(now)


def _run(now: Followed | None, at: float, event: events.RunChanged, _mac: str) -> Followed | None:
    """What a workflow does to the machine while OSIE runs: each action as it is handed out."""
    if now is None or not has(now.boot, Stage.INVENTORY):
        return now
    if event.step_state == "HANDED":
        said = f"workflow {event.name}: action {event.step}"
        return went(now, at, Stage.INVENTORY, said, key=said, done=True)
    if event.state in _OVER or event.sub:
        said = f"workflow {event.name}: {event.sub or event.state}"
        return went(now, at, Stage.INVENTORY, said, key=said, done=True, why=event.why)
    return now


def _noted(now: Followed | None, _at: float, _event: AnyEvent, _mac: str) -> Followed | None:
    """What is a sign only."""
    return now


_OVER = {"FAILED", "TIMEOUT"}
_Take = Callable[[Followed | None, float, Any, str], Followed | None]
_TAKES: Mapping[type[AnyEvent], _Take] = {
    events.OfferSent: asking.answered,
    events.AckSent: asking.answered,
    events.DhcpIgnored: asking.ignored,
    events.NakSent: _noted,
    events.AddressDeclined: _noted,
    events.ForeignServerSeen: _noted,
    events.TransferStarted: fetching.transferred,
    events.TransferProgressed: fetching.transferred,
    events.TransferFinished: fetching.transferred,
    events.TransferProbed: fetching.transferred,
    events.TransferFailed: fetching.transferred,
    events.FetchRefused: fetching.refused,
    events.ScriptServed: fetching.script,
    events.FileRendered: fetching.rendered,
    events.IsoUnpatched: _noted,
    events.BootFileDoubtful: _noted,
    events.TlsRefused: _noted,
    events.LoopBroken: _noted,
    events.ConsoleLine: _line,
    events.AgentProgressed: _agent,
    events.InventoryReported: _inventory,
    events.RunChanged: _run,
}

HEEDED = frozenset(_TAKES)
"""The events that may be part of a boot."""

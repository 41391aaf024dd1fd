"""Machines that load their script again and again: counted, and held once nothing comes of it."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.model.machine import Known, Machine
from boots.policy.boot import NOT_ALLOWED
from boots.policy.client import Program
from boots.policy.path import AUTOEXEC, SCRIPT_NAMES
from boots.settings import Boot

_IPXE, _OS = Program.IPXE.value, Program.OS.value
_MOST = 65_536  # machines that are counted; who made MACs up pushes out others like it


def says_what_to_run(name: str) -> bool:
    """Whether a name or URL is of what tells a machine what to run: a script, a menu of GRUB's."""
    last = name.rpartition("/")[2]
    return (
        last in {*SCRIPT_NAMES, NOT_ALLOWED}
        or last.startswith("grub.cfg")
        or "pxelinux.cfg/" in name
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """How many times in a row a machine was told what to run, and when the last one was."""

    count: int
    last: float


class Loops:
    """Hears what machines do, as a sink of the journal, and says which of them go round.

    `limits` gives the settings in force, `now` the time in seconds since 1970, `record` tells the
    journal.  A machine is held when it has loaded ``boot.loop_limit`` scripts, less than
    ``boot.loop_window`` seconds apart, with no sign of life from what they load: no word of an
    agent, no DHCP of an operating system.  A changed record sets it free at once.
    """

    def __init__(
        self,
        limits: Callable[[], Boot],
        now: Callable[[], float],
        record: Callable[[AnyEvent], None],
    ) -> None:
        self._limits = limits
        self._now = now
        self._record = record
        self._tallies: OrderedDict[str, Tally] = OrderedDict()
        self._machines: dict[str, Machine] = {}

    def held(self, known: Known) -> str:
        """Why this machine is held; empty while it is not."""
        tally = self._tallies.get(known.mac)
        if tally is None:
            return ""
        limits = self._limits()
        left = tally.last + limits.loop_window - self._now()
        if left <= 0 or self._is_changed(known):
            self.forget(known.mac)
            return ""
        if not limits.loop_limit or tally.count < limits.loop_limit:
            return ""
        return (
            f"it loaded its script {tally.count} times and nothing came of it: held for"
            f" {left:.0f} s more, or until its record changes"
        )

    def _is_changed(self, known: Known) -> bool:
        """Whether its record is another one; one that is made up says nothing."""
        before = self._machines.setdefault(known.mac, known.machine)
        return before != known.machine and not known.stranger

    def write(self, entries: Sequence[Entry]) -> None:
        """Count what the journal heard."""
        for entry in entries:
            event = entry.event
            heed = _HEEDED.get(type(event))
            if heed is not None:
                heed(self, event, entry.at)

    def close(self) -> None:
        """Nothing is kept."""

    def count(self, mac: str, at: float) -> None:
        """Count one time that a machine was told what to run."""
        limits = self._limits()
        before = self._tallies.get(mac)
        going_on = before is not None and at - before.last < limits.loop_window
        tally = Tally(before.count + 1 if before and going_on else 1, at)
        self._tallies[mac] = tally
        self._tallies.move_to_end(mac)
        if len(self._tallies) > _MOST:
            self.forget(next(iter(self._tallies)))
        if tally.count == limits.loop_limit:
            why = "nothing came of the scripts it loaded: no agent, no operating system"
            self._record(events.LoopBroken(mac=mac, count=tally.count, why=why))

    def forget(self, mac: str) -> None:
        """Take a machine as one that never went round."""
        self._tallies.pop(mac, None)
        self._machines.pop(mac, None)


# --- what each event says of a machine


def _script(loops: Loops, event: events.ScriptServed, at: float) -> None:
    # autoexec.ipxe only leads to the script
    if event.mac and not event.problem and event.profile != AUTOEXEC:
        loops.count(event.mac, at)


def _rendered(loops: Loops, event: events.FileRendered, at: float) -> None:
    if event.mac and says_what_to_run(event.name):
        loops.count(event.mac, at)


def _ack(loops: Loops, event: events.AckSent, at: float) -> None:
    if event.program == _IPXE:
        url = event.boot_file
        if url and not says_what_to_run(url):  # an iPXE is sent to load another
            loops.count(event.mac, at)
    elif event.program == _OS:
        loops.forget(event.mac)


def _alive(
    loops: Loops, event: events.AgentProgressed | events.InventoryReported, _at: float
) -> None:
    loops.forget(event.mac)


# Of the others nothing is to be heard; there may be ten thousands of them in a second.
_HEEDED: Mapping[type[AnyEvent], Callable[[Loops, Any, float], None]] = {
    events.ScriptServed: _script,
    events.FileRendered: _rendered,
    events.AckSent: _ack,
    events.AgentProgressed: _alive,
    events.InventoryReported: _alive,
}

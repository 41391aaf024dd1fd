"""The ends of disks: kept before a run first writes, and given back to one that undoes."""

import asyncio
import zlib
from collections.abc import Callable

from msgspec.structs import replace

from boots.app.runs.keeper import Keeper
from boots.app.runs.proving import Proving
from boots.app.runs.stored import stored
from boots.app.runs.words import Kept
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.serve.agent_words import AskBack, Caller, Denied, EdgesSaid
from boots.store import edges, freezes
from boots.workflow.arming import Resolved
from boots.workflow.run import OPEN

END = 1 << 20
"""Bytes at each end of a disk."""


class Ends:
    """Keeps the ends of disks."""

    def __init__(self, keeper: Keeper, proving: Proving, tell: Callable[[AnyEvent], None]) -> None:
        self._keeper = keeper
        self._proving = proving
        self._tell = tell

    async def edges(self, caller: Caller, said: EdgesSaid, body: bytes) -> None:
        """Keep the ends of a disk for good; from then on it is this run's."""
        _, worker = await stored(self._proving.proved(caller, said.run, said.session))
        # From the store: another server may have been told this moment that nothing is written.
        kept = await stored(self._keeper.fresh(said.run))
        disk = _disk(kept, worker, said)
        frozen = await stored(self._keeper.store.read(freezes.read))
        if frozen.frozen:
            raise Denied(409, frozen.reason)
        if kept.given.until <= self._keeper.clock():
            raise Denied(409, "the time for which its disks were armed is over")
        await asyncio.to_thread(prove, body, said.size)
        own, now = kept.of(worker), self._keeper.clock()
        line = edges.Line(0, said.run, own.name, disk.serial, disk.path, disk.size, said.holds, now)
        fresh = await stored(self._keeper.store.write(edges.keep, line, body))
        await stored(self._keeper.change(said.run, lambda kept: _taken(kept, worker, said)))
        if fresh:
            self._tell(
                events.EdgesSaved(
                    mac=str(caller.known.mac),
                    machine=own.name,
                    run=said.run,
                    serial=disk.serial,
                    path=disk.path,
                    holds=said.holds,
                )
            )

    async def edges_back(self, caller: Caller, number: int, said: AskBack) -> bytes:
        """Give the ends of a disk back, as they were sent."""
        kept, worker = await stored(self._proving.proved(caller, said.run, said.session))
        found = await stored(self._keeper.store.read(edges.one, number))
        if found is None or found[0].machine != caller.known.machine.name:
            raise Denied(404, f"no ends of a disk of this machine have the number {number}")
        serial = found[0].serial
        if not any((each.worker, each.serial) == (worker, serial) for each in kept.disks):
            raise Denied(409, f"they are of the disk {serial}, which this run may not write")
        return found[1]


def _disk(kept: Kept, worker: str, said: EdgesSaid) -> Resolved:
    """The disk whose ends come.

    Raises:
        Denied: it is not armed, or nothing that writes is with this session.
    """
    steps = kept.run.steps
    step = steps[said.step] if said.step < len(steps) else None
    mine = (worker, said.session, said.attempt)
    if step is None or (step.worker, step.session, step.attempt) != mine or step.state not in OPEN:
        raise Denied(409, "that action is not with this session, or not any more")
    for each in kept.disks:
        if (each.worker, each.serial, each.size) == (worker, said.serial, said.size) and each.armed:
            return each
    raise Denied(409, f"no disk {said.serial} of {said.size} bytes is armed")


def _taken(kept: Kept, worker: str, said: EdgesSaid) -> Kept:
    """The run that has the disk now, if it may have it still.  Raises as `_disk`."""
    serial = _disk(kept, worker, said).serial
    return kept if serial in kept.taken else replace(kept, taken=(*kept.taken, serial))


def prove(body: bytes, size: int) -> None:
    """See that these are the ends of a disk of this size.

    Raises:
        Denied: they are not.
    """
    wanted = min(size, 2 * END)
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(body, wanted + 1)
    except zlib.error as error:
        raise Denied(400, f"no zlib: {error}") from None
    if len(found) != wanted or not unpacker.eof or unpacker.unused_data:
        raise Denied(400, f"of a disk of {size} bytes {wanted} are wanted")

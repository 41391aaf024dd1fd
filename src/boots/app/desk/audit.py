"""The desk: who changed what, or tried to."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial

import structlog

from boots.api.desk import Attempt, Refused
from boots.app.desk.house import House, asks_store
from boots.app.desk.numbers import Numbers
from boots.client.words import Audit, AuditLine, AuditProof
from boots.model.patterns import fits
from boots.store import audit, witness
from boots.store.audit import Deed, Kept, Proof
from boots.store.engine import StoreAway
from boots.store.witness import Witness

_MOST = 1000
_PORTION = 500  # rows at once, of which some are left out
_AT_ONCE = 5_000  # rows that are proved for a page: some 50 ms
_ANEW = 3600.0  # seconds after which a page has all rows proved again
_log = structlog.get_logger()


class AuditDesk:
    """Answers what `boots.api.desk.Desk` asks of the audit log."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._proved = Proof()
        self._since = 0.0

    def witnessed(self, attempt: Callable[[], Attempt]) -> AbstractContextManager[Witness]:
        """Have what this task changes within be written down in the same transaction."""
        return witness.witnessed(
            lambda known: self._deed(attempt(), known), lambda: self._house.key
        )

    async def write_down(self, attempt: Attempt) -> bool:
        """Write it down; whether that is on the disk."""
        keeping = self._house.keeping
        if keeping is None:  # then nothing can be changed
            return True
        deed = self._deed(attempt, witness.present())
        try:
            with self.witnessed(lambda: attempt) as own:
                own.stands = witness.DONE  # it is the row itself
                await keeping.store.write(audit.keep, deed, self._house.key)
        except StoreAway as error:
            _log.error("nobody could write down who did this", why=str(error), **deed._asdict())
            return False
        return True

    def _deed(self, attempt: Attempt, known: Witness | None) -> Deed:
        more = known.more if known is not None else {}
        named = known.machine if known is not None else ""
        return Deed(
            at=self._house.clock(),
            server=self._house.server,
            by=attempt.by,
            role=attempt.role,
            peer=attempt.peer,
            what=attempt.what,
            machine=named or self._machine(attempt),
            outcome=attempt.outcome,
            details=json.dumps({**attempt.details, **more}, default=str, sort_keys=True),
        )

    def _machine(self, attempt: Attempt) -> str:
        """The name of the machine that it is about."""
        key = attempt.machine
        run = str(attempt.details.get("id", ""))
        running = self._house.running
        if not key and running is not None and run.startswith("w-"):
            kept = running.keeper.live.get(run)
            key = kept.machines[0].name if kept is not None else ""
        try:
            return self._house.machine(key).name if key else ""
        except Refused:
            return key

    @asks_store
    async def audit(
        self,
        *,
        machine: str = "",
        by: str = "",
        what: str = "",
        since: float = 0.0,
        until: float = 0.0,
        after: int = 0,
        limit: int = 200,
        among: Sequence[str] = (),
    ) -> Audit:
        """The latest first."""
        if machine:
            with suppress(Refused):  # one that is gone may be asked for
                machine = self._house.machine(machine).name
        limit = min(limit, _MOST)
        numbers = self._house.numbers(among)
        read = partial(audit.read, machine=machine, by=by, what=what, since=since, until=until)
        rows = await self._rows(read, numbers.meant(after), limit + 1, tuple(among))
        more = len(rows) > limit
        lines = await asyncio.to_thread(_lines, rows[:limit], numbers)
        return Audit(next=str(lines[-1].id) if more else "", audit=lines)

    async def _rows(
        self, read: Callable[..., list[Kept]], after: int, limit: int, among: tuple[str, ...]
    ) -> list[Kept]:
        """So many rows; what is read further than those is said to nobody."""
        theirs: list[Kept] = []
        portion = max(limit, _PORTION) if among else limit
        while True:
            found = await self._house.kept().store.read(
                read, after=after, limit=portion, among=among
            )
            theirs += [each for each in found if not among or _is_of(each, among)]
            if len(theirs) >= limit or len(found) < portion:
                return theirs[:limit]
            after = found[-1].id

    @asks_store
    async def audit_proof(self, *, whole: bool = True) -> AuditProof:
        """Whether anybody changed what was written down; else as far as is proved by now."""
        now = self._house.clock()
        if whole or not 0 <= now - self._since < _ANEW:
            self._proved, self._since = Proof(), now
        self._proved = await self._house.kept().store.read(
            audit.prove, self._house.key, known=self._proved, most=0 if whole else _AT_ONCE
        )
        return AuditProof(**self._proved._asdict())


def _is_of(kept: Kept, among: tuple[str, ...]) -> bool:
    return bool(kept.deed.machine) and fits(kept.deed.machine, among)


def _lines(rows: Sequence[Kept], numbers: Numbers) -> tuple[AuditLine, ...]:
    return tuple(_line(each, numbers.told(each.id)) for each in rows)


def _line(kept: Kept, number: int) -> AuditLine:
    said = kept.deed._asdict()
    return AuditLine(id=number, **{**said, "details": json.loads(kept.deed.details)})

"""The audit log: who changed what, or tried to.  Rows are added, and go when they are old.

Each row is sealed by the server's key, together with the seal of the row before: who changes the
database without the key cannot change, take out or slip in a row without its being seen.  The end
can be cut off; whoever fears that notes the last seal elsewhere.
"""

import hashlib
import hmac
import json
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from boots.store import changes
from boots.store.among import may_fit
from boots.store.schema import audits

_PORTION = 1_000  # rows that are proved at once


class Deed(NamedTuple):
    """What somebody did or tried, from where, and what came of it; `details` are JSON."""

    at: float
    server: str
    by: str
    role: str
    peer: str
    what: str
    machine: str
    outcome: str
    details: str = "{}"


class Kept(NamedTuple):
    """A row."""

    id: int
    deed: Deed
    sealed_by: str
    before: str
    seal: str


class Proof(NamedTuple):
    """What came of going through all rows.

    `foreign` rows were sealed by another key, of which only the order was looked at.  `broken` is
    the first row that is wrong, 0 for none, and `why`; `seal` is that of the last that is not,
    which has the number `last` and was written at `last_at`.  `more` are behind it that were not
    looked at.
    """

    rows: int = 0
    foreign: int = 0
    broken: int = 0
    why: str = ""
    seal: str = ""
    last: int = 0
    last_at: float = 0.0
    more: bool = False


_COLUMNS = (
    audits.c.id,
    audits.c.at,
    audits.c.server,
    audits.c.done_by,
    audits.c.role,
    audits.c.peer,
    audits.c.what,
    audits.c.machine,
    audits.c.outcome,
    audits.c.details,
    audits.c.sealed_by,
    audits.c.before,
    audits.c.seal,
)
_DEED = 1 + len(Deed._fields)


def keep(connection: Connection, deed: Deed, key: bytes) -> None:
    """Add a row."""
    changes.in_order(connection)
    newest = select(audits.c.seal).order_by(audits.c.id.desc()).limit(1)
    before = connection.execute(newest).scalar() or ""
    connection.execute(
        insert(audits).values(
            at=deed.at,
            server=deed.server,
            done_by=deed.by,
            role=deed.role,
            peer=deed.peer,
            what=deed.what,
            machine=deed.machine,
            outcome=deed.outcome,
            details=deed.details,
            sealed_by=name_of(key),
            before=before,
            seal=_seal(deed, before, key),
        )
    )


def read(
    connection: Connection,
    *,
    machine: str = "",
    by: str = "",
    what: str = "",
    since: float = 0.0,
    until: float = 0.0,
    after: int = 0,
    limit: int = 200,
    among: tuple[str, ...] = (),
) -> list[Kept]:
    """The latest first; `after` goes on below that row, `what` is a part of a deed's name.

    With `among` those about machines that `may_fit` one of these patterns.
    """
    wanted = select(*_COLUMNS).order_by(audits.c.id.desc()).limit(limit)
    if machine:
        wanted = wanted.where(audits.c.machine == machine)
    if by:
        wanted = wanted.where(audits.c.done_by == by)
    if what:
        wanted = wanted.where(audits.c.what.contains(what, autoescape=True))
    if since:
        wanted = wanted.where(audits.c.at >= since)
    if until:
        wanted = wanted.where(audits.c.at < until)
    if after:
        wanted = wanted.where(audits.c.id < after)
    if among:
        wanted = wanted.where(may_fit(audits.c.machine, among))
    return [_kept(row) for row in connection.execute(wanted)]


def prove(
    connection: Connection, key: bytes, *, known: Proof | None = None, most: int = 0
) -> Proof:
    """Go through all rows, from the oldest; or on from what is `known`, over `most` or so."""
    found = _still(connection, known) if known is not None else Proof()
    looked, own = 0, name_of(key)
    while not found.broken:
        rows = _behind(connection, found.last)
        for each in rows:
            why = _wrong(each, found, key, own)
            if why:
                return found._replace(broken=each.id, why=why)
            found = Proof(
                found.rows + 1,
                found.foreign + (each.sealed_by != own),
                seal=each.seal,
                last=each.id,
                last_at=each.deed.at,
            )
        looked += len(rows)
        if len(rows) < _PORTION:
            return found
        if most and looked >= most:
            return found._replace(more=True)
    return found


def _still(connection: Connection, known: Proof) -> Proof:
    """What is known, if its last row is there; where all up to that were let go, nothing is."""
    there = connection.execute(select(audits.c.seal).where(audits.c.id == known.last)).scalar()
    if there == known.seal:
        return known._replace(more=False)
    older = select(audits.c.id).where(audits.c.id < known.last).limit(1)
    if there is None and connection.execute(older).first() is None:
        return Proof()
    return known._replace(broken=known.last, why="it is not the row any more that was there")


def _behind(connection: Connection, last: int) -> list[Kept]:
    wanted = select(*_COLUMNS).where(audits.c.id > last).order_by(audits.c.id).limit(_PORTION)
    return [_kept(row) for row in connection.execute(wanted)]


def tidy(connection: Connection, before: float) -> None:
    """Let go what is older, up to the first row that is not.

    Clocks differ, and are set back: rows that are old by theirs stay behind a younger one, as a
    hole would look like tampering.
    """
    first = select(func.min(audits.c.id)).where(audits.c.at >= before)
    beyond = select(func.max(audits.c.id) + 1)  # where all are older
    limit = func.coalesce(first.scalar_subquery(), beyond.scalar_subquery())
    connection.execute(delete(audits).where(audits.c.id < limit))


def name_of(key: bytes) -> str:
    """By what a key is known that sealed a row; it says nothing of the key."""
    return hashlib.sha256(b"seals the audit log: " + key).hexdigest()[:16]


def _wrong(kept: Kept, known: Proof, key: bytes, own: str) -> str:
    """What is wrong with a row; the oldest there is may follow one that was let go."""
    if known.last and kept.before != known.seal:
        return "it does not follow the row before it: one was taken out, or slipped in"
    if kept.sealed_by == own and not hmac.compare_digest(
        kept.seal, _seal(kept.deed, kept.before, key)
    ):
        return "it is not what was written: its seal is of something else"
    return ""


def _seal(deed: Deed, before: str, key: bytes) -> str:
    said = json.dumps([before, *deed], ensure_ascii=True).encode()
    return hmac.digest(key, b"audit " + said, "sha256").hex()


def _kept(row: object) -> Kept:
    number, *rest = tuple(row)  # type: ignore[arg-type, var-annotated]
    return Kept(number, Deed(*rest[: _DEED - 1]), *rest[_DEED - 1 :])

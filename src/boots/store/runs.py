"""Runs: workflows on their way, written before anything of them is in force.

Two servers that share the store may both go on with a run: who read an older revision is refused,
reads it anew, and looks again.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.sql import Select

from boots.model.patterns import fits
from boots.store import changes, freezes
from boots.store.among import may_fit
from boots.store.schema import run_agents, run_lines, run_machines, runs


class Row(NamedTuple):
    """A run as it is kept; the body is JSON, and `revision` how many times it was written.

    `machine` is the one that it was asked for; `writing` says that an action which writes disks is
    with an agent.
    """

    id: str
    machine: str
    mac: str
    name: str
    state: str
    live: bool
    writing: bool
    created: float
    ended: float
    revision: int
    body: str


class Conflict(Exception):
    """The run has another revision than the one that was to be changed, or is not there."""


class Busy(Exception):
    """A machine of a new run has one that is not over."""

    def __init__(self, machine: str, run: str) -> None:
        super().__init__(machine, run)
        self.machine = machine
        self.run = run


class Held(Exception):
    """No action that writes may be handed out now; the text says why."""


_NAMES = {
    name: {"created": "created_at", "ended": "ended_at"}.get(name, name) for name in Row._fields
}
_COLUMNS = tuple(runs.c[name] for name in _NAMES.values())


def create(
    connection: Connection, row: Row, machines: Sequence[str], *, at: float, server: str
) -> None:
    """Keep a new one, of these machines.

    Raises:
        Busy: one of them has a run that is not over.
    """
    changes.in_order(connection)
    taken = connection.execute(
        select(run_machines.c.machine, run_machines.c.run).where(run_machines.c.held.in_(machines))
    ).first()
    if taken is not None:
        raise Busy(*taken)
    connection.execute(insert(runs).values(**_values(row)))
    connection.execute(
        insert(run_machines),
        [{"run": row.id, "machine": name, "held": name} for name in dict.fromkeys(machines)],
    )
    changes.tell(connection, server, changes.RUN, row.id, at)


def replace(
    connection: Connection, row: Row, *, at: float, server: str, most_writing: int = 0
) -> None:
    """Write one anew, if it has the revision before that of `row`.

    With `most_writing` it begins to write disks: no more may do that at once.

    Raises:
        Conflict: it has another one.
        Held: nothing may write now, or too many do.
    """
    changes.in_order(connection)
    if most_writing:
        _refuse_writing(connection, row.id, most_writing)
    done = connection.execute(
        update(runs)
        .where(runs.c.id == row.id, runs.c.revision == row.revision - 1)
        .values(**_values(row))
    )
    if not done.rowcount:
        raise Conflict(row.id)
    if not row.live:
        connection.execute(
            update(run_machines).where(run_machines.c.run == row.id).values(held=None)
        )
    changes.tell(connection, server, changes.RUN, row.id, at)


def _refuse_writing(connection: Connection, id_: str, most: int) -> None:
    frozen = freezes.read(connection)
    if frozen.frozen:
        raise Held(frozen.reason)
    others = connection.execute(
        select(func.count()).select_from(runs).where(runs.c.writing == 1, runs.c.id != id_)
    ).scalar_one()
    if others >= most:
        raise Held(
            f"{others} runs write disks now, and no more may at once (workflow.most_writing)"
        )


def _values(row: Row) -> dict[str, object]:
    found = {_NAMES[name]: value for name, value in row._asdict().items()}
    return {**found, "live": int(row.live), "writing": int(row.writing)}


def _row(found: Sequence[object]) -> Row:
    row = Row(*found)  # type: ignore[arg-type]
    return row._replace(live=bool(row.live), writing=bool(row.writing))


def one(connection: Connection, id_: str) -> Row | None:
    """One of them."""
    found = connection.execute(select(*_COLUMNS).where(runs.c.id == id_)).first()
    return _row(found) if found else None


def alive(connection: Connection) -> list[Row]:
    """Those that are not over."""
    found = connection.execute(select(*_COLUMNS).where(runs.c.live == 1).order_by(runs.c.id))
    return [_row(each) for each in found]


def holding(connection: Connection, machine: str) -> str:
    """The run of a machine that is not over; empty where it has none."""
    wanted = select(run_machines.c.run).where(run_machines.c.held == machine)
    return connection.execute(wanted).scalar() or ""


def page(
    connection: Connection,
    *,
    machines: Sequence[str] = (),
    states: Sequence[str] = (),
    before: tuple[float, str] | None = None,
    limit: int = 100,
    among: Sequence[str] = (),
) -> list[Row]:
    """The latest first; those only of these machines, in these states, before one of a page.

    With `among` those whose first machine `may_fit` one of these patterns.
    """
    wanted = _wanted(select(*_COLUMNS), machines, states)
    if among:
        wanted = wanted.where(may_fit(runs.c.machine, among))
    if before is not None:
        created, id_ = before
        wanted = wanted.where(
            (runs.c.created_at < created) | ((runs.c.created_at == created) & (runs.c.id < id_))
        )
    found = connection.execute(
        wanted.order_by(runs.c.created_at.desc(), runs.c.id.desc()).limit(limit)
    )
    return [_row(each) for each in found]


def count(
    connection: Connection,
    *,
    machines: Sequence[str] = (),
    states: Sequence[str] = (),
    among: Sequence[str] = (),
) -> int:
    """How many of these there are; with `among` those all of whose machines fit these patterns."""
    if not among:
        wanted = _wanted(select(func.count()).select_from(runs), machines, states)
        return int(connection.execute(wanted).scalar_one())
    each = select(runs.c.id, run_machines.c.machine).join(
        run_machines, run_machines.c.run == runs.c.id
    )
    theirs: dict[str, bool] = {}
    found = connection.execute(
        _wanted(each, machines, states).where(may_fit(runs.c.machine, among))
    )
    for id_, machine in found:
        theirs[id_] = theirs.get(id_, True) and fits(machine, among)
    return sum(theirs.values())


def _wanted(wanted: Select, machines: Sequence[str], states: Sequence[str]) -> Select:  # type: ignore[type-arg]
    if machines:
        theirs = select(run_machines.c.run).where(run_machines.c.machine.in_(machines))
        wanted = wanted.where(runs.c.id.in_(theirs))
    if states:
        wanted = wanted.where(runs.c.state.in_(states))
    return wanted


def forget(connection: Connection, before: float, portion: int = 100) -> int:
    """Drop runs that ended before, with what their actions said; how many were dropped."""
    old = connection.execute(
        select(runs.c.id)
        .where(runs.c.live == 0, runs.c.ended_at < before)
        .order_by(runs.c.ended_at)
        .limit(portion)
    )
    ids = [id_ for (id_,) in old]
    if ids:
        for table in (run_lines, run_agents, run_machines):
            connection.execute(delete(table).where(table.c.run.in_(ids)))
        connection.execute(delete(runs).where(runs.c.id.in_(ids)))
    return len(ids)

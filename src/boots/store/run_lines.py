"""What actions of runs said, line by line, and what was heard of their agents besides."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from boots.store.schema import run_agents, run_lines
from boots.store.upsert import upsert

MOST = 20_000
"""Lines of a run that are kept: the last ones."""

_TIDY_EVERY = 500  # lines


class Line(NamedTuple):
    """One line; `number` is its agent's, by which it is taken once."""

    number: int
    at: float
    step: int
    attempt: int
    text: str


class Kept(NamedTuple):
    """One line as it is kept."""

    id: int
    at: float
    step: int
    attempt: int
    text: str


class Heard(NamedTuple):
    """What was heard of an agent: its session, the next line that is wanted, and its progress."""

    session: int = 0
    line: int = 1
    at: float = 0.0
    progress: str = ""


def hear(
    connection: Connection, run: str, worker: str, heard: Heard, lines: Sequence[Line]
) -> Heard:
    """Keep lines of a session that were not kept yet; what was heard until now."""
    before = of(connection, run).get(worker, Heard())
    wanted = before.line if before.session == heard.session else 1
    fresh = [each for each in lines if each.number >= wanted]
    if fresh:
        connection.execute(
            insert(run_lines),
            [
                {"run": run, "at": e.at, "step": e.step, "attempt": e.attempt, "text": e.text}
                for e in fresh
            ],
        )
        wanted = fresh[-1].number + 1
        if fresh[0].number // _TIDY_EVERY != wanted // _TIDY_EVERY:
            _tidy(connection, run)
    now = heard._replace(line=wanted)
    upsert(
        connection,
        run_agents,
        [
            {
                "run": run,
                "worker": worker,
                "session": now.session,
                "line": now.line,
                "heard_at": now.at,
                "progress": now.progress,
            }
        ],
    )
    return now


def of(connection: Connection, run: str) -> dict[str, Heard]:
    """What was heard of the agents of a run, by worker."""
    found = connection.execute(
        select(
            run_agents.c.worker,
            run_agents.c.session,
            run_agents.c.line,
            run_agents.c.heard_at,
            run_agents.c.progress,
        ).where(run_agents.c.run == run)
    )
    return {row[0]: Heard(*row[1:]) for row in found}


def read(connection: Connection, run: str, after: int, limit: int) -> list[Kept]:
    """Lines of a run after one of them, in their order."""
    found = connection.execute(
        select(
            run_lines.c.id,
            run_lines.c.at,
            run_lines.c.step,
            run_lines.c.attempt,
            run_lines.c.text,
        )
        .where(run_lines.c.run == run, run_lines.c.id > after)
        .order_by(run_lines.c.id)
        .limit(limit)
    )
    return [Kept(*row) for row in found]


def _tidy(connection: Connection, run: str) -> None:
    beyond = (
        select(run_lines.c.id)
        .where(run_lines.c.run == run)
        .order_by(run_lines.c.id.desc())
        .offset(MOST)
        .limit(1)
    )
    last = connection.execute(beyond).scalar()
    if last is not None:
        connection.execute(delete(run_lines).where(run_lines.c.run == run, run_lines.c.id <= last))

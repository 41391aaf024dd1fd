"""Runs of workflows: all of them, the latest first, and one by itself with its log."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from boots.api.asked import Asked
from boots.api.desk import Refused
from boots.api.runs import seen
from boots.client.workflows import STATES, Certificate, LogLine, Run, RunStep
from boots.web.live import Stream, merged, paced
from boots.web.machine import after_of
from boots.web.room import Room, about, softly

_PACE = 1.0  # seconds between two looks at a list that changes
_LOOK = 2.0  # the same at one of which nobody tells
_ROWS = 50
_LINES = 500  # of a log
_PAGE = 1000  # lines read at once
_MARKS = {
    "SUCCESS": "done",
    "SKIPPED": "done",
    "RUNNING": "running",
    "FAILED": "problem",
    "TIMEOUT": "problem",
    "CANCELLED": "problem",
    "INTERRUPTED": "stuck",
}
_LAST_WORDS = 12  # lines


async def listed(room: Room, asked: Asked) -> web.StreamResponse:
    """All runs, those of one machine, or those that stand somewhere."""
    return await room.page(asked, "runs.html", **await _listed(room, asked))


async def _listed(room: Room, asked: Asked) -> dict[str, Any]:
    query = asked.request.query
    key, state, after = query.get("key", "").strip(), query.get("state", ""), query.get("after", "")
    state = state if state in STATES else ""
    found, freeze = await asyncio.gather(
        room.desk.runs(key=key, state=state, after=after, limit=_ROWS), softly(room.desk.freeze())
    )
    told = {"key": key, "state": state}
    same = urlencode({name: value for name, value in told.items() if value})
    return {
        "found": found,
        "freeze": freeze,
        **told,
        "after": after,
        "same": same,
        "run_states": STATES,
    }


async def live_listed(room: Room, asked: Asked) -> web.StreamResponse:
    """The list as it changes."""

    async def follow(to: Stream) -> None:
        async with room.desk.follow_machines() as machines:
            async for _ in paced(machines, _PACE, _LOOK):
                values = {**about(asked.me, ""), **await _listed(room, asked)}
                await to.send({"runs": await room.written("parts/runs.html", **values)})

    return await room.streams.stream(asked, follow)


async def one(room: Room, asked: Asked) -> web.StreamResponse:
    """One run: its actions, its disks, its log, and what a person can do now."""
    run = seen(await room.desk.run(asked.keys["id"]), asked.me)
    said = await softly(last_lines(room, run.line.id))
    lines = () if isinstance(said, Refused) else said
    values = {
        "proofs": await _proofs(room, run),
        "said": lines,
        "lacking": said if isinstance(said, Refused) else None,
        "last": lines[-1].id if lines else 0,
        **await _standing(room, run),
    }
    return await room.page(asked, "run.html", **values)


async def _proofs(room: Room, run: Run) -> Sequence[Certificate]:
    """What proves that it erased disks, once it is over."""
    if not run.line.is_over:
        return ()
    found = await softly(room.desk.certificates(run.line.id))
    return () if isinstance(found, Refused) else found.certificates


async def last_lines(room: Room, identity: str) -> Sequence[LogLine]:
    """The last lines of a log."""
    kept: deque[LogLine] = deque(maxlen=_LINES)
    after = 0
    while True:
        page = await room.desk.run_lines(identity, after, _PAGE)
        kept.extend(page.lines)
        if not page.next:
            return tuple(kept)
        after = page.next


async def _standing(room: Room, run: Run) -> dict[str, Any]:
    """What of the page changes as the run goes on."""
    return {
        "run": run,
        "line": run.line,
        "freeze": await softly(room.desk.freeze()),
        "marked": [(step, mark(step), words(step), last_words(step)) for step in run.steps],
        "names": {step.number: step.name for step in run.steps},
    }


async def live_one(room: Room, asked: Asked) -> web.StreamResponse:
    """The run and its log, as they come, until it is over."""
    identity, after = asked.keys["id"], after_of(asked) or 0

    async def follow(to: Stream) -> None:
        run, told = await room.desk.run(identity), after
        async with room.desk.follow_run(identity) as changes:
            await _send(room, asked, to, run)
            async for _, change in merged(_PACE, changes=changes):
                run = change or run
                if change is not None:
                    await _send(room, asked, to, run)
                before, told = told, await _say(room, to, run, told)
                if run.line.is_over and change is None and before == told:
                    await to.end()
                    return

    return await room.streams.stream(asked, follow)


async def _send(room: Room, asked: Asked, to: Stream, run: Run) -> None:
    values = {**about(asked.me, ""), **await _standing(room, run)}
    await to.send({"run": await room.written("parts/run.html", **values)})


async def _say(room: Room, to: Stream, run: Run, after: int) -> int:
    """Add what was said after a line; the id of the last one."""
    page = await room.desk.run_lines(run.line.id, after, _PAGE)
    if not page.lines:
        return after
    names = {step.number: step.name for step in run.steps}

    def write() -> list[str]:
        values = {"names": names}
        return [room.render("parts/run_said.html", {"said": s, **values}) for s in page.lines]

    texts = await asyncio.to_thread(write)
    await to.send(lines={"log": texts[-_LINES:]}, last=page.lines[-1].id)
    return page.lines[-1].id


def mark(step: RunStep) -> str:
    """How an action is drawn."""
    return _MARKS.get(step.state, "waits")


def words(step: RunStep) -> str:
    """How an action stands, in words."""
    if step.state == "FAILED" and step.exit_code is not None:
        return f"failed with status {step.exit_code}"
    told = {
        "SUCCESS": "done",
        "SKIPPED": "done before",
        "HANDED": "handed out",
        "TIMEOUT": f"took longer than {step.timeout} s",
    }
    return told.get(step.state, step.state.lower())


def last_words(step: RunStep) -> str:
    """The last lines of one that did not end well."""
    if step.state not in {"FAILED", "TIMEOUT", "INTERRUPTED", "CANCELLED"}:
        return ""
    return "\n".join(step.message.rstrip().splitlines()[-_LAST_WORDS:])

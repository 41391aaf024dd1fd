"""Stores of every schema that there was, as dumps: ``tests/vectors/store/rNNNN.*``.

``python -m tests.store.vectors`` makes those of the newest schema, where they are not there yet:
the code of a schema is the only one that can say how its stores look.  They never change again.
"""

import asyncio
import contextlib
import itertools
import json
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine
from tests.app.desks import FILE_MAC, KEY, OTHER_MAC, START, STRANGE_MAC
from tests.app.runs.yard import disk, new_run, opened
from tests.store.filled import story
from tests.store.postgres import cluster, programs

from boots.app.runs.words import read as read_run
from boots.journal.events import AnyEvent
from boots.model.order import Netboot, Order
from boots.store import (
    audit,
    certificates,
    edges,
    freezes,
    history,
    orders,
    records,
    run_lines,
    seen,
)
from boots.store import engine as engines
from boots.store import runs as rows
from boots.store import tokens as kept_tokens
from boots.store.audit import Deed
from boots.store.engine import is_postgres, reading, transaction
from boots.store.freezes import Freeze
from boots.store.history import Happened
from boots.store.migrate import NEWEST, bring_up
from boots.store.run_lines import Heard
from boots.store.seen import Inventory, Leased
from boots.timeline.fleet import Timelines
from boots.timeline.words import ForeignServer, Stranger

FOLDER = Path(__file__).parents[1] / "vectors" / "store"
SECRET = "boots_a-token-of-a-vector-which-opens-nothing-anywhere"
RECORD = (
    '{"name": "made-1", "mac": "52:54:00:99:00:01", "address": "192.168.70.21/24",'
    ' "gateway": "192.168.70.1", "hostname": "söhne"}'
)
_events = msgspec.json.Decoder(AnyEvent)


def everything(connection: Connection) -> dict[str, Any]:
    """All that a store holds, as its own functions read it, in plain values."""
    macs = [FILE_MAC, OTHER_MAC, STRANGE_MAC]
    boots = history.read_boots(connection, limit=1000)
    found = {
        "records": records.every(connection),
        "orders": orders.every(connection),
        "tokens": kept_tokens.by_digest(connection),
        "events": history.read_events(connection, limit=1000),
        "boots": boots,
        "inventories": seen.read_inventories(connection, macs),
        "strangers": seen.read_sightings(connection, Stranger),
        "foreign": seen.read_sightings(connection, ForeignServer),
        "leases": seen.read_leases(connection, START),
        "runs": rows.page(connection),
        "holding": rows.holding(connection, "file-1"),
        "freeze": freezes.read(connection),
        "audit": audit.read(connection),
        "lines": {
            run.id: run_lines.read(connection, run.id, 0, 1000) for run in rows.page(connection)
        },
        "heard": {run.id: run_lines.of(connection, run.id) for run in rows.page(connection)},
        "edges": edges.of_machine(connection, "file-1"),
        "certificates": [
            line
            for run in rows.page(connection)
            for line in certificates.of_run(connection, run.id)
        ],
    }
    for row in found["runs"]:  # what is kept of a run is the server's, and it must read it still
        read_run(row)
    for event in found["events"]:
        _events.decode(event.body)
    plain: dict[str, Any] = json.loads(msgspec.json.encode(found))
    return plain


def kept_of(before: Any, after: Any, where: str = "") -> list[str]:
    """Where what is read now is not what was read before; more than there was is none."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            wrong
            for key in before
            for wrong in kept_of(before[key], after.get(key), f"{where}/{key}")
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) <= len(after):
        pairs = enumerate(itertools.zip_longest(before, after[: len(before)]))
        return [wrong for at, (one, two) in pairs for wrong in kept_of(one, two, f"{where}/{at}")]
    return [] if before == after else [f"{where}: {before!r} became {after!r}"]


def revisions() -> list[str]:
    """The schemas that have a dump."""
    return sorted(path.name[1:5] for path in FOLDER.glob("r*.sqlite.json"))


def said(engine: Engine, revision: str) -> dict[str, Any]:
    """What the dump of a store of this schema held."""
    path = FOLDER / f"r{revision}.{engine.dialect.name}.json"
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def put(engine: Engine, revision: str) -> None:
    """Have an empty database be a store of this schema, as its dump has it."""
    with transaction(engine) as connection:
        own = connection.connection.driver_connection
        assert own is not None
        if is_postgres(connection):
            own.execute((FOLDER / f"r{revision}.postgresql.sql").read_text())
            own.execute("SET search_path TO public")
        else:
            text = (FOLDER / f"r{revision}.sqlite.sql").read_text()
            for statement in _statements(text):
                own.execute(statement)


def _statements(text: str) -> list[str]:
    """The statements of a dump of SQLite's, without those around them."""
    found, open_ = [], ""
    for line in text.splitlines(keepends=True):
        open_ += line
        if sqlite3.complete_statement(open_):
            found.append(open_.strip())
            open_ = ""
    return [each for each in found if each not in {"BEGIN TRANSACTION;", "COMMIT;"}]


# --- made


def fill(engine: Engine) -> None:
    """A row or more in each table that operators and machines fill."""
    me = "one/00112233"
    with transaction(engine) as connection:
        made = records.create(connection, "made-1", RECORD, by="ann", at=START, server=me)
        records.create(connection, "made-2", RECORD, by="ann", at=START, server=me)
        records.replace(
            connection, "made-2", RECORD, made.revision, by="ben", at=START + 1, server=me
        )
        once = Order(netboot=Netboot.ONCE, profile="debian", by="ann", at=START + 2)
        orders.give(connection, "file-1", once, server=me)
        orders.give(connection, "made-1", once, server=me)
        orders.spend(connection, "made-1", once.at, START + 60, at=START + 60, server=me)
        role = {"expires": 0.0, "by": "ann", "at": START, "server": me}
        number = kept_tokens.create(connection, "robot", "operator", SECRET, **role).id  # type: ignore[arg-type]
        kept_tokens.used(connection, number, START + 9)
        kept_tokens.create(connection, "ci", "operator", f"{SECRET}2", machines=("ci-*",), **role)  # type: ignore[arg-type]
        happened = [
            Happened(
                *(e.at, getattr(e.event, "mac", ""), type(e.event).__name__, _text(e.event)),
                "one",
                machine="file-1",
            )
            for e in story(1, START + 10)
        ]
        history.write_events(connection, happened)
        timelines = Timelines(lambda _mac: "file-1")
        history.write_boots(connection, timelines.take(story(1, START + 10)))
        seen.write_inventories(connection, [Inventory(FILE_MAC, START, '{"version": 1}')])
        stranger = Stranger(mac=STRANGE_MAC, interface="lan0", first=START, last=START + 3, count=4)
        other = ForeignServer(server="192.168.1.9", interface="lan0", first=START, last=START + 5)
        seen.write_sightings(connection, [stranger, other])
        lease = Leased("192.168.1.77", STRANGE_MAC, START, START + 3600, released=False)
        seen.write_leases(connection, [lease], "one")
        for outcome in ("refused: 403 Forbidden", "done"):
            deed = Deed(START, "one", "ann", "admin", "192.0.2.1", "order", "file-1", outcome)
            audit.keep(connection, deed, KEY)


def _text(event: object) -> str:
    return msgspec.json.encode(event).decode()


async def _run(folder: Path, url: str) -> None:
    """One run that was cancelled, and one whose agent writes a disk now."""
    async with opened(folder, url=url) as yard:
        over = (await yard.provision(new_run(machine="file-2"))).line.id
        await yard.desk.cancel_run(over, "ann")
        await yard.tells()
        await yard.provision()
        agent = await yard.boots()
        await agent.do(await agent.next())
        await agent.do(await agent.next())
        wrote = [{"number": 1, "at": START + 5, "step": 1, "attempt": 1, "text": "100 MiB"}]
        await agent.tell(lines=wrote)
        await asyncio.to_thread(_beside, yard.keeping.store.engine, over)


def _beside(engine: Engine, run: str) -> None:
    """What a run leaves that this one has not come to."""
    proof = {"disk": {"serial": "DISK-1", "size": disk()["bytes"]}, "method": "zeros"}
    line = certificates.Line(run, 1, 1, "file-2", "DISK-1", START + 50, json.dumps(proof))
    with transaction(engine) as connection:
        certificates.keep(connection, line)
        freezes.give(
            connection, Freeze(frozen=True, why="audit", by="ann", at=START), server="one/0"
        )
        run_lines.hear(
            connection,
            run,
            OTHER_MAC,
            Heard(session=1, line=2, at=START),
            [run_lines.Line(1, START, 1, 1, "wiped")],
        )


def _made(url: str, folder: Path) -> None:
    engine = engines.make(url)
    bring_up(engine)
    fill(engine)
    asyncio.run(_run(folder, url))
    with reading(engine) as connection:
        held = json.dumps(everything(connection), indent=1, ensure_ascii=False)
    (FOLDER / f"r{NEWEST}.{engine.dialect.name}.json").write_text(held + "\n")
    engine.dispose()


def _dumped(database: Path) -> str:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def _pg_dumped(url: str) -> str:
    found = programs()
    assert found is not None, "postgresql is not installed"
    words = [str(found / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", url]
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    no_table = ("--", "\\", "SET ")  # what only this version of it says
    lines = (line for line in text.splitlines() if line and not line.startswith(no_table))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Make the dumps of the newest schema, unless they are there."""
    if NEWEST in revisions():
        print(f"r{NEWEST} is there; what was released never changes")
        return
    folder = Path(tempfile.mkdtemp(prefix="boots-vectors-"))
    try:
        _made(engines.sqlite_url(folder / "boots.db"), folder)
        stem = FOLDER / f"r{NEWEST}"
        stem.with_suffix(".sqlite.sql").write_text(_dumped(folder / "boots.db"))
        with cluster() as running:
            running.create("made")
            _made(running.url("made"), folder)
            stem.with_suffix(".postgresql.sql").write_text(_pg_dumped(running.url("made")))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

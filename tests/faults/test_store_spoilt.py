"""A store that another process holds, that stands still, or whose file was damaged."""

import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.faults.bad import rounds
from tests.faults.steady import steady
from tests.faults.test_storage import ended, is_served, until_said, until_well
from tests.peers.conftest import Boots, Lan, launch
from tests.peers.replicas import Replica
from tests.peers.test_lasting import record
from tests.store.postgres import Cluster, cluster

from boots.client.connecting import ApiError
from boots.lab import network

pytestmark = pytest.mark.peers

HERE = "127.0.0.1"
PAGE = 4096  # bytes, of SQLite's file
AT_ONCE = 2.0  # seconds, where a file is damaged
REFUSED_WITHIN = 12.0  # seconds, where a lock is held
PAUSED_WITHIN = 18.0  # seconds, where PostgreSQL stands still


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process begins to write, and takes its time."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def refused(api: Replica, number: int) -> float:
    """A change is refused for the time being; after how long."""
    began = time.monotonic()
    with pytest.raises(ApiError) as said:
        api.ask(lambda client: client.create(record(number)))
    assert said.value.problem.status == 503
    return time.monotonic() - began


def made(api: Replica) -> set[str]:
    found = api.ask(lambda client: client.machines(text="made-")).machines
    return {line.name for line in found}


@pytest.mark.parametrize("seconds", rounds(7, 30))
def test_a_file_that_another_process_has_locked_delays_no_answer(
    lan: Lan, tmp_path: Path, seconds: float
) -> None:
    with ended(launch(lan.server, tmp_path)) as server:
        until_said(server, "ServerStarted")
        api = Replica(0, lan.server, server)
        api.ask(lambda client: client.create(record(1)))
        with steady(lan) as machine, locked(tmp_path / "state" / "boots.db"):
            began = time.monotonic()
            waited = refused(api, 2)
            assert {"made-1"} == made(api)
            time.sleep(max(0.0, began + seconds - time.monotonic()))
        until_well(lan, api)
        api.ask(lambda client: client.create(record(3)))
        assert {"made-1", "made-3"} == made(api)
        print(f"\n  locked for {seconds} s: refused after {waited:.1f} s, {machine.said}")
        assert waited < REFUSED_WITHIN
        assert machine.longest < 1


def damaged(file: Path, first: int) -> None:
    """All pages from the `first` on become chance."""
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = file.stat().st_size // PAGE
    assert pages > first + 2
    with file.open("r+b") as stream:
        stream.seek(first * PAGE)
        stream.write(os.urandom((pages - first) * PAGE))


@pytest.mark.parametrize("first", [pytest.param(0, id="all"), pytest.param(1, id="middle")])
def test_a_file_that_is_damaged_stops_no_answer_and_a_copy_put_back_mends_it(
    lan: Lan, tmp_path: Path, first: int
) -> None:
    file, copy = tmp_path / "state" / "boots.db", tmp_path / "copy"
    with ended(launch(lan.server, tmp_path)) as server:
        until_said(server, "ServerStarted")
        api = Replica(0, lan.server, server)
        api.ask(lambda client: client.create(record(1)))
        with closing(sqlite3.connect(file)) as opened, closing(sqlite3.connect(copy)) as kept:
            opened.backup(kept)
        damaged(file, first)
        longest = is_served(lan)
        waited = refused(api, 2)
        api.until(lambda client: client.health(), lambda health: bool(health.troubles), 10)
        assert {"made-1"} == made(api)  # what is in force stays so
        longest = max(longest, is_served(lan))
    with ended(launch(lan.server, tmp_path)) as server:
        until_said(server, "ServerStarted")
        api = Replica(0, lan.server, server)
        longest = max(longest, is_served(lan))
        again = refused(api, 2)
        assert api.ask(lambda client: client.health()).troubles
    for old in file.parent.glob("boots.db*"):
        old.unlink()
    shutil.copy(copy, file)
    with ended(launch(lan.server, tmp_path)) as server:
        until_said(server, "ServerStarted")
        api = Replica(0, lan.server, server)
        assert {"made-1"} == made(api)
        api.ask(lambda client: client.create(record(3)))
    waits = f"refused after {waited:.1f} s and {again:.1f} s, longest wait {longest * 1000:.0f} ms"
    print(f"\n  damaged from page {first + 1} on: {waits}")
    assert max(waited, again) < AT_ONCE
    assert longest < 1


@contextmanager
def paused(running: Cluster) -> Iterator[None]:
    """All its processes stand still; their connections stay open, and take what is sent."""
    first = int((running.folder / "data" / "postmaster.pid").read_text().split()[0])
    stopped = [first]
    os.kill(first, signal.SIGSTOP)  # it begins no other meanwhile
    children = Path(f"/proc/{first}/task/{first}/children").read_text()
    stopped += map(int, children.split())
    for each in stopped[1:]:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in stopped:
            os.kill(each, signal.SIGCONT)


def with_database(lan: Lan, folder: Path, running: Cluster) -> Boots:
    environment = {"BOOTS_STORE_URL": running.url(address=HERE)}
    return launch(lan.server, folder, environment=environment)


@pytest.mark.parametrize("seconds", rounds(10, 20))
def test_a_database_that_stands_still_delays_no_answer(
    lan: Lan, tmp_path: Path, seconds: float
) -> None:
    there = network.in_namespace(lan.server)
    with (
        cluster(there, listen=HERE) as running,
        ended(with_database(lan, tmp_path, running)) as server,
    ):
        until_said(server, "ServerStarted")
        api = Replica(0, lan.server, server)
        api.until(lambda client: client.health(), lambda health: health.ready, 10)
        api.ask(lambda client: client.create(record(1)))
        with steady(lan) as machine, paused(running):
            began = time.monotonic()
            waited = refused(api, 2)
            assert {"made-1"} == made(api)
            time.sleep(max(0.0, began + seconds - time.monotonic()))
        until_well(lan, api)
        api.ask(lambda client: client.create(record(3)))
        assert {"made-1", "made-3"} == made(api)
        print(f"\n  stood still for {seconds} s: refused after {waited:.1f} s, {machine.said}")
        assert waited < PAUSED_WITHIN
        assert machine.longest < 1

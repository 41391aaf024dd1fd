"""Disks that are full, fail, are read-only or gone, beneath each thing that a server keeps."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from tests.faults.nth import Nth
from tests.faults.steady import steady
from tests.peers.conftest import SERVER, Boots, Lan, launch, need, run
from tests.peers.replicas import Replica
from tests.peers.test_lasting import fill, record, small_disk

from boots.client.connecting import ApiError
from boots.journal import events

pytestmark = pytest.mark.peers

Mend = Callable[[int], object]  # for the process that it has failed, with its own mounts


Fault = Callable[[Path], AbstractContextManager[Mend]]
KINDS = ("state", "cache", "log")


@contextmanager
def full(place: Path) -> Iterator[Mend]:
    """A disk without room; what is given makes some."""
    with small_disk(place, "4m"):
        place.chmod(0o777)  # the server is not root
        filler = fill(place)
        yield lambda _: filler.unlink()


@contextmanager
def read_only(place: Path) -> Iterator[Mend]:
    """A disk that the kernel writes no more to, as after an error; what is given repairs it."""
    with small_disk(place, "8m"):
        place.chmod(0o777)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        again = ("mount", "-o", "remount,rw", place)
        yield lambda pid: subprocess.run(["nsenter", "-m", "-t", str(pid), *again], check=True)


def flags(folder: Path, kind: str) -> Sequence[str | Path]:
    """The journal is on the disk that fails where that is asked for."""
    return ("--journal", folder / "log" / "journal.jsonl") if kind == "log" else ()


def is_served(lan: Lan) -> float:
    """A known machine has its address, and its script; its longest wait."""
    with steady(lan) as machine:
        machine.until(20)
    curl = (need("curl"), "-s", "-m", "5", f"http://{SERVER.ip}:8080/auto.ipxe")
    assert "#!ipxe" in run(lan.client, *curl).stdout
    return machine.longest


@contextmanager
def ended(server: Boots) -> Iterator[Boots]:
    """It ends in good order, and said nothing that is a fault of ours."""
    try:
        yield server
        server.process.terminate()
        assert server.process.wait(20) == 0, server.errors.read_text()
        assert "Traceback" not in server.errors.read_text()
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def until_said(server: Boots, words: str) -> None:
    """Standard error has what the journal's file may not have."""
    deadline = time.monotonic() + 60
    while words not in server.errors.read_text():
        assert server.process.poll() is None, server.errors.read_text()
        assert time.monotonic() < deadline, server.errors.read_text()
        time.sleep(0.02)  # there is nothing to wait for but the file


def until_well(lan: Lan, api: Replica) -> None:
    """Nothing is wrong any more; a file shows that it takes lines again by taking some."""
    deadline = time.monotonic() + 30
    while (health := api.ask(lambda client: client.health())).troubles:
        assert time.monotonic() < deadline, health
        with steady(lan) as machine:
            machine.until(1)
        time.sleep(0.2)
    # Nobody asks now: what waits is written, and nothing new comes to wait.
    api.until(lambda client: client.health(), lambda health: not health.waiting, 10)
    assert not api.ask(lambda client: client.health()).troubles


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("state", read_only),
        *(
            pytest.param(kind, fault, marks=pytest.mark.wide)
            for kind in KINDS
            for fault in (full, read_only)
            if (kind, fault) != ("state", read_only)
        ),
    ],
)
def test_a_server_starts_on_a_disk_that_takes_nothing_and_all_is_well_once_it_does(
    lan: Lan, tmp_path: Path, kind: str, fault: Fault
) -> None:
    with (
        fault(tmp_path / kind) as mend,
        ended(launch(lan.server, tmp_path, *flags(tmp_path, kind))) as server,
    ):
        until_said(server, "ServerStarted")
        api = Replica(0, lan.server, server)
        longest = is_served(lan)
        health = api.ask(lambda client: client.health())
        assert health.ready
        if kind != "cache":
            assert health.troubles
        mend(server.process.pid)
        until_well(lan, api)
        api.until(lambda client: client.create(record(1)), lambda made: bool(made.line.name), 10)
        longest = max(longest, is_served(lan))
        print(f"start with {kind} {fault.__name__}: longest wait {longest * 1000:.0f} ms")
        assert longest < 1


@pytest.mark.parametrize(
    ("kind", "do"),
    [
        ("state", "fail:5"),
        *(
            pytest.param(kind, do, marks=pytest.mark.wide)
            for kind, do in [("log", "fail:5"), ("cache", "fail:5"), ("state", "fail:30")]
        ),
    ],
)
def test_a_disk_that_begins_to_fail_stops_no_answer_and_loses_nothing(
    lan: Lan, tmp_path: Path, kind: str, do: str
) -> None:
    (tmp_path / kind).mkdir(exist_ok=True)
    nth = Nth(tmp_path / kind, tmp_path)
    running = launch(lan.server, tmp_path, *flags(tmp_path, kind), environment=nth.environment())
    with ended(running) as server:
        until_said(server, "ServerStarted")
        api = Replica(0, lan.server, server)
        api.ask(lambda client: client.create(record(1)))
        nth.begin(do)
        before = nth.count
        longest = is_served(lan)
        if kind == "state":
            with pytest.raises(ApiError) as refused:
                api.ask(lambda client: client.create(record(2)))
            assert refused.value.problem.status == 503
        (tmp_path / "machines" / "more.yaml").write_text("machines: []\n")  # parsed, and not kept
        longest = max(longest, is_served(lan))
        deadline = time.monotonic() + 20
        while nth.count == before:  # something was to be written there, and failed
            assert time.monotonic() < deadline
            longest = max(longest, is_served(lan))
        if kind == "log":
            until_said(server, "StoreTroubled")
        nth.end()
        until_well(lan, api)
        api.until(lambda client: client.create(record(3)), lambda made: bool(made.line.name), 10)
        names = {
            line.name for line in api.ask(lambda client: client.machines(text="made-")).machines
        }
        assert {"made-1", "made-3"} == names
        print(f"{kind} {do}: longest wait {longest * 1000:.0f} ms, {nth.count} changes of files")
        assert longest < 1


@pytest.mark.wide
def test_a_state_directory_that_is_removed_beneath_it_stops_no_answer(
    lan: Lan, tmp_path: Path
) -> None:
    with ended(launch(lan.server, tmp_path)) as server:
        until_said(server, "ServerStarted")
        api = Replica(0, lan.server, server)
        api.ask(lambda client: client.create(record(1)))
        (tmp_path / "state").rename(tmp_path / "elsewhere")
        longest = is_served(lan)
        with pytest.raises(ApiError) as refused:
            api.ask(lambda client: client.create(record(2)))
        assert refused.value.problem.status == 503
        assert not (tmp_path / "state").exists()
        (tmp_path / "elsewhere").rename(tmp_path / "state")
        api.until(lambda client: client.create(record(3)), lambda made: bool(made.line.name), 10)
        found = api.ask(lambda client: client.machines(text="made-")).machines
        assert {"made-1", "made-3"} == {line.name for line in found}
        print(f"state removed: longest wait {longest * 1000:.0f} ms")
        assert longest < 1


@pytest.mark.wide
def test_rights_that_are_taken_away_stop_no_answer(lan: Lan, tmp_path: Path) -> None:
    """Root without the right to pass over rights is who the service runs as, to its files."""
    less = [need("setpriv"), "--bounding-set=-dac_override,-dac_read_search"]
    with ended(launch(lan.server, tmp_path, before=less)) as server:
        until_said(server, "ServerStarted")
        api = Replica(0, lan.server, server)
        places = [tmp_path / name for name in ("state", "cache", "machines")]
        before = [place.stat().st_mode for place in places]
        for place in places:
            place.chmod(0)
        longest = is_served(lan)
        server.process.send_signal(1)
        server.until(events.RecordsRefused)
        longest = max(longest, is_served(lan))
        for place, mode in zip(places, before, strict=True):
            place.chmod(mode)
        server.process.send_signal(1)
        server.until(events.RecordsLoaded)
        api.until(lambda client: client.create(record(3)), lambda made: bool(made.line.name), 10)
        print(f"rights taken away: longest wait {longest * 1000:.0f} ms")
        assert longest < 1

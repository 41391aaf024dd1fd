"""A server whose memory runs out: it answers, refuses, says so, and is well once there is more."""

import contextlib
import re
import resource
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from tests.faults.bad import files_in
from tests.faults.steady import steady
from tests.faults.test_storage import ended, is_served, until_said
from tests.peers.conftest import RECORD, SERVER, Boots, Lan, launch
from tests.peers.replicas import Replica
from tests.peers.test_lasting import record

from boots.client.connecting import ApiError, NoServer
from boots.journal import events
from boots.lab import network

pytestmark = pytest.mark.peers

MIB = 1 << 20


def size(server: Boots) -> int:
    """Of its address space, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmSize:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


@contextlib.contextmanager
def exhausted(server: Boots, left: int) -> Iterator[None]:
    """It gets so many bytes more, and none beyond them."""
    pid = server.process.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (size(server) + left, most))
    try:
        yield
    finally:
        if server.process.poll() is None:
            resource.prlimit(pid, resource.RLIMIT_AS, (most, most))


@contextlib.contextmanager
def pressed(lan: Lan, count: int) -> Iterator[None]:
    """Downloads that nobody reads, and questions that never end."""
    with network.within(lan.client), contextlib.ExitStack() as held:
        for number in range(count):
            sock = held.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex((str(SERVER.ip), 8080))
            time.sleep(0.002)
            with contextlib.suppress(OSError):
                path = b"/large" if number % 2 else b"/auto.ipxe?" + b"x" * 6000
                sock.send(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 8)
                sock.send(b"\r\n" * (number % 2))
        yield


def many(count: int) -> str:
    return "".join(
        f"  - {{name: m{n}, mac: '52:54:01:00:{n >> 8:02x}:{n & 255:02x}'}}\n" for n in range(count)
    )


def changed(api: Replica, numbers: Iterable[int]) -> set[str]:
    """Make records, whatever comes of it; those that were acknowledged."""
    acknowledged = set()
    for number in numbers:
        with contextlib.suppress(ApiError, NoServer, OSError):
            acknowledged.add(api.ask(lambda c, n=number: c.create(record(n))).line.name)  # type: ignore[misc]
    return acknowledged


def is_well(lan: Lan, server: Boots, records: Path, acknowledged: set[str]) -> float:
    """All that was acknowledged is there, and what is saved is read."""
    longest = is_served(lan)
    api = Replica(0, lan.server, server)
    found = api.ask(lambda client: client.machines(text="made-")).machines
    assert acknowledged <= {line.name for line in found}
    server.mark()
    records.write_text(RECORD + "# again\n")
    server.until(events.RecordsLoaded)
    return longest


@pytest.mark.parametrize("left", [pytest.param(16 * MIB, marks=pytest.mark.wide), 48 * MIB])
def test_memory_that_runs_out_keeps_nobody_waiting_and_loses_nothing(
    lan: Lan, tmp_path: Path, left: int
) -> None:
    """What is too much is refused; of another user's process nobody may change the limits."""
    words = ("--user", "root", "--boot-files", files_in(tmp_path, large=bytes(40 * MIB)))
    records = tmp_path / "machines" / "machines.yaml"
    with ended(launch(lan.server, tmp_path, *words)) as server:
        until_said(server, "ServerStarted")
        api = Replica(0, lan.server, server)
        acknowledged = changed(api, [1])
        with steady(lan) as machine, exhausted(server, left), pressed(lan, 300):
            records.write_text(RECORD + many(60_000))
            why = server.until(events.RecordsRefused, timeout=60).faults
            acknowledged |= changed(api, range(2, 12))
            machine.until(50)
        longest = max(machine.longest, is_well(lan, server, records, acknowledged))
    print(f"\n  {left >> 20} MiB left: {why}, longest wait {longest:.3f} s")
    assert len(acknowledged) == 11
    assert longest < 1
    assert "no memory is left" in why[0]


def ended_or_answers(lan: Lan, server: Boots) -> int | None:
    """What it ended with, a moment after it has memory again, too; None if it answers."""
    with steady(lan) as machine:
        deadline = time.monotonic() + 20
        while server.process.poll() is None and machine.answers < 20:
            assert time.monotonic() < deadline, server.errors.read_text()[-3000:]
            time.sleep(0.02)  # neither tells
    return server.process.poll()


@pytest.mark.wide
@pytest.mark.parametrize("left", [MIB, 4 * MIB])
def test_memory_that_is_gone_may_end_it_and_loses_nothing(
    lan: Lan, tmp_path: Path, left: int
) -> None:
    """Libraries of C that get no memory end the process; it is started again, as by systemd."""
    words = ("--user", "root", "--boot-files", files_in(tmp_path, large=bytes(40 * MIB)))
    records = tmp_path / "machines" / "machines.yaml"
    server = launch(lan.server, tmp_path, *words)
    try:
        until_said(server, "ServerStarted")
        api = Replica(0, lan.server, server)
        acknowledged = changed(api, [1])
        with exhausted(server, left), pressed(lan, 300):
            records.write_text(RECORD + many(60_000))
            acknowledged |= changed(api, range(2, 5))
            time.sleep(2)
        status = ended_or_answers(lan, server)
        if status is not None:
            records.write_text(RECORD)
            server = launch(lan.server, tmp_path, *words)
            until_said(server, "ServerStarted")
        is_well(lan, server, records, acknowledged)
        print(f"\n  {left >> 20} MiB left: ended with {status}, {len(acknowledged)} of 4 taken")
    finally:
        server.process.kill()
        server.process.wait()

"""A server that may open few files, and clients that hold all of them."""

import contextlib
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.faults.bad import files_in
from tests.faults.steady import steady
from tests.faults.test_storage import ended, is_served, until_said
from tests.peers.conftest import SERVER, Boots, Lan, lan, launch, need

from boots.journal import events
from boots.lab import network
from boots.wire import tftp

__all__ = ["lan"]

pytestmark = pytest.mark.peers

Hold = Callable[[Lan, int], AbstractContextManager[None]]
FEW = 160
"""What the server may open; with nothing going on it has some 25."""


def few() -> list[str]:
    return [need("prlimit"), f"--nofile={FEW}:{FEW}"]


@contextlib.contextmanager
def connections(lan: Lan, count: int) -> Iterator[None]:
    """One client holds so many connections, and asks nothing on them."""
    with network.within(lan.client), contextlib.ExitStack() as held:
        for _ in range(count):
            sock = held.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex((str(SERVER.ip), 8080))
        yield


@contextlib.contextmanager
def transfers(lan: Lan, count: int) -> Iterator[None]:
    """It holds so many transfers, too: it asks, and says nothing more."""
    request = tftp.encode(tftp.Request("large", "octet"))
    with network.within(lan.client), contextlib.ExitStack() as held:
        for _ in range(count):
            sock = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            sock.sendto(request, (str(SERVER.ip), 69))
        yield


def opened(server: Boots) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


@contextlib.contextmanager
def exhausted(server: Boots) -> Iterator[None]:
    """The running server can open no file more."""
    pid = server.process.pid
    before, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (10, most))
    yield
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (before, most))


def workers_of(server: Boots) -> list[int]:
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in children.split()]


def test_a_worker_that_cannot_be_replaced_is_replaced_as_soon_as_it_can(
    lan: Lan, tmp_path: Path
) -> None:
    """Nothing was tried again where the first try found no descriptor left."""
    # Of another user's process nobody may change the limits without CAP_SYS_RESOURCE.
    words = ("--workers", "2", "--user", "root")
    with ended(launch(lan.server, tmp_path, *words)) as server:
        until_said(server, "ServerStarted")
        first, _ = sorted(workers_of(server))
        with exhausted(server):
            os.kill(first, signal.SIGKILL)
            until_said(server, "a worker cannot be started")
            longest = is_served_over_dhcp(lan)
        deadline = time.monotonic() + 30
        while len(workers_of(server)) < 2:
            assert time.monotonic() < deadline, server.errors.read_text()
            time.sleep(0.05)
        for _ in range(10):  # connections of a client go to either
            longest = max(longest, is_served(lan))
        print(f"\n  a worker that cannot be replaced: longest wait {longest:.3f} s")
        assert longest < 1


def is_served_over_dhcp(lan: Lan) -> float:
    with steady(lan) as machine:
        machine.until(20)
    return machine.longest


@pytest.mark.parametrize("hold", [connections, transfers])
def test_one_client_that_would_have_every_descriptor_keeps_no_machine_waiting(
    lan: Lan, tmp_path: Path, hold: Hold
) -> None:
    words = ("--boot-files", files_in(tmp_path, large=bytes(1 << 20)))
    with ended(launch(lan.server, tmp_path, *words, before=few())) as server:
        until_said(server, "few files may be open")
        until_said(server, "ServerStarted")
        longest = is_served(lan)
        before = opened(server)
        with hold(lan, 400):
            limit = server.until(events.LimitReached, limit=hold.__name__)
            most = opened(server)
            for _ in range(3):
                longest = max(longest, is_served(lan))
                most = max(most, opened(server))
        deadline = time.monotonic() + 30
        while opened(server) > before + 5:  # who says no more is given up in its time
            assert time.monotonic() < deadline, opened(server)
            time.sleep(0.05)
        longest = max(longest, is_served(lan))
        print(
            f"\n  {hold.__name__}: {most} of {FEW} open, {before} before; longest {longest:.3f} s"
        )
        assert limit.door in {"http", "tftp"}
        assert before + 10 < most < FEW - 16
        assert longest < 1

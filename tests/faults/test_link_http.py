"""HTTP over bad links: downloads arrive whole, go on where they broke off, or end and are told."""

import hashlib
import random
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.bad import Bad, Figures, bad, files_in, rounds
from tests.faults.test_link_tftp import FAULTS
from tests.peers.conftest import SERVER, Boots, boots, need, run

from boots.journal import events
from boots.lab import network
from boots.serve.http import GONE_AFTER
from boots.timeline.fleet import Timelines

pytestmark = pytest.mark.peers

CONTENT = random.Random(8).randbytes(1_000_001)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
LARGE = random.Random(9).randbytes(16_000_001)  # more than all buffers on the way hold
# TCP itself halves its speed with each loss, so what TFTP takes in its stride is more to it.
HTTP_FAULTS = {
    name: text for name, text in FAULTS.items() if "unsummed" not in text and "burst" not in text
}
HTTP_FAULTS["loss"] = "drop=2%"
HTTP_FAULTS["bursts of loss"] = "burst=0.2%,burst-time=100ms"
HTTP_FAULTS["stale packets"] = "stale=2%,late=400ms"


@pytest.fixture(scope="module")
def link() -> Iterator[Bad]:
    with bad(seed=5) as made:
        yield made


@pytest.fixture(scope="module")
def running(link: Bad, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boots]:
    folder = tmp_path_factory.mktemp("server")
    with boots(
        link.server, folder, "--boot-files", files_in(folder, f=CONTENT, large=LARGE)
    ) as server:
        yield server


@pytest.fixture
def server(link: Bad, running: Boots) -> Iterator[Boots]:
    running.mark()
    yield running
    link.mend()


def curl(link: Bad, out: Path, *more: str, name: str = "f") -> int:
    """What it exits with."""
    words = ("-s", "-S", "-o", str(out), *more, f"http://{SERVER.ip}:8080/{name}")
    return run(link.client, need("curl"), *words, timeout=120).returncode


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("times", rounds(1, 20))
@pytest.mark.parametrize("fault", HTTP_FAULTS)
def test_a_download_arrives_whole(
    link: Bad, server: Boots, tmp_path: Path, fault: str, times: int
) -> None:
    figures = Figures(f"HTTP, {fault}, curl")
    for _ in range(times):
        link.become(HTTP_FAULTS[fault])
        with figures.timed():
            assert 0 == curl(link, tmp_path / "out", "-m", "60")
        link.mend()
        assert DIGEST == digest(tmp_path / "out")
    figures.print()


@pytest.mark.parametrize("times", rounds(1, 20))
def test_a_download_that_broke_off_is_told_and_goes_on_where_it_was(
    link: Bad, server: Boots, tmp_path: Path, times: int
) -> None:
    figures = Figures("HTTP, broken off in the middle, curl -C -")
    for _ in range(times):
        server.mark()
        out = tmp_path / "out"
        out.unlink(missing_ok=True)
        assert 28 == curl(link, out, "--limit-rate", "500k", "-m", "0.5", name="large")
        had = out.stat().st_size
        failed = server.until(events.TransferFailed)
        with figures.timed():
            assert 0 == curl(link, out, "-C", "-", name="large")

        assert 0 < had <= failed.sent < len(LARGE)
        assert "the client closed the connection" == failed.why
        assert len(LARGE) - had == server.until(events.TransferFinished).size
        assert LARGE == out.read_bytes()
    figures.print()


def begun(link: Bad) -> socket.socket:
    """A client in the middle of a download, which it does not read on its own."""
    with network.within(link.client):
        sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    sock.settimeout(20)
    sock.connect((str(SERVER.ip), 8080))
    sock.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    assert sock.recv(1 << 14).startswith(b"HTTP/1.1 200")
    return sock


def test_a_reset_in_the_middle_ends_a_download_at_once_and_no_other(
    link: Bad, server: Boots, tmp_path: Path
) -> None:
    with begun(link) as sock, begun(link) as other:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        failed = server.until(events.TransferFailed, timeout=5)
        left = len(LARGE) - 200_000
        while left > 0:
            left -= len(other.recv(1 << 16))

    assert "the client closed the connection" == failed.why
    assert 0 == curl(link, tmp_path / "out")
    assert DIGEST == digest(tmp_path / "out")


def test_a_path_that_swallows_full_packets_is_named(
    link: Bad, server: Boots, tmp_path: Path
) -> None:
    """A smaller MTU, and nobody who says so; small answers get through."""
    before = {each.peer for each in server.told(events.TransferStarted)}
    link.become(";mtu=1400")
    assert 28 == curl(link, tmp_path / "out", "-m", "3", name="large")
    assert 0 == curl(link, Path("/dev/null"), "-f", name="healthz")
    [peer] = {each.peer for each in server.told(events.TransferStarted, name="large")} - before
    entries = [events.decode(line) for line in server.journal.read_bytes().splitlines()]
    seen = Timelines()
    seen.take([each for each in entries if getattr(each.event, "peer", "") == peer])
    seen.tick(time.time() + 60)

    [boot] = seen.boots()
    assert boot.finding is not None
    assert "path-mtu-http" == boot.finding.code


@pytest.mark.wide
@pytest.mark.timeout(GONE_AFTER * 3)
def test_a_client_that_vanished_is_given_up_after_five_minutes(link: Bad, server: Boots) -> None:
    """One in the middle of a download, and one between two requests."""
    with begun(link), network.within(link.client):
        idle = socket.create_connection((str(SERVER.ip), 8080))
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        idle.recv(4096)
        link.become("drop=1")
        began = time.monotonic()
        failed = server.until(events.TransferFailed, timeout=GONE_AFTER * 2)
        took = time.monotonic() - began
        idle.close()

    # Which of them depends on who gives up first: TCP, or the question for the client's MAC.
    assert failed.why in {"Connection timed out", "No route to host"}
    assert GONE_AFTER * 0.8 < took < GONE_AFTER * 1.5

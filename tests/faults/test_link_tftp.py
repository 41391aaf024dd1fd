"""TFTP over bad links, with stock clients: a file arrives whole, or fails and says why."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.faults.bad import Bad, Figures, bad, files_in, rounds
from tests.peers.conftest import SERVER, Boots, boots, need, run

from boots.journal import events

pytestmark = pytest.mark.peers

CONTENT = random.Random(7).randbytes(100_001)
Words = Callable[[Path], Sequence[str | Path]]
TO = str(SERVER.ip)
CLIENTS: dict[str, Words] = {
    "atftp, windows of 8": lambda out: (
        *(need("atftp"), "--option", "blksize 1400", "--option", "windowsize 8"),
        *("-g", "-r", "f", "-l", out, TO),
    ),
    "curl": lambda out: (need("curl"), "-s", "-m", "60", "-o", out, f"tftp://{TO}/f"),
    "busybox": lambda out: (need("busybox"), "tftp", "-g", "-b", "1400", "-r", "f", "-l", out, TO),
    "tftp-hpa": lambda out: (need("tftp"), "-m", "binary", TO, "-c", "get", "f", out),
    "atftp, single blocks": lambda out: (need("atftp"), "-g", "-r", "f", "-l", out, TO),
}
FAULTS = {
    "loss": "drop=5%",
    "bursts of loss": "burst=1%,burst-time=100ms",
    "duplication": "double=30%",
    "a storm of duplicates": "double=5%,copies=20",
    "reordering": "reorder=10%",
    "delay": "delay=10ms",
    "jitter": "delay=2ms,jitter=10ms",
    "corruption": "damage=3%",
    "corruption, UDP without checksums": "unsummed,damage=3%;",
    "stale packets": "stale=10%,late=400ms",
    "a link that goes down": "down=50ms-1.5s",
    "all at once": "drop=1%,double=2%,reorder=2%,damage=1%,delay=1ms,jitter=2ms,stale=1%",
}


@pytest.fixture(scope="module")
def link() -> Iterator[Bad]:
    with bad(seed=3) as made:
        yield made


@pytest.fixture(
    scope="module",
    params=["a port for each", pytest.param("one port for all", marks=pytest.mark.wide)],
)
def running(
    link: Bad, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Boots]:
    folder = tmp_path_factory.mktemp("server")
    single = str(request.param == "one port for all").lower()
    more = {"BOOTS_TFTP_SINGLE_PORT": single}
    with boots(
        link.server, folder, "--boot-files", files_in(folder, f=CONTENT), environment=more
    ) as server:
        yield server


def fetched(link: Bad, words: Words, out: Path) -> bytes:
    """What a client has when it ends."""
    out.unlink(missing_ok=True)
    run(link.client, *words(out), timeout=120)
    return out.read_bytes() if out.exists() else b""


@pytest.mark.parametrize("times", rounds(1, 10))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_arrives_whole_or_its_end_is_told(
    link: Bad, running: Boots, tmp_path: Path, fault: str, times: int
) -> None:
    clients = list(CLIENTS.items())
    if times == 1:  # one after another has its turn
        at = (list(FAULTS).index(fault) + 2) % 3
        clients = clients[at : at + 1]
    for name, words in clients:
        figures = Figures(f"TFTP, {fault}, {name}")
        # Whose first ACK gets lost hears the OACK again, and atftp takes that for a mistake.
        # Without checksums a request may be for another file, and an ACK for what never came.
        may_fail = name.startswith("atftp") or "unsummed" in FAULTS[fault]
        tries = 2 * times + 2 if may_fail else times
        for _ in range(tries):
            if len(figures.seconds) == times:
                break
            running.mark()
            link.become(FAULTS[fault])
            try:
                with figures.timed():
                    content = fetched(link, words, tmp_path / "out")
            finally:
                link.mend()
            # All that we send has a checksum: what came is whole, or its beginning.
            assert CONTENT.startswith(content), f"{name}: {len(content)} bytes that are none of it"
            if content != CONTENT:
                figures.seconds.pop()
                figures.failed.append(end_of(running))
        figures.print()
        assert times == len(figures.seconds), figures.failed


def end_of(server: Boots) -> str:
    """What the server tells of a transfer that came to nothing."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        if server.told(events.TransferProbed):
            return "the client ended it after the OACK"
        for kind in (events.TransferFailed, events.FetchRefused, events.PacketDropped):
            if told := server.told(kind):
                return str(told[0].why)
        time.sleep(0.05)  # there is nothing to wait for but the journal
    raise AssertionError(f"nothing was told of its end: {server.seen}")

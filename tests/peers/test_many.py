"""Ten thousand machines and very many events: what operators look at comes at once.

`MANY=long` has a million events in each of the two engines, where the short form has a tenth of
that in SQLite.
"""

import http.client
import json
import os
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.peers.conftest import CLIENT, LAN, NIC, SERVER, Boots, Lan, boots, lan_with, run
from tests.store import filled
from tests.store.postgres import cluster

from bench.programs import program
from boots.lab import network
from boots.store import engine as engines
from boots.store.migrate import bring_up

pytestmark = [pytest.mark.peers, pytest.mark.alone]

LONG = os.environ.get("MANY") == "long"
MACHINES = 10_000
EVENTS = 1_000_000 if LONG else 100_000
TIMES = 30 if LONG else 10
ENOUGH = 0.2  # seconds
RATE = 500  # exchanges a second meanwhile
NAME = filled.name(5_000)
PAGES = (
    "/",
    "/?state=stuck",
    "/?q=node-09",
    "/?q=02:b0:00:00:1",
    f"/machines/{NAME}",
    "/boots",
    "/boots?state=failed",
    f"/boots?key={NAME}",
    f"/events?key={NAME}",
    "/v1/health",
    "/v1/machines?limit=1000",
    f"/v1/machines?after={filled.name(9_000)}",
    "/v1/machines?state=unseen",
    "/v1/machines?q=node-00077",
    f"/v1/machines/{NAME}",
    "/v1/boots?limit=1000",
    "/v1/boots?state=failed",
    f"/v1/boots?key={NAME}",
    "/v1/events?latest=true&limit=1000",
    f"/v1/events?latest=true&key={NAME}",
    "/v1/events?latest=true&kind=TransferFailed",
    f"/v1/events?latest=true&kind=ScriptServed&key={NAME}",
)


@pytest.fixture(name="lan", scope="module")
def _lan() -> Iterator[Lan]:
    with lan_with() as made:
        yield made


@contextmanager
def served(lan: Lan, folder: Path, url: str) -> Iterator[Boots]:
    """A server that has been there for long."""
    engine = engines.make(url)
    bring_up(engine)
    filled.fill(engine, machines=MACHINES, count=EVENTS, boots_each=3, now=time.time())
    engine.dispose()
    records = filled.records(MACHINES)
    with boots(lan.server, folder, records=records, environment={"BOOTS_STORE_URL": url}) as one:
        yield one


def loaded(lan: Lan, seconds: float) -> dict[str, Any]:
    """What machines had that asked DHCP for so long."""
    mac = run(lan.server, "cat", f"/sys/class/net/{LAN}/address").stdout.strip()
    words = [
        *("-s", str(SERVER.ip), "-S", mac, "-g", str(CLIENT.ip), "-i", NIC, "-M", "relayed"),
        *("-m", str(MACHINES), "-N", "4000", "-p", "uefi", "-w", "1000", "-T", "4"),
        *("-r", str(RATE), "-t", str(seconds)),
    ]
    found: dict[str, Any] = json.loads(
        run(lan.client, program("dhcpload"), *words, timeout=120).stdout
    )
    return found


def times(path: str) -> list[float]:
    """How long it takes, sorted; in the server's namespace."""
    took = []
    for _ in range(TIMES):
        connection = http.client.HTTPConnection("127.0.0.1", 8081, timeout=30)
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        took.append(time.perf_counter() - began)
        connection.close()
        assert (answer.status, bool(body)) == (200, True), (path, body[:500])
    return sorted(took)


def resident(server: Boots) -> int:
    """Megabytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


@pytest.mark.parametrize("kind", ["sqlite", *(["postgresql"] if LONG else [])])
def test_ten_thousand_machines_are_looked_at_while_they_boot(
    lan: Lan, tmp_path: Path, kind: str
) -> None:
    with ExitStack() as held:
        (tmp_path / "store").mkdir()
        url = engines.sqlite_url(tmp_path / "store" / "many.db")
        if kind == "postgresql":
            url = held.enter_context(cluster()).url()
        server = held.enter_context(served(lan, tmp_path, url))
        before = resident(server)
        alone = loaded(lan, 2)
        beside: dict[str, Any] = {}
        asking = threading.Thread(target=lambda: beside.update(loaded(lan, TIMES)))
        asking.start()
        with network.within(lan.server):
            took = {path: times(path) for path in PAGES}
        asking.join()
        for path, each in took.items():
            median, longest = statistics.median(each) * 1000, each[-1] * 1000
            print(f"{kind} {path}: {median:.1f} ms, {longest:.1f} ms at most")
        print(f"DHCP alone {alone['latency_ms']}, beside {beside['latency_ms']}")
        print(f"{before} MB when ready, {resident(server)} MB now")

        late = {path: statistics.median(each) for path, each in took.items()}
        assert {path: each for path, each in late.items() if each > ENOUGH} == {}
        assert (beside["lost"], beside["wrong"]) == (0, 0)
        assert beside["latency_ms"]["p50"] < 5
        assert resident(server) < 250

"""Two servers on one LAN, a PostgreSQL behind both, and a namespace for machines."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any, TypeVar

from tests.peers.conftest import LAN, NIC, Boots, launch, need, run, space
from tests.store.postgres import Cluster, cluster

from boots.client.client import Client
from boots.client.connecting import ApiError, NoServer
from boots.journal import events
from boots.lab import network

T = TypeVar("T")
MACHINES = IPv4Interface("10.77.0.9/16")
SERVERS = (IPv4Interface("10.77.0.1/16"), IPv4Interface("10.77.0.2/16"))
DATABASE = IPv4Interface("10.99.0.9/24")
BEHIND = (IPv4Interface("10.99.0.1/24"), IPv4Interface("10.99.0.2/24"))
SIMULATE = (sys.executable, "-m", "boots", "simulate")
BOOT_FILE = bytes(range(256)) * 500


@dataclass
class Place:
    """The namespaces: of the two servers, of the machines, and of the database."""

    servers: tuple[str, str]
    machines: str
    database: str
    cluster: Cluster


@contextlib.contextmanager
def place() -> Iterator[Place]:
    """The servers and the machines on a switch, the database with the servers on another."""
    with contextlib.ExitStack() as made:
        one, two, machines, database, switch = (made.enter_context(space()) for _ in range(5))
        _within(made, switch, network.bridge("lan", IPv4Interface("10.77.255.254/16")))
        _within(made, database, network.bridge("back", DATABASE))
        for at, name in enumerate((one, two)):
            _within(made, switch, network.plug(f"s{at}", "lan", LAN, SERVERS[at], name))
            _within(made, database, network.plug(f"d{at}", "back", "back0", BEHIND[at], name))
        _within(made, switch, network.plug("m", "lan", NIC, MACHINES, machines))
        prefix = network.in_namespace(database)
        running = made.enter_context(cluster(prefix, listen=str(DATABASE.ip)))
        yield Place((one, two), machines, database, running)


def _within(
    made: contextlib.ExitStack,
    namespace: str,
    thing: contextlib.AbstractContextManager[object],
) -> None:
    """Have something in a namespace, until `made` is closed."""
    with network.within(namespace):
        thing.__enter__()

    def end() -> None:
        with network.within(namespace):
            thing.__exit__(None, None, None)

    made.callback(end)


@dataclass
class Replica:
    """One of two servers, as its operator has it."""

    number: int
    namespace: str
    process: Boots
    token: str = field(default="")

    def ask(self, ask: Callable[[Client], T], token: str = "") -> T:
        """Ask its API, from its own namespace."""
        with network.within(self.namespace):
            return ask(Client(token=token, timeout=20))

    def until(self, ask: Callable[[Client], T], true: Callable[[T], bool], within: float) -> float:
        """Ask until it is so; after how many seconds."""
        began = time.monotonic()
        found: object = None
        while True:
            with contextlib.suppress(ApiError, NoServer):
                found = answer = self.ask(ask)
                if true(answer):
                    return time.monotonic() - began
            assert time.monotonic() - began < within, found
            time.sleep(0.02)

    def kill(self) -> None:
        """As if it had lost power."""
        self.process.process.kill()
        self.process.process.wait()


Pair = tuple[Replica, Replica]


@contextlib.contextmanager
def cut_off(replica: Replica) -> Iterator[None]:
    """The machines cannot reach it, while it has the database."""
    for state in ("down", "up"):
        done = run(replica.namespace, "ip", "link", "set", LAN, state)
        assert done.returncode == 0, done.stderr
        if state == "down":
            yield


def ask_dhcp(made: Place, mac: str) -> None:
    """One DISCOVER of a stock client's, from this MAC."""
    busybox = need("busybox")
    old = run(made.machines, "cat", f"/sys/class/net/{NIC}/address").stdout.strip()
    for address in (mac, old):
        done = run(made.machines, "ip", "link", "set", NIC, "address", address)
        assert done.returncode == 0, done.stderr
        if address == mac:
            once = ("-f", "-q", "-n", "-t", "2", "-T", "1", "-s", "/bin/true", "-i", NIC)
            run(made.machines, busybox, "udhcpc", *once)


def start(
    made: Place, folder: Path, number: int, database: str, records: str, **settings: str
) -> Replica:
    """Start one of the two, and do not wait."""
    mine = folder / f"server-{number}"
    mine.mkdir(exist_ok=True)
    process = launch(
        made.servers[number],
        mine,
        "--boot-files",
        files(mine),
        records=records,
        environment={
            "BOOTS_STORE_URL": made.cluster.url(database, str(DATABASE.ip)),
            "BOOTS_STORE_SERVER": f"server-{number}",
            "BOOTS_DHCP_FRIENDS": ",".join(str(each.ip) for each in SERVERS),
            **settings,
        },
    )
    return Replica(number, made.servers[number], process)


@contextlib.contextmanager
def both(made: Place, folder: Path, database: str, records: str, **settings: str) -> Iterator[Pair]:
    """Both of them, ready; at the end whoever still runs is ended."""
    made.cluster.create(database)
    pair = tuple(start(made, folder, number, database, records, **settings) for number in (0, 1))
    try:
        for each in pair:
            each.process.until(events.ServerStarted, timeout=90)  # tests may share few cores
            each.until(lambda client: client.health(), lambda health: health.ready, 10)
        yield pair[0], pair[1]
        for each in pair:
            if each.process.process.poll() is None:
                each.process.stop()
    finally:
        for each in pair:
            if each.process.process.poll() is None:
                each.kill()


def files(folder: Path) -> Path:
    """Boot files of a moderate size."""
    there = folder / "files"
    if not there.exists():
        there.mkdir()
        (folder / "osie").mkdir()
        for name in ("undionly.kpxe", "snponly.efi"):
            (there / name).write_bytes(BOOT_FILE)
        for name in ("vmlinuz-x86_64", "initramfs-x86_64"):
            (folder / "osie" / name).write_bytes(BOOT_FILE)
    return there


def fleet(*words: str) -> str:
    """The records of simulated machines."""
    done = subprocess.run(
        [*SIMULATE, "--records", *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def macs_of(records: str) -> set[str]:
    """The MACs in them."""
    return {
        line.partition("mac:")[2].split(",")[0].strip(" '\"")
        for line in records.splitlines()
        if "mac:" in line
    }


def simulated(made: Place, report: Path, *words: str) -> dict[str, Any]:
    """The report of a fleet; waits for its end."""
    more = ("--interface", NIC, "--json", report, *words)
    done = run(made.machines, *SIMULATE, *more, timeout=200)
    assert report.exists(), done.stderr
    found: dict[str, Any] = json.loads(report.read_bytes())
    return found


@contextlib.contextmanager
def simulating(made: Place, report: Path, *words: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """A fleet under way; what is given waits for its end, and is the report."""
    argv = [*network.in_namespace(made.machines), *SIMULATE, "--interface", NIC]
    process = subprocess.Popen(
        [*argv, "--json", str(report), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=dict(os.environ),
    )

    def end() -> dict[str, Any]:
        process.wait(timeout=200)
        found: dict[str, Any] = json.loads(report.read_bytes())
        return found

    try:
        yield end
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=20)


def times(found: Mapping[str, Any], stage: str) -> str:
    """A stage's times, for people."""
    each = found["stages"][stage]
    return f"{stage} p50 {each['p50'] * 1000:.0f} ms, p99 {each['p99'] * 1000:.0f} ms"

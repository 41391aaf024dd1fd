"""What lasts of one server with SQLite: through kill -9, and through a full disk."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.peers.conftest import MAC, NIC, SERVER, Boots, Lan, boots, launch, need, run
from tests.peers.replicas import Replica

from boots.client.client import Client
from boots.client.connecting import ApiError, NoServer
from boots.journal import events
from boots.lab import network
from boots.model.order import Netboot

pytestmark = pytest.mark.peers

MANY = 200


def record(number: int) -> dict[str, Any]:
    return {
        "name": f"made-{number}",
        "mac": f"52:54:00:99:00:{number:02x}",
        "address": f"192.168.70.{20 + number}/24",
        "gateway": "192.168.70.1",
    }


def create_all(lan: Lan, acknowledged: list[int], enough: threading.Event) -> None:
    """Create records one after the other, until nobody answers any more."""
    with network.within(lan.server):
        client = Client(timeout=10)
        for number in range(MANY):
            try:
                client.create(record(number))
            except (NoServer, OSError):
                return
            acknowledged.append(number)
            if len(acknowledged) == MANY // 2:
                enough.set()


def test_records_that_were_acknowledged_outlive_kill_9(lan: Lan, tmp_path: Path) -> None:
    acknowledged: list[int] = []
    enough = threading.Event()
    first = launch(lan.server, tmp_path)
    try:
        first.until(events.ServerStarted, timeout=20)
        creating = threading.Thread(target=create_all, args=(lan, acknowledged, enough))
        creating.start()
        assert enough.wait(60)
    finally:
        first.process.kill()
        first.process.wait()
    creating.join(20)
    assert MANY // 2 <= len(acknowledged) < MANY
    (tmp_path / "journal.jsonl").unlink()

    with boots(lan.server, tmp_path) as again:
        server = Replica(0, lan.server, again)
        page = server.ask(lambda client: client.machines(text="made-", limit=1000))
        there = {int(line.name.removeprefix("made-")): line for line in page.machines}
        # One more may have been written, whose answer did not leave any more; it is whole, too.
        assert set(acknowledged) <= set(there) <= {*acknowledged, len(acknowledged)}
        for number, line in there.items():
            (interface,) = line.interfaces
            assert (interface.mac, interface.address.partition("/")[0]) == (
                record(number)["mac"],
                f"192.168.70.{20 + number}",
            )
        assert server.ask(lambda client: client.health()).troubles == ()


def scripts_until_it_ends(lan: Lan, server: Boots) -> bool:
    """Ask for the script until nobody answers any more; whether it ever came."""
    came = False
    while server.process.poll() is None:
        words = (need("curl"), "-s", "-m", "2", f"http://{SERVER.ip}:8080/auto.ipxe")
        came = came or "kernel" in run(lan.client, *words).stdout
    return came


@pytest.mark.parametrize("moment", [0.05])
def test_netboot_once_is_not_twice_whenever_it_is_killed(
    lan: Lan, tmp_path: Path, moment: float
) -> None:
    (tmp_path / "osie").mkdir()
    for name in ("vmlinuz-x86_64", "initramfs-x86_64"):
        (tmp_path / "osie" / name).write_bytes(b"")
    first = launch(lan.server, tmp_path)
    try:
        first.until(events.ServerStarted, timeout=20)
        given = Replica(0, lan.server, first).ask(lambda asks: asks.order("one", Netboot.ONCE))
        killing = threading.Timer(moment, first.process.kill)
        killing.start()
        came = scripts_until_it_ends(lan, first)
        killing.join()
    finally:
        first.process.kill()
        first.process.wait()
    (tmp_path / "journal.jsonl").unlink()

    with boots(lan.server, tmp_path) as again:
        order = Replica(0, lan.server, again).ask(lambda asks: asks.machine("one")).order
        assert order is not None
        assert given.at == order.at, "what was acknowledged is there"
        assert order.spent or not came, "and what was used up is used up"


# --- a full disk


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A disk of this size."""
    place.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(place)], check=True
    )
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def ask_once(lan: Lan) -> None:
    """One DISCOVER."""
    once = ("-f", "-q", "-n", "-t", "2", "-T", "1", "-s", "/bin/true", "-i", NIC)
    run(lan.client, need("busybox"), "udhcpc", *once)


def fill(place: Path) -> Path:
    """Leave no room."""
    file = place / "filler"
    with file.open("wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(1 << 12))
    return file


def test_a_full_disk_stops_no_answer_and_is_told(lan: Lan, tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "state", "2m") as state,
        boots(lan.server, tmp_path) as running,
    ):
        server = Replica(0, lan.server, running)
        ask_once(lan)
        running.until(events.OfferSent, mac=MAC)
        filler = fill(state)
        troubled = _troubled_by(running, lan)
        assert "full" in troubled.why

        running.mark()
        ask_once(lan)
        assert running.until(events.AckSent, mac=MAC).address == "192.168.70.10"
        health = server.ask(lambda client: client.health())
        assert health.ready
        assert [each for each in health.troubles if "cannot write down" in each.what]
        with pytest.raises(ApiError) as refused:
            server.ask(lambda client: client.create(record(1)))
        assert refused.value.problem.status == 503

        waiting = health.waiting
        assert waiting > 0
        filler.unlink()
        assert running.until(events.StoreRecovered, timeout=20).lost == 0
        server.until(lambda client: client.health(), lambda health: not health.troubles, 10)
        server.ask(lambda client: client.order("one", Netboot.OFF))
        # All that happened meanwhile is there.
        told = len(running.told(events.AckSent))
        lines = server.ask(lambda client: client.events(kind="AckSent", limit=1000)).events
        assert len(lines) >= told


def _troubled_by(running: Boots, lan: Lan) -> events.StoreTroubled:
    """A few events more than fit into what the files of the store have left."""
    for _ in range(40):
        ask_once(lan)
        found = running.told(events.StoreTroubled)
        if found:
            return found[0]
    raise AssertionError("the disk is full, and nobody noticed")


# --- a backup


def test_what_was_backed_up_beneath_a_running_server_is_served_again(
    lan: Lan, tmp_path: Path
) -> None:
    backup, state = tmp_path / "backup.tar.gz", tmp_path / "state"
    command = (sys.executable, "-m", "boots")
    with boots(lan.server, tmp_path) as running:
        server = Replica(0, lan.server, running)
        server.ask(lambda client: client.create(record(1)))
        done = run(lan.server, *command, "backup", backup, "--state", state)
        assert done.returncode == 0, done.stderr
        server.ask(lambda client: client.remove("made-1"))
        done = run(lan.server, *command, "restore", backup, "--state", state)
        assert (done.returncode, done.stderr) == (
            1,
            f"boots: a server uses {state}; stop it first\n",
        )
    done = run(lan.server, *command, "restore", backup, "--state", state)
    assert done.returncode == 0, done.stderr
    (tmp_path / "journal.jsonl").unlink()

    with boots(lan.server, tmp_path) as again:
        server = Replica(0, lan.server, again)
        assert server.ask(lambda client: client.machine("made-1")).line.name == "made-1"
        assert server.ask(lambda client: client.health()).troubles == ()

"""More than one process: one journal, one answer to a broadcast, and a worker that is killed."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.app.test_seen import request
from tests.peers.conftest import (
    CLIENT,
    MAC,
    NIC,
    RECORD,
    SERVER,
    Boots,
    Lan,
    boots,
    launch,
    need,
    run,
    set_mac,
    started,
)

from boots.client.client import Client
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.lab import network
from boots.model.mac import Mac
from boots.model.order import Netboot
from boots.wire import dhcp

pytestmark = pytest.mark.peers

SMALL = bytes(range(256)) * 1021 + b"end"
LARGE = 64 << 20
URL = f"http://{SERVER.ip}:8080"
STOPPED = "the worker that sent it has ended"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "snponly.efi").write_bytes(SMALL)
    with (tmp_path / "files" / "large").open("wb") as file:
        file.truncate(LARGE)
    (tmp_path / "osie").mkdir()
    for name in ("vmlinuz-x86_64", "initramfs-x86_64"):
        (tmp_path / "osie" / name).write_bytes(b"")
    return tmp_path


@pytest.fixture
def server(lan: Lan, folder: Path) -> Iterator[Boots]:
    with boots(lan.server, folder, "--boot-files", folder / "files", "--workers", "2") as running:
        yield running


def workers(server: Boots) -> list[int]:
    listed = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    return [int(pid) for pid in listed.split()]


def processor_time(pid: int) -> int:
    """What a process has used, in nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def curl(lan: Lan, *words: str | Path) -> str:
    return run(lan.client, need("curl"), "-s", *words).stdout


def fetch_at_once(lan: Lan, folder: Path, url: str, times: int) -> list[bytes]:
    """What so many clients get, each with an address and port of its own."""
    fetch = f"{need('curl')} -s -o {folder}/got$n {url}"
    numbers = " ".join(map(str, range(times)))
    run(lan.client, "sh", "-c", f"for n in {numbers}; do {fetch} & done; wait")
    return [(folder / f"got{number}").read_bytes() for number in range(times)]


def until_told(server: Boots, times: int, kind: type[AnyEvent], **fields: object) -> None:
    deadline = time.monotonic() + 5
    while len(server.told(kind, **fields)) != times:
        assert time.monotonic() < deadline, server.told(kind)
        time.sleep(0.01)  # there is nothing to wait for but the journal


def until_replaced(server: Boots, before: list[int]) -> None:
    deadline = time.monotonic() + 10
    while len(workers(server)) < len(before) or set(before) <= set(workers(server)):
        assert time.monotonic() < deadline, workers(server)
        time.sleep(0.01)  # there is nothing to wait for but the kernel's list


def test_files_and_scripts_come_from_both_and_are_told_in_one_journal(
    lan: Lan, server: Boots, folder: Path
) -> None:
    before = {pid: processor_time(pid) for pid in workers(server)}
    assert len(before) == 2

    assert [SMALL] * 16 == fetch_at_once(lan, folder, f"tftp://{SERVER.ip}/snponly.efi", 16)
    scripts = fetch_at_once(lan, folder, f"{URL}/auto.ipxe", 5)
    assert all(b"#!ipxe" in each for each in scripts)
    until_told(server, 16, events.TransferFinished, name="snponly.efi", mac=MAC)
    until_told(server, 5, events.ScriptServed, mac=MAC)
    # Sixteen ports that all fall to one of two: that is less than one time in 30,000.
    assert all(processor_time(pid) > used for pid, used in before.items())
    metrics = curl(lan, f"{URL}/metrics")
    assert 'boots_transfers_total{door="tftp",outcome="finished"} 16.0' in metrics
    assert '"machines":1' in curl(lan, f"{URL}/healthcheck")
    assert "ok" == curl(lan, f"{URL}/readyz")


def test_a_broadcast_is_answered_once(lan: Lan, server: Boots) -> None:
    words = ("udhcpc", "-f", "-q", "-n", "-s", "/bin/true", "-i", NIC)
    run(lan.client, need("busybox"), *words)
    server.until(events.AckSent)

    assert 1 == len(server.told(events.OfferSent))
    assert 1 == len(server.told(events.AckSent))


def test_a_killed_worker_loses_its_own_transfers_and_is_replaced(
    lan: Lan, server: Boots, folder: Path
) -> None:
    before = workers(server)
    slow = ("--limit-rate", "4M", "-o", "/dev/null", "-w", "%{size_download}\n")
    fetch = " ".join((need("curl"), "-s", *slow[:4], "-w", "'%{size_download}\\n'", f"{URL}/large"))
    with started(
        lan.client, "sh", "-c", f"for n in 1 2 3 4 5 6 7 8; do {fetch} & done; wait"
    ) as it:
        until_told(server, 8, events.TransferStarted, name="large")
        os.kill(before[0], signal.SIGKILL)
        ended = server.until(events.WorkerEnded)
        until_replaced(server, before)
        assert [SMALL] * 16 == fetch_at_once(lan, folder, f"tftp://{SERVER.ip}/snponly.efi", 16)
        said, _ = it.communicate(timeout=60)
        sizes = [int(line) for line in said.decode().split()]

    assert (before[0], "it ended by signal 9") == (ended.pid, ended.why)
    lost = len(server.told(events.TransferFailed, why=STOPPED))
    assert lost == sum(size < LARGE for size in sizes)
    assert 8 - lost == len(server.told(events.TransferFinished, name="large"))
    assert before[1] in workers(server)


def test_a_reload_reaches_both(lan: Lan, folder: Path) -> None:
    place = folder / "machines" / "machines.yaml"
    more = ("--boot-files", folder / "files", "--workers", "2")
    no_loops = {"BOOTS_BOOT_LOOP_LIMIT": "0"}  # one machine asks for more than it may
    with boots(lan.server, folder, *more, environment=no_loops) as server:
        place.write_text(RECORD + "    kernel_args: [console=new]\n")
        server.until(events.RecordsLoaded)
        scripts = fetch_at_once(lan, folder, f"{URL}/auto.ipxe", 16)

    assert all(b"console=new" in each for each in scripts)


def test_loops_are_counted_across_workers(lan: Lan, server: Boots, folder: Path) -> None:
    for _ in range(10):
        assert "#!ipxe" in curl(lan, f"{URL}/auto.ipxe")
    server.until(events.LoopBroken, mac=MAC)
    time.sleep(0.1)  # what was told is heard when the next request comes; that one says nothing

    told = fetch_at_once(lan, folder, f"{URL}/auto.ipxe", 8)
    assert all(b"loaded its script" in each for each in told), told


def test_an_order_counts_at_every_worker_once_it_is_acknowledged(
    lan: Lan, server: Boots, folder: Path
) -> None:
    def refused() -> int:
        told = fetch_at_once(lan, folder, f"{URL}/auto.ipxe", 8)
        return sum(b"netboot is off" in each for each in told)

    def order(netboot: Netboot) -> None:
        with network.within(lan.server):
            Client().order("one", netboot)

    for _ in range(3):
        order(Netboot.OFF)
        assert 8 == refused()
        order(Netboot.ON)
        assert 0 == refused()
    order(Netboot.OFF)
    before = workers(server)
    os.kill(before[0], signal.SIGKILL)
    until_replaced(server, before)
    assert 8 == refused(), "who comes later has heard of it, too"


def test_netboot_once_is_used_up_by_whichever_worker_serves_and_outlives_kill_9(
    lan: Lan, folder: Path
) -> None:
    with ExitStack() as ending:
        first = launch(lan.server, folder, "--workers", "2")
        ending.callback(lambda: first.process.poll() is None and first.process.kill())
        first.until(events.ServerStarted, timeout=20)
        with network.within(lan.server):
            Client().order("one", Netboot.ONCE)
        assert "#!ipxe" in curl(lan, f"{URL}/auto.ipxe")
        first.process.kill()  # before anything is written down
        first.process.wait()
    (folder / "journal.jsonl").unlink()

    with boots(lan.server, folder, "--workers", "2"), network.within(lan.server):
        found = Client().machine("one").order
        assert found is not None
        assert (Netboot.ONCE, True) == (found.netboot, found.spent > found.at)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_end_with_the_main_process(lan: Lan, folder: Path, number: int) -> None:
    with boots(lan.server, folder, "--workers", "2") as server:
        pids = workers(server)
        for pid in pids:  # as systemd and terminals do: to all of them
            os.kill(pid, number)
        assert "ok" == curl(lan, f"{URL}/readyz")
        began = time.monotonic()
        server.signal(number)
        assert 0 == server.process.wait(10)
        assert time.monotonic() - began < 5

    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert [] == server.told(events.WorkerEnded)


def test_workers_do_not_outlive_a_killed_main_process(lan: Lan, folder: Path) -> None:
    server = launch(lan.server, folder, "--workers", "2")
    server.until(events.ServerStarted)
    pids = workers(server)
    server.signal(signal.SIGKILL)
    server.process.wait()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_pools_lease_is_known_to_every_worker(lan: Lan, folder: Path) -> None:
    subnet = (
        f'[[subnets]]\nnetwork = "{SERVER.network}"\npool = ["192.168.70.100-192.168.70.120"]\n'
    )
    config = folder / "boots.toml"
    config.write_text(f'{subnet}[dhcp]\nmode = "pool"\nprobe = false\n')
    stranger = "52:54:00:70:00:99"
    set_mac(lan.client, NIC, stranger)
    script = folder / "bound"
    script.write_text(
        '#!/bin/sh\n[ "$1" = bound ] || exit 0\n'
        f"ip address flush dev {NIC}\nip address add $ip/24 dev {NIC}\n"
        f"for n in 1 2 3 4 5 6 7 8; do {need('curl')} -s -o {folder}/got$n {URL}/auto.ipxe & done\n"
        "wait\n"
    )
    script.chmod(0o755)
    with boots(
        lan.server, folder, "--config", config, "--workers", "2", "--boot-files", folder / "files"
    ) as server:
        words = ("udhcpc", "-f", "-q", "-n", "-s", script, "-i", NIC)
        run(lan.client, need("busybox"), *words)
        server.until(events.AckSent, mac=stranger)

        for number in range(1, 9):
            assert b"#!ipxe" in (folder / f"got{number}").read_bytes()
        until_told(server, 8, events.ScriptServed, mac=stranger)


def test_workers_are_told_of_an_address_that_others_gave(lan: Lan, folder: Path) -> None:
    """In `proxy` we only hear the request, and no record says whose that address is."""
    record = f"machines: [{{name: one, mac: '{MAC}'}}]\n"
    proxy = {"BOOTS_DHCP_MODE": "proxy"}
    with boots(lan.server, folder, "--workers", "2", environment=proxy, records=record) as server:
        assert "#!ipxe" not in curl(lan, f"{URL}/auto.ipxe")
        with (
            network.within(lan.client),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        ):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, NIC.encode())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            client.sendto(dhcp.encode(request(Mac(MAC), CLIENT.ip)), ("255.255.255.255", 67))

        assert all(b"#!ipxe" in each for each in fetch_at_once(lan, folder, f"{URL}/auto.ipxe", 8))
        until_told(server, 8, events.ScriptServed, mac=MAC)


def test_a_port_that_another_server_shares_is_said_and_not_shared(lan: Lan, folder: Path) -> None:
    own = folder / "own"
    own.mkdir()
    with boots(lan.server, folder, "--workers", "2"):
        second = launch(lan.server, own, "--workers", "2", "--dhcp-port", "1067")

        assert second.process.wait(20) != 0
        assert "is held by" in second.errors.read_text()

"""A fleet of `boots simulate` against Boots and dnsmasq: what it says it did, it did."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import pytest
from tests.peers.conftest import LAN, NIC, Boots, Lan, boots, lan_with, need, run, started

from boots.journal import events
from boots.lab import network

pytestmark = [pytest.mark.peers, pytest.mark.alone]

SERVER = IPv4Interface("10.77.0.1/16")
CLIENT = IPv4Interface("10.77.0.2/16")
BOOT_FILE = bytes(range(256)) * 500
ALL = "bios,uefi,uefi-http,rpi4"
SIMULATE = (sys.executable, "-m", "boots", "simulate")


@pytest.fixture(name="place", scope="module")
def _place() -> Iterator[Lan]:
    with lan_with(SERVER, CLIENT) as made:
        yield made


def files(folder: Path) -> Path:
    place = folder / "files"
    (place / "rpi").mkdir(parents=True)
    (folder / "osie").mkdir()
    for name in ("undionly.kpxe", "snponly.efi", "rpi/start4.elf", "rpi/kernel8.img"):
        (place / name).write_bytes(BOOT_FILE)
    for name in ("vmlinuz-x86_64", "initramfs-x86_64"):
        (folder / "osie" / name).write_bytes(BOOT_FILE)
    return place


def records(*words: str) -> str:
    return subprocess.run(
        [*SIMULATE, "--records", *words], capture_output=True, text=True, check=True
    ).stdout


def simulated(place: Lan, folder: Path, *words: str) -> dict[str, Any]:
    """The report of a fleet that booted; nothing of it stays behind."""
    report = folder / "report.json"
    more = ("--interface", NIC, "--timeout", "60", "--json", report, *words)
    done = run(place.client, *SIMULATE, *more, timeout=90)
    assert report.exists(), done.stderr
    assert leftovers(place) == ""
    found: dict[str, Any] = json.loads(report.read_bytes())
    assert done.returncode == (found["booted"] != found["machines"]), done.stdout
    return found


def leftovers(place: Lan) -> str:
    return run(place.client, "ip", "route", "show", "table", "all", "proto", "178").stdout.strip()


@contextmanager
def served(place: Lan, folder: Path, *words: str) -> Iterator[Boots]:
    """Boots with the records of a fleet."""
    with boots(place.server, folder, "--boot-files", files(folder), records=records(*words)) as one:
        one.until(events.ServerStarted)
        yield one


def test_fifty_machines_of_all_kinds_boot(place: Lan, tmp_path: Path) -> None:
    fleet = ("--machines", "50", "--mix", ALL)
    with served(place, tmp_path, *fleet) as server:
        found = simulated(place, tmp_path, *fleet, "--server-pid", str(server.process.pid))

        machines = {stage: times["machines"] for stage, times in found["stages"].items()}
        assert (found["booted"], found["failures"]) == (50, [])
        assert machines == {"offer": 50, "address": 50, "boot-file": 50, "script": 38, "files": 50}
        # A PC takes three such files, and a script; a Pi two, and smaller ones.
        assert found["received"] > (3 * 38 + 2 * 12) * len(BOOT_FILE)
        assert found["server_cpu"] > 0
        # The server saw the same: as many addresses, scripts and whole files.
        assert len(server.told(events.AckSent)) == 50 + 38
        assert len(server.told(events.ScriptServed)) == 38
        kernels = server.told(events.TransferFinished, name="osie/vmlinuz-x86_64")
        assert {event.size for event in kernels} == {len(BOOT_FILE)}
        assert len({event.peer.partition(":")[0] for event in kernels}) == 38


def test_a_fleet_behind_a_relay_boots(place: Lan, tmp_path: Path) -> None:
    fleet = ("--machines", "8", "--mix", ALL)
    with served(place, tmp_path, *fleet) as server:
        found = simulated(place, tmp_path, *fleet, "--relay", str(SERVER.ip))

        assert (found["booted"], found["failures"]) == (8, [])
        assert {event.relay for event in server.told(events.AckSent)} == {str(CLIENT.ip)}


def test_a_fleet_boots_where_packets_are_lost(place: Lan, tmp_path: Path) -> None:
    fleet = ("--machines", "20", "--mix", "bios,rpi4")
    with served(place, tmp_path, *fleet):
        found = simulated(place, tmp_path, *fleet, "--loss", "3")

    assert (found["booted"], found["failures"]) == (20, [])
    assert found["dhcp_retries"] + found["tftp_retries"] > 0


def test_machines_that_the_server_does_not_know_fail_and_are_named(
    place: Lan, tmp_path: Path
) -> None:
    with served(place, tmp_path, "--machines", "2"):
        found = simulated(place, tmp_path, "--machines", "4", "--mix", "bios", "--timeout", "3")

    (failure,) = found["failures"]
    assert failure["why"] == "not there after 3 s; it had no offer"
    assert failure["first"][0].startswith("02:")


def test_a_fleet_boots_from_dnsmasq(place: Lan, tmp_path: Path) -> None:
    """It notes the made-up MACs as those of the addresses, until ARP tells it better."""
    folder = files(tmp_path)
    (folder / "auto.ipxe").write_text("#!ipxe\nkernel tftp://${next-server}/undionly.kpxe\nboot\n")
    words = [
        *(need("dnsmasq"), "--no-daemon", "--conf-file=/dev/null", "--port=0", "--user=root"),
        *(f"--interface={LAN}", "--no-ping", "--leasefile-ro", "--enable-tftp"),
        *("--dhcp-range=10.77.1.0,10.77.1.99", f"--tftp-root={folder}"),
        *("--dhcp-userclass=set:ipxe,iPXE", "--dhcp-match=set:efi,93,7"),
        *("--dhcp-boot=tag:!ipxe,tag:!efi,undionly.kpxe", "--dhcp-boot=tag:ipxe,auto.ipxe"),
        *("--dhcp-boot=tag:!ipxe,tag:efi,snponly.efi", f"--pid-file={tmp_path}/pid"),
        "--dhcp-option-force=tag:ipxe,encap:175,176,1b",
    ]
    with started(place.server, *words) as process:
        assert process.stdout is not None
        while b"TFTP root" not in process.stdout.readline():
            assert process.poll() is None
        found = simulated(place, tmp_path, "--machines", "4", "--mix", "bios,uefi")

    assert (found["booted"], found["failures"]) == (4, [])
    assert found["tftp_retries"] < 8, "it sends to the MAC it gave the address to, not to ours"


def test_interrupted_it_undoes_what_it_did_and_reports(place: Lan, tmp_path: Path) -> None:
    fleet = ("--machines", "4", "--mix", "uefi")
    report = tmp_path / "report.json"
    words = (*SIMULATE, "--interface", NIC, "--json", str(report), *fleet)
    with served(place, tmp_path, *fleet) as server:
        # Most of them are still to come, however fast the first one is.
        argv = [*network.in_namespace(place.client), *words, "--arrival", "60"]
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        server.until(events.AckSent)
        process.send_signal(signal.SIGINT)
        status = process.wait(timeout=20)

    assert status == 1
    assert json.loads(report.read_bytes())["failures"][0]["why"].startswith("interrupted")
    assert leftovers(place) == ""


def test_what_a_killed_one_left_the_next_removes(place: Lan, tmp_path: Path) -> None:
    run(place.client, "ip", "route", "add", "local", "10.77.9.9/32", "dev", NIC, "proto", "178")
    assert leftovers(place)
    with served(place, tmp_path, "--machines", "1", "--mix", "bios"):
        simulated(place, tmp_path, "--machines", "1", "--mix", "bios")


def test_the_interface_of_the_default_route_is_refused(place: Lan) -> None:
    run(place.client, "ip", "route", "add", "default", "via", str(SERVER.ip))
    try:
        done = run(place.client, *SIMULATE, "--interface", NIC)
    finally:
        run(place.client, "ip", "route", "del", "default")

    assert done.returncode == 2
    assert f"{NIC} has the default route" in done.stderr


def test_of_a_storm_of_two_hundred_every_machine_is_served(place: Lan, tmp_path: Path) -> None:
    fleet = ("--machines", "200", "--mix", "bios,uefi,uefi-http")
    with served(place, tmp_path, *fleet) as server:
        found = simulated(place, tmp_path, *fleet)

        assert (found["booted"], found["failures"]) == (200, [])
        assert found["stages"]["script"]["p99_without_own_waits"] < 5
        # Each asks twice: its firmware, and its iPXE.
        assert len(server.told(events.OfferSent)) >= 400
        assert len({event.mac for event in server.told(events.ScriptServed)}) == 200

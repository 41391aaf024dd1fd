"""Stock clients without a record, a server in pool mode, and what they live through together."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.peers.conftest import (
    LAN,
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

from boots.journal import events

pytestmark = pytest.mark.peers

STRANGER, OTHER = "52:54:00:70:00:51", "52:54:00:70:00:52"
FIRST, SECOND = "192.168.70.100", "192.168.70.101"
SETTINGS = f"""\
state = "state"
[dhcp]
mode = "pool"
[[subnets]]
network = "{SERVER.network}"
gateway = "{SERVER.ip}"
pool = ["192.168.70.100-192.168.70.102"]
"""
SCRIPT = """\
#!/bin/sh
case "$1" in
    bound|renew) echo "$1 $ip $lease" ;;
    deconfig) ip address flush dev "$interface" ;;
esac
"""


@pytest.fixture
def place(lan: Lan) -> Lan:
    """A client that has no address yet."""
    set_mac(lan.client, NIC, STRANGER)
    run(lan.client, need("ip"), "address", "flush", "dev", NIC)
    return lan


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "boots.toml"
    path.write_text(SETTINGS)
    (tmp_path / "script").write_text(SCRIPT)
    (tmp_path / "script").chmod(0o755)
    return path


def udhcpc(place: Lan, folder: Path, *more: str) -> list[str]:
    """What busybox's client says that it was given: ``bound ADDRESS SECONDS``."""
    words = ["udhcpc", "-f", "-q", "-n", "-t", "5", "-T", "1", "-i", NIC, "-s", folder / "script"]
    done = run(place.client, need("busybox"), *words, *more)
    return done.stdout.split()


@contextmanager
def killed_at_the_end(namespace: str, folder: Path, config: Path) -> Iterator[Boots]:
    """A server that ends by kill -9."""
    server = launch(namespace, folder, "--config", config)
    try:
        server.until(events.ServerStarted)
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def test_a_stranger_gets_an_address_as_rom_and_as_system(
    place: Lan, tmp_path: Path, config: Path
) -> None:
    with boots(place.server, tmp_path, "--config", config) as server:
        vendor = ("-V", "PXEClient:Arch:00000:UNDI:002001", "-x", "0x5d:0000")
        assert udhcpc(place, tmp_path, *vendor) == ["bound", FIRST, "300"]
        assert udhcpc(place, tmp_path) == ["bound", FIRST, "86400"]

        leased = server.until(events.AddressLeased)
        assert (leased.mac, leased.address) == (STRANGER, FIRST)


def test_leases_outlive_kill_9(place: Lan, tmp_path: Path, config: Path) -> None:
    with killed_at_the_end(place.server, tmp_path, config):
        assert udhcpc(place, tmp_path)[1] == FIRST
    with boots(place.server, tmp_path, "--config", config):
        set_mac(place.client, NIC, OTHER)
        assert udhcpc(place, tmp_path)[1] == SECOND
        set_mac(place.client, NIC, STRANGER)
        assert udhcpc(place, tmp_path)[1] == FIRST


def test_no_lease_is_lost_by_kill_9_at_any_moment(place: Lan, tmp_path: Path, config: Path) -> None:
    """The process is killed the moment the client has its address."""
    for number in range(1, 4):
        mac = f"52:54:00:70:01:0{number}"
        with killed_at_the_end(place.server, tmp_path, config) as server:
            set_mac(place.client, NIC, mac)
            words = [need("busybox"), "udhcpc", "-f", "-t", "9", "-T", "1", "-i", NIC]
            with started(place.client, *words, "-s", tmp_path / "script") as client:
                assert client.stdout is not None
                got = client.stdout.readline()
                while b"bound" not in got:
                    got = client.stdout.readline()
                server.signal(signal.SIGKILL)
        line = (tmp_path / "state" / "leases").read_text().splitlines()[-1]
        assert mac in line
        assert got.split()[1].decode() in line


def test_dhclient_renews_across_a_restart(place: Lan, tmp_path: Path, config: Path) -> None:
    (tmp_path / "conf").write_text("")
    words = [
        *(need("dhclient"), "-4", "-d", "-1", "-v", "-sf", "/bin/true"),
        *("-lf", tmp_path / "leases", "-pf", tmp_path / "pid", "-cf", tmp_path / "conf", NIC),
    ]
    with (
        killed_at_the_end(place.server, tmp_path, config) as server,
        started(place.client, *words),
    ):
        assert server.until(events.AckSent, mac=STRANGER).address == FIRST
        # Its lease file is written after the ACK came.
        while "renew" not in (tmp_path / "leases").read_text():
            time.sleep(0.01)
    with boots(place.server, tmp_path, "--config", config) as server:
        server.mark()
        with started(place.client, *words):  # it reboots: INIT-REBOOT of RFC 2131 §4.3.2
            assert server.until(events.AckSent, mac=STRANGER).address == FIRST
            assert server.told(events.OfferSent) == []


def test_a_declined_address_is_remembered(place: Lan, tmp_path: Path, config: Path) -> None:
    """udhcpc asks by ARP itself (-a), finds the address in use, and declines it."""
    config.write_text(SETTINGS.replace('"pool"\n', '"pool"\nprobe = false\n', 1))
    with boots(place.server, tmp_path, "--config", config) as server:
        run(place.server, need("ip"), "address", "add", f"{FIRST}/32", "dev", LAN)
        assert udhcpc(place, tmp_path, "-a500", "-A", "1")[1] == SECOND
        assert server.until(events.AddressDeclined).address == FIRST
        blocked = server.until(events.AddressBlocked)
        assert (blocked.address, blocked.why) == (
            FIRST,
            f"{STRANGER} declined it: somebody else uses it",
        )
    with boots(place.server, tmp_path, "--config", config):
        set_mac(place.client, NIC, OTHER)
        assert udhcpc(place, tmp_path)[1] == "192.168.70.102"


def test_an_address_of_the_servers_own_is_not_given(
    place: Lan, tmp_path: Path, config: Path
) -> None:
    run(place.server, need("ip"), "address", "add", f"{FIRST}/32", "dev", LAN)
    with boots(place.server, tmp_path, "--config", config) as server:
        assert udhcpc(place, tmp_path)[1] == SECOND
        assert server.until(events.AddressBlocked).why == "this server itself uses it"


def test_an_address_that_somebody_uses_is_not_given(
    place: Lan, tmp_path: Path, config: Path
) -> None:
    """The client itself has it, by another MAC, as somebody who never asked would."""
    run(place.client, need("ip"), "link", "add", "link", NIC, "name", "squat", "type", "macvlan")
    run(place.client, need("ip"), "address", "add", f"{FIRST}/24", "dev", "squat")
    run(place.client, need("ip"), "link", "set", "squat", "up")
    with boots(place.server, tmp_path, "--config", config) as server:
        blocked = server.until(events.AddressBlocked)
        assert (blocked.address, blocked.interface) == (FIRST, LAN)
        assert blocked.why.endswith(" uses it")
        set_mac(place.client, NIC, STRANGER)

        assert udhcpc(place, tmp_path)[1] == SECOND


def test_a_lease_becomes_a_reservation_without_a_change(
    place: Lan, tmp_path: Path, config: Path
) -> None:
    short = SETTINGS.replace('"pool"\n', '"pool"\nlease_time = 60\n', 1)
    config.write_text(short)
    client = [need("busybox"), "udhcpc", "-f", "-i", NIC, "-s", tmp_path / "script"]
    with (
        boots(place.server, tmp_path, "--config", config) as server,
        started(place.client, *client) as running,
    ):
        assert server.until(events.AckSent, mac=STRANGER).address == FIRST
        # It has no address configured, so its renewal is broadcast, like a rebinding.
        written = f"  - {{name: found, mac: '{STRANGER}', address: {FIRST}/24}}\n"
        (tmp_path / "machines" / "machines.yaml").write_text(RECORD + written)
        server.until(events.RecordsLoaded)
        server.mark()
        running.send_signal(signal.SIGUSR1)  # renew now

        assert server.until(events.AckSent, mac=STRANGER).address == FIRST
        assert server.told(events.NakSent) == []
        assert server.told(events.AddressLeased) == []


def test_without_raw_sockets_addresses_are_given_unprobed(
    place: Lan, tmp_path: Path, config: Path
) -> None:
    bounded = [need("setpriv"), "--bounding-set=+net_bind_service,+dac_override,-net_raw"]
    with boots(place.server, tmp_path, "--config", config, before=bounded) as server:
        assert udhcpc(place, tmp_path)[1] == FIRST
        assert "pool addresses are not probed" in server.errors.read_text()

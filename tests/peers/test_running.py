"""The life of the server as a process: start, reload, several interfaces, stop."""

import os
import signal
import socket
import subprocess
import sys
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from tests.peers.conftest import (
    LAN,
    MAC,
    NIC,
    RECORD,
    SERVER,
    Boots,
    Lan,
    boots,
    cable,
    free_of_root,
    launch,
    need,
    run,
    set_mac,
    space,
    started,
)

from boots.journal import events
from boots.lab import network

pytestmark = pytest.mark.peers

OTHER_MAC = "52:54:00:70:00:11"
OTHER = f"  - {{name: two, mac: '{OTHER_MAC}', address: 192.168.70.11/24}}\n"
URL = f"http://{SERVER.ip}:8080"


def discover(lan: Lan, mac: str) -> None:
    """Have busybox's client ask once, and go."""
    set_mac(lan.client, NIC, mac)
    run(
        lan.client,
        need("busybox"),
        "udhcpc",
        *(["-f", "-q", "-n", "-t", "1", "-T", "1", "-s", "/bin/true", "-i"]),
        NIC,
    )


def osie(folder: Path) -> None:
    """What OSIE's profile names, so that its script can be made."""
    (folder / "osie").mkdir()
    for name in ("vmlinuz-x86_64", "initramfs-x86_64"):
        (folder / "osie" / name).write_bytes(b"")


def refusal(process: Boots) -> str:
    """What a server says that does not start."""
    assert process.process.wait(timeout=20) == 2
    said = process.errors.read_text()
    assert "Traceback" not in said
    return said


# --- reload


def test_a_new_machine_is_answered_after_sighup(lan: Lan, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path) as server:
        discover(lan, OTHER_MAC)
        server.until(events.DhcpIgnored, mac=OTHER_MAC)
        (tmp_path / "machines" / "machines.yaml").write_text(RECORD + OTHER)
        server.signal(signal.SIGHUP)
        assert server.until(events.RecordsLoaded).machines == 2
        discover(lan, OTHER_MAC)

        assert server.until(events.OfferSent, mac=OTHER_MAC).address == "192.168.70.11"


def test_a_new_machine_is_answered_once_its_file_is_there(lan: Lan, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path) as server:
        (tmp_path / "machines" / "more.yaml").write_text(f"machines:\n{OTHER}")
        assert server.until(events.RecordsLoaded).machines == 2
        discover(lan, OTHER_MAC)

        assert server.until(events.OfferSent, mac=OTHER_MAC)


def test_a_broken_file_keeps_the_last_good_records(lan: Lan, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path) as server:
        broken = tmp_path / "machines" / "machines.yaml"
        broken.write_text(RECORD.replace("gateway", "gatewya"))
        (fault,) = server.until(events.RecordsRefused).faults
        assert fault.startswith(f"{broken}:")
        assert '"gatewya"' in fault
        discover(lan, MAC)

        assert server.until(events.AckSent, mac=MAC)


def test_settings_that_need_a_restart_say_so(lan: Lan, tmp_path: Path) -> None:
    config = tmp_path / "boots.toml"
    config.write_text("[http]\nport = 8080\n")
    osie(tmp_path)
    with boots(lan.server, tmp_path, "--config", config) as server:
        config.write_text("[http]\nport = 8081\n[dhcp]\nlease_time = 600\n")
        server.signal(signal.SIGHUP)
        why = server.until(events.SettingsRefused).why
        server.until(events.RecordsLoaded)

        assert why.startswith("http.port: changed, which needs a restart")
        done = run(lan.client, need("curl"), "-s", f"{URL}/{MAC}/auto.ipxe")
        assert f"{URL}/" in done.stdout


def test_osie_that_is_built_later_is_served(lan: Lan, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path) as server:
        new = tmp_path / "osie.new"
        new.mkdir()
        (new / "vmlinuz-x86_64").write_bytes(b"kernel")
        new.rename(tmp_path / "osie")
        server.until(events.RecordsLoaded)

        done = run(lan.client, need("curl"), "-s", f"{URL}/osie/vmlinuz-x86_64")
        assert done.stdout == "kernel"


# --- stop


def test_a_stopping_server_tells_who_downloads_and_ends_well(lan: Lan, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    with (files / "large").open("wb") as file:
        file.truncate(200 << 20)
    url = f"{SERVER.ip}/large"
    curl = [need("curl"), "-sS", "--limit-rate", "1M", "-o", "/dev/null"]
    with (
        boots(lan.server, tmp_path, "--boot-files", files) as server,
        started(lan.client, *curl, f"http://{SERVER.ip}:8080/large"),
        started(lan.client, *curl, f"tftp://{url}") as by_tftp,
    ):
        server.until(events.TransferProgressed, door="http")
        server.until(events.TransferStarted, door="tftp")
        server.stop()

        assert [each.why for each in server.told(events.TransferFailed)] == [
            "the server is stopping",
            "the server is stopping",
        ]
        assert by_tftp.wait(10) != 0


def test_sigint_ends_it_as_well(lan: Lan, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path) as server:
        server.signal(signal.SIGINT)
        server.process.wait(10)

        assert server.told_last() == events.ServerStopped(why="SIGINT")


# --- what keeps it from starting


def test_a_port_that_is_held_names_who_holds_it(lan: Lan, tmp_path: Path) -> None:
    with network.within(lan.server):
        held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        held.bind(("0.0.0.0", 67))
    with held:
        said = refusal(launch(lan.server, tmp_path))

    name = Path("/proc/self/comm").read_text().strip()
    assert said == (
        f"boots: port 67/udp on {LAN} is held by {name}, pid {os.getpid()}; "
        "stop it, or choose another port in the settings\n"
    )


def test_an_interface_that_is_not_there_names_those_that_are(lan: Lan, tmp_path: Path) -> None:
    said = refusal(launch(lan.server, tmp_path, interfaces=["lan1"]))

    assert said == 'boots: there is no interface "lan1"; this machine has lan0, lo\n'


def test_an_interface_without_an_address_says_what_to_do(lan: Lan, tmp_path: Path) -> None:
    run(lan.server, need("ip"), "address", "flush", "dev", LAN)

    assert refusal(launch(lan.server, tmp_path)) == (
        "boots: lan0 has no IPv4 address; give it one (ip address add …), or wait for it\n"
    )


def test_without_privileges_it_says_which_it_needs(lan: Lan, tmp_path: Path) -> None:
    assert refusal(launch(lan.server, tmp_path, before=free_of_root())) == (
        "boots: port 67/udp on lan0 needs root, CAP_NET_BIND_SERVICE and CAP_NET_RAW, "
        "or systemd's sockets\n"
    )


def test_a_record_with_a_mistake_keeps_it_from_starting(lan: Lan, tmp_path: Path) -> None:
    said = refusal(launch(lan.server, tmp_path, records="machines: [{mac: 1}]"))

    assert f"{tmp_path}/machines/machines.yaml:1" in said


# --- several interfaces


def test_each_interface_has_a_site_of_its_own(tmp_path: Path) -> None:
    near, far = IPv4Interface("192.168.73.10/24"), IPv4Interface("192.168.74.10/24")
    records = (
        "machines:\n"
        f"  - {{name: one, mac: '{MAC}', address: {near}}}\n"
        f"  - {{name: two, mac: '{OTHER_MAC}', address: {far}}}\n"
    )
    osie(tmp_path)
    with (
        space() as middle,
        space() as one,
        space() as two,
        cable(middle, ("lan0", IPv4Interface("192.168.73.1/24")), one, (NIC, near)),
        cable(middle, ("lan1", IPv4Interface("192.168.74.1/24")), two, (NIC, far)),
        boots(middle, tmp_path, records=records, interfaces=["lan0", "lan1"]) as server,
    ):
        for client, mac, address, interface in (
            (one, MAC, "192.168.73.1", "lan0"),
            (two, OTHER_MAC, "192.168.74.1", "lan1"),
        ):
            discover(Lan(middle, client), mac)
            assert server.until(events.OfferSent, mac=mac).interface == interface
            url = f"http://{address}:8080/auto.ipxe"
            script = run(client, need("curl"), "-s", url).stdout
            assert f"http://{address}:8080/{mac}" in script
            assert run(client, need("curl"), "-s", f"tftp://{address}/auto.ipxe").stdout != ""


# --- a narrow place on the way


def test_tftp_goes_on_where_a_link_on_the_way_is_narrow(tmp_path: Path) -> None:
    """The first large block is lost; ICMP tells our kernel, and it sends in fragments."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "file").write_bytes(b"0123456789" * 50_000)
    up, down = IPv4Interface("192.168.75.2/24"), IPv4Interface("192.168.76.1/24")
    server, client = IPv4Interface("192.168.75.1/24"), IPv4Interface("192.168.76.10/24")
    records = f"machines: [{{name: one, mac: '{MAC}', address: {client}}}]\n"
    with (
        space() as near,
        space() as router,
        space() as far,
        cable(router, ("up0", up), near, (LAN, server)),
        cable(router, ("down0", down), far, (NIC, client)),
        boots(near, tmp_path, "--boot-files", files, records=records) as running,
    ):
        network.forward(router)
        network.route(client.network, up.ip, near)
        network.route(server.network, down.ip, far)
        run(router, need("ip"), "link", "set", "dev", "down0", "mtu", "1280")
        out = tmp_path / "out"
        words = ["--tftp-blksize", "1468", "-o", out, f"tftp://{server.ip}/file"]
        run(far, need("curl"), "-s", *words)

        assert out.read_bytes() == b"0123456789" * 50_000
        assert running.until(events.TransferFinished).seconds < 5
        assert running.told(events.TransferFailed) == []


def test_a_client_alone_cannot_use_up_the_descriptors(lan: Lan, tmp_path: Path) -> None:
    """With the few descriptors that a shell allows, it takes more, as it may."""
    limit = [need("prlimit"), "--nofile=64:4096"]
    with boots(lan.server, tmp_path, before=limit) as server:
        limits = Path(f"/proc/{server.process.pid}/limits").read_text()

        assert "4096                 4096                 files" in limits


def test_it_is_the_module_that_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "boots", "serve"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    )

    assert done.returncode == 2
    assert done.stderr.startswith("boots: no interface to serve; give --interface")

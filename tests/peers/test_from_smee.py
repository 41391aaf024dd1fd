"""A server that knows nothing but the environment and the file of a stand-alone Smee."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.peers.conftest import (
    CLIENT,
    LAN,
    MAC,
    NIC,
    SERVER,
    Boots,
    Lan,
    lan_with,
    need,
    run,
)

from boots.journal import events
from boots.lab import network

pytestmark = pytest.mark.peers

# The form of Smee's file backend; the second machine may not boot.
HARDWARE = f"""\
"{MAC}":
  ipAddress: "{CLIENT.ip}"
  subnetMask: "255.255.255.0"
  defaultGateway: "{SERVER.ip}"
  nameServers: ["192.168.70.53"]
  hostname: "one"
  leaseTime: 7200
  netboot: {{allowPxe: true, facility: "onprem"}}
"52:54:00:70:00:11":
  ipAddress: "192.168.70.11"
  subnetMask: "255.255.255.0"
  netboot: {{allowPxe: false}}
"""
SCRIPT = """\
#!/bin/sh
[ "$1" = bound ] && env
"""
ROM = ("-V", "PXEClient:Arch:00007:UNDI:003000", "-x", "0x5d:0007", "-x", "0x5e:010300")
IPXE = (*ROM, "-x", "0x4d:54696e6b657262656c6c")  # user class "Tinkerbell"


@pytest.fixture(scope="module")
def place() -> Iterator[Lan]:
    with lan_with() as made:
        yield made


@pytest.fixture(scope="module")
def server(place: Lan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boots]:
    folder = tmp_path_factory.mktemp("smee")
    (folder / "hardware.yaml").write_text(HARDWARE)
    (folder / "files").mkdir()
    (folder / "files" / "snponly.efi").write_bytes(b"MZ" * 4000)
    smee = {
        "SMEE_BACKEND_FILE_ENABLED": "true",
        "SMEE_BACKEND_FILE_PATH": str(folder / "hardware.yaml"),
        "SMEE_BACKEND_KUBE_ENABLED": "false",
        "SMEE_DHCP_IFACE": LAN,
        "SMEE_DHCP_ADDR": "0.0.0.0:67",
        "SMEE_HTTP_PORT": "9080",
        "SMEE_OSIE_URL": f"http://{SERVER.ip}:9090/hook",
        "SMEE_TINK_SERVER": f"{SERVER.ip}:42113",
        "SMEE_EXTRA_KERNEL_ARGS": "tink_worker_image=example/worker:v1",
        "SMEE_IPXE_SCRIPT_RETRIES": "3",
        "SMEE_LOG_LEVEL": "debug",
        "SMEE_SERVICE_HOST": "10.0.0.1",
    }
    own = {
        "BOOTS_BOOT_FILES": str(folder / "files"),
        "BOOTS_JOURNAL": str(folder / "journal.jsonl"),
        "BOOTS_CACHE": str(folder / "cache"),
        "BOOTS_BOOT_OSIE": str(folder / "osie"),
        "BOOTS_STATE": str(folder / "state"),
    }
    with running(place, folder, smee | own) as process:
        yield process


@contextlib.contextmanager
def running(place: Lan, folder: Path, environment: dict[str, str]) -> Iterator[Boots]:
    errors = folder / "errors.txt"
    words = [*network.in_namespace(place.server), sys.executable, "-m", "boots", "serve"]
    with errors.open("wb") as output:
        process = subprocess.Popen(
            [*words, "--from-smee"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
        )
    server = Boots(process, time.monotonic(), folder / "journal.jsonl", errors)
    try:
        server.until(events.ServerStarted)
        yield server
        server.stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def udhcpc(place: Lan, folder: Path, *more: str) -> dict[str, str]:
    script = folder / "script"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    words = [need("busybox"), "udhcpc", "-f", "-q", "-n", "-t", "3", "-T", "1", "-i", NIC]
    done = run(place.client, *words, "-s", script, *more)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def test_a_netboot_goes_from_the_rom_to_hooks_script(
    place: Lan, server: Boots, tmp_path: Path
) -> None:
    rom = udhcpc(place, tmp_path, *ROM)
    assert (str(CLIENT.ip), "7200") == (rom["ip"], rom["lease"])
    assert (str(SERVER.ip), "snponly.efi") == (rom["siaddr"], rom["boot_file"])

    out = tmp_path / "snponly.efi"
    tftp = [need("busybox"), "tftp", "-g", "-r", rom["boot_file"], "-l", out, rom["siaddr"]]
    run(place.client, *tftp)
    assert b"MZ" * 4000 == out.read_bytes()

    ipxe = udhcpc(place, tmp_path, *IPXE)
    assert f"http://{SERVER.ip}:9080/{MAC}/auto.ipxe" == ipxe["boot_file"]
    script = run(place.client, need("curl"), "-s", ipxe["boot_file"]).stdout
    assert script.startswith("#!ipxe\n")
    for said in (
        f"http://{SERVER.ip}:9090/hook/vmlinuz-x86_64",
        f"http://{SERVER.ip}:9090/hook/initramfs-x86_64",
        f"grpc_authority={SERVER.ip}:42113",
        f"worker_id={MAC}",
        "facility=onprem",
        "tink_worker_image=example/worker:v1",
        "retries:int32 3",
    ):
        assert said in script


def test_smees_own_paths_lead_to_the_same(place: Lan, server: Boots) -> None:
    base = f"http://{SERVER.ip}:9080"
    paths = ("auto.ipxe", f"{MAC}/auto.ipxe", f"ipxe/script/{MAC}/auto.ipxe")
    scripts = {run(place.client, need("curl"), "-s", f"{base}/{path}").stdout for path in paths}

    assert 1 == len(scripts)
    assert scripts.pop().startswith("#!ipxe\n")


def test_a_machine_that_may_not_boot_gets_no_script(place: Lan, server: Boots) -> None:
    url = f"http://{SERVER.ip}:9080/52:54:00:70:00:11/auto.ipxe"
    done = run(place.client, need("curl"), "-s", "-w", "%{http_code}", url)

    assert "netboot is off for this machine\n403" == done.stdout


def test_the_log_begins_with_what_was_taken_and_what_was_not(server: Boots) -> None:
    log = server.errors.read_text()

    assert log.startswith("Settings of Smee 2025:\n")
    assert f'  SMEE_DHCP_IFACE: interfaces = ["{LAN}"]\n' in log
    assert "  SMEE_SERVICE_HOST: ignored; Kubernetes tells of a service by it\n" in log


def test_without_a_backend_every_machine_boots_hook(tmp_path: Path) -> None:
    environment = {
        "TINKERBELL_BACKEND": "none",
        "TINKERBELL_DHCP_MODE": "auto-proxy",
        "TINKERBELL_DHCP_BIND_INTERFACE": LAN,
        "TINKERBELL_IPXE_HTTP_SCRIPT_OSIE_URL": f"http://{SERVER.ip}:9090",
        "TINKERBELL_IPXE_HTTP_SCRIPT_KERNEL_NAME": "captain",
        "BOOTS_JOURNAL": str(tmp_path / "journal.jsonl"),
        "BOOTS_CACHE": str(tmp_path / "cache"),
        "BOOTS_STATE": str(tmp_path / "state"),
    }
    url = f"http://{SERVER.ip}:7080/ipxe/script/52:54:00:70:00:77/auto.ipxe"
    with lan_with() as lan, running(lan, tmp_path, environment):
        script = run(lan.client, need("curl"), "-s", url).stdout

    assert f"kernel http://{SERVER.ip}:9090/captain-${{arch}} " in script
    assert "worker_id=52:54:00:70:00:77" in script
    assert f"grpc_authority={SERVER.ip}:42113" in script

"""Power-on to OSIE's first word: Boots, and dnsmasq tuned by hand, in the same run, in turns.

    sudo .venv/bin/python bench/waits.py --osie build/osie --rounds 3

Both hand out the same files: the iPXE of the ladder, one script, OSIE's kernel and initramfs.
dnsmasq has all that shortens a boot: no address ping, no wait for a proxyDHCP server
(175.176), router advertisements, a script for iPXE's autoexec; busybox's httpd serves the files.
With --loss every hundredth UDP packet or so is dropped on its way, in both directions.
"""

import argparse
import contextlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from boots.lab import accelerator, isolation, topology
from boots.lab.firmware import Firmware
from boots.lab.machine import VirtualMachine
from boots.lab.qemu import Files, Spec
from boots.lab.server import Server
from boots.lab.words import MAC, UUID

SERVER = "192.168.77.1"
IPXE = Path("/usr/lib/ipxe")
MARK = "OSIE: network up"
RECORD = f"""\
machines:
  - {{name: demo-1, mac: "{MAC}", address: 192.168.77.10/24, gateway: {SERVER}}}
"""
ARGS = "console=tty0 console=ttyS0,115200 panic=30"
SCRIPT = f"""\
#!ipxe
kernel http://{SERVER}:8080/vmlinuz-x86_64 initrd=initramfs-x86_64 {ARGS}
initrd http://{SERVER}:8080/initramfs-x86_64
boot
"""
AUTOEXEC = f"#!ipxe\nifopen ||\nisset ${{ip}} || dhcp ||\nchain http://{SERVER}:8080/auto.ipxe\n"
DNSMASQ = f"""\
port=0
user=root
interface={topology.BRIDGE}
bind-interfaces
leasefile-ro
no-ping
log-facility=-
dhcp-authoritative
dhcp-range=192.168.77.0,static
dhcp-host={MAC},192.168.77.10
dhcp-option=3,{SERVER}
enable-tftp
tftp-root=TFTP
dhcp-userclass=set:ipxe,iPXE
dhcp-vendorclass=set:http,HTTPClient
dhcp-match=set:uefi,option:client-arch,7
dhcp-option-force=tag:ipxe,encap:175,176,1b
dhcp-option-force=tag:http,60,HTTPClient
dhcp-boot=tag:ipxe,http://{SERVER}:8080/auto.ipxe
dhcp-boot=tag:!ipxe,tag:http,http://{SERVER}:8080/snponly.efi
dhcp-boot=tag:!ipxe,tag:uefi,snponly.efi
dhcp-boot=tag:!ipxe,tag:!uefi,tag:!http,undionly.kpxe
enable-ra
dhcp-range=fd00:77::,ra-only
"""
LOSS = """\
table netdev lab {{
  chain in {{ type filter hook ingress device {tap} priority 0;
    meta l4proto udp numgen random mod 1000 < {rate} drop; }}
  chain out {{ type filter hook egress device {tap} priority 0;
    meta l4proto udp numgen random mod 1000 < {rate} drop; }}
}}
"""


@dataclass(frozen=True)
class Given:
    """What every boot has in common."""

    osie: Path
    boot_files: Path | None
    loss: float


def published(folder: Path, given: Given) -> Path:
    """The files that both servers hand out, for the one that has only a folder."""
    folder.mkdir()
    newer = given.boot_files.iterdir() if given.boot_files else ()
    kernel = given.osie / "vmlinuz-x86_64"
    for file in (kernel, given.osie / "initramfs-x86_64", *IPXE.iterdir(), *newer):
        if file.is_file():
            shutil.copyfile(file, folder / file.name)
    (folder / "auto.ipxe").write_text(SCRIPT)
    (folder / "autoexec.ipxe").write_text(AUTOEXEC)
    return folder


@contextlib.contextmanager
def by_dnsmasq(work: Path, given: Given) -> Iterator[None]:
    """DHCP, TFTP and router advertisements by dnsmasq, HTTP by busybox."""
    folder = published(work / "www", given)
    settings = work / "dnsmasq.conf"
    settings.write_text(DNSMASQ.replace("TFTP", str(folder)))
    subprocess.run(
        ["ip", "-6", "address", "add", "fd00:77::1/64", "dev", topology.BRIDGE, "nodad"], check=True
    )
    with (work / "dnsmasq.log").open("wb") as log:
        running = [
            subprocess.Popen(["dnsmasq", "-k", "-C", str(settings)], stdout=log, stderr=log),
            subprocess.Popen(
                ["busybox", "httpd", "-f", "-p", f"{SERVER}:8080", "-h", str(folder)],
                stdout=log,
                stderr=log,
            ),
        ]
    time.sleep(1)
    try:
        yield
    finally:
        for process in running:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def by_boots(work: Path, given: Given) -> Iterator[None]:
    """Boots with one record."""
    (work / "machines.yaml").write_text(RECORD)
    command = [
        *(sys.executable, "-m", "boots", "serve", "--interface", topology.BRIDGE),
        *("--machines", str(work / "machines.yaml"), "--osie", str(given.osie)),
        *(("--boot-files", str(given.boot_files)) if given.boot_files else ()),
        *("--journal", str(work / "journal.jsonl")),
    ]
    with Server.start(command, work / "journal.jsonl", work / "server.log") as server:
        server.wait_until_ready()
        yield


SERVERS = {"Boots": by_boots, "dnsmasq": by_dnsmasq}


def boot(server: str, firmware: Firmware, given: Given) -> float:
    """Seconds from power-on to OSIE's first word of its network."""
    work = Path(tempfile.mkdtemp(prefix="boots-waits-"))
    with topology.direct() as place, SERVERS[server](work, given):
        if given.loss:
            rules = LOSS.format(tap=place.tap, rate=round(given.loss * 10))
            subprocess.run(["nft", "-f", "-"], input=rules.encode(), check=True)
        spec = Spec(firmware=firmware, mac=MAC, uuid=UUID, tap=place.tap)
        with VirtualMachine.start(spec, Files(work / "machine"), accelerator.choose()) as machine:
            while time.time() - machine.started < 180:
                if any(MARK in line for line in machine.new_lines()):
                    return time.time() - machine.started
                if machine.ended:
                    break
                time.sleep(0.02)
    raise SystemExit(f"{server}, {firmware.value}: no boot; see {work}")


def main() -> None:
    """Boot in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--osie", type=Path, required=True)
    parser.add_argument("--boot-files", type=Path, help="an iPXE that is not the installed one")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loss", type=float, default=0, help="per cent of UDP packets")
    parser.add_argument(
        "--firmware", nargs="*", default=["bios", "bios-chain", "uefi", "uefi-http"]
    )
    options = parser.parse_args()
    isolation.enter([sys.executable, str(Path(sys.argv[0]).absolute()), *sys.argv[1:]])
    newer = options.boot_files.absolute() if options.boot_files else None
    given = Given(options.osie.absolute(), newer, options.loss)
    print(f"seconds from power-on to OSIE's network, {options.loss} % of UDP lost")
    for name in options.firmware:
        taken: dict[str, list[float]] = {server: [] for server in SERVERS}
        for _ in range(options.rounds):
            for server in SERVERS:
                seconds = boot(server, Firmware(name), given)
                taken[server].append(seconds)
        line = "   ".join(
            f"{server} {statistics.median(times):5.1f} ({min(times):.1f} to {max(times):.1f})"
            for server, times in taken.items()
        )
        ratio = statistics.median(taken["Boots"]) / statistics.median(taken["dnsmasq"])
        print(f"{name:10}  {line}   ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()

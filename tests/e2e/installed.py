"""A Debian with Boots installed as docs/howto/install.md says, and systemd as its first process.

Packages come from where this machine's apt has them, Python's by the hashes of the release; the
machine's second serial port has a shell, by which tests look inside.
"""

import base64
import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Interface
from pathlib import Path

from tests.peers.conftest import need

from boots.lab import accelerator, network
from boots.lab.firmware import Firmware
from boots.lab.machine import VirtualMachine
from boots.lab.qemu import Files, Spec
from boots.osie import archives

ROOT = Path(__file__).parents[2]
UV, PIP = (ROOT / ".tools" / "bin" / name for name in ("uv", "pip"))
UNITS = ROOT / "packaging" / "systemd"

HOST = IPv4Interface("192.168.78.1/24")
BRIDGE, TAP = "br-lab", "tap-lab"
MAC, UUID = "52:54:00:78:00:01", "4c4c4544-0078-4000-8000-000000000001"
PACKAGES = (
    *("linux-image-cloud-amd64", "initramfs-tools", "systemd-sysv", "udev", "dbus", "kmod"),
    *("iproute2", "procps", "python3-venv", "ipxe", "curl"),
)
SETTINGS = """\
interfaces = ["eth0"]
machines = ["machines"]
journal = "/var/log/boots/journal.jsonl"
"""
NETWORK = f"""\
[Match]
Name=eth0
[Network]
Address={HOST}
"""
# Emulated, a start takes half a minute of which a host needs one second.
SLOW = """\
[Service]
TimeoutStartSec=300
TimeoutStopSec=120
"""
# One line of base64 is a command, one line its status and what it said.
SHELL = """\
[Unit]
Description=A shell for the tests
[Service]
StandardInput=tty-force
StandardOutput=tty
TTYPath=/dev/ttyS1
ExecStart=/bin/bash /usr/local/sbin/answer
[Install]
WantedBy=multi-user.target
"""
ANSWER = """\
stty raw -echo
echo ready
while read -r asked; do
  base64 -d <<<"$asked" >/run/asked
  said=$(bash /run/asked 2>&1 </dev/null); status=$?
  printf '%s %s\\n' "$status" "$(printf %s "$said" | base64 -w0)"
done
"""
# The commands of docs/howto/install.md, from wheels that are at hand.
INSTALL = """\
set -e
python3 -m venv /opt/boots
/opt/boots/bin/pip install -q --no-index --find-links /wheels 'boots-netboot[postgres]'
rm -r /wheels
ln -s /opt/boots/bin/boots /usr/bin/boots
install -d /etc/boots/machines
systemctl enable boots systemd-networkd shell
passwd -q -d root
useradd -m somebody
echo secret >/home/somebody/theirs
"""


def disk(folder: Path, records: str) -> Path:
    """The folder of a kernel, its initrd, and a disk with the system."""
    tree = folder / "tree"
    wheels = _wheels(folder / "wheels")
    put = folder / "put"
    for name, text in {
        "etc/boots/boots.toml": SETTINGS,
        "etc/boots/machines/machines.yaml": records,
        "etc/systemd/network/eth0.network": NETWORK,
        "etc/systemd/system/shell.service": SHELL,
        "etc/systemd/system/boots.service.d/slow.conf": SLOW,
        "usr/local/sbin/answer": ANSWER,
        "etc/hostname": "netboot\n",
        "etc/fstab": "/dev/vda / ext4 defaults 0 1\n",
        "install": INSTALL,
        **{f"etc/systemd/system/{unit.name}": unit.read_text() for unit in UNITS.iterdir()},
    }.items():
        place = put / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    _installed(tree, (put, wheels))
    for name in ("vmlinuz", "initrd.img"):
        (folder / name).write_bytes((tree / name).resolve().read_bytes())
    image = folder / "disk.img"
    with image.open("wb") as file:
        file.truncate(2 << 30)
    words = ["-q", "-F", "-t", "ext4", "-E", "root_owner=0:0", "-d", tree, image]
    subprocess.run([need("mke2fs"), *words], check=True)
    subprocess.run(["rm", "-rf", tree], check=True)
    return folder


def _installed(tree: Path, put: tuple[Path, Path]) -> None:
    found = archives.host_sources()
    files, wheels = put
    subprocess.run(
        [
            *(need("mmdebstrap"), "--quiet", "--variant=minbase", "--format=directory"),
            f"--include={','.join(PACKAGES)}",
            '--aptopt=APT::Install-Recommends "false"',
            "--dpkgopt=force-unsafe-io",
            *(f"--aptopt={each}" for each in archives.proxies()),
            f"--customize-hook=cp -r {files}/. $1/",
            f"--customize-hook=cp -r {wheels} $1/wheels",
            "--customize-hook=chroot $1 sh /install",
            "--customize-hook=rm $1/install",
            *(archives.release(found), str(tree), *archives.lines(found)),
        ],
        check=True,
    )


def _wheels(folder: Path) -> Path:
    """What the project is made into, and what that needs, by the hashes of the release."""
    for source in (ROOT, ROOT / "agent"):
        subprocess.run([UV, "build", "-q", "--wheel", "-o", folder, source], check=True)
    lock = ROOT / "packaging" / "container" / "run.lock"
    words = ["-q", "--require-hashes", "--only-binary=:all:", "-d", folder, "-r", lock]
    subprocess.run([PIP, "download", *words], check=True)
    return folder


@dataclass
class Installed:
    """The machine while it runs; `ask` is its shell."""

    machine: VirtualMachine
    shell: socket.socket
    console: list[str] = field(default_factory=list)
    _begun: bytes = b""

    def ask(self, command: str, within: float = 120) -> tuple[int, str]:
        """A command's status and what it said."""
        self.shell.sendall(base64.b64encode(command.encode()) + b"\n")
        status, _, said = self._line(within).partition(b" ")
        return int(status), base64.b64decode(said).decode()

    def says(self, command: str, within: float = 120) -> str:
        """What a command says that must end well."""
        status, said = self.ask(command, within)
        assert status == 0, f"{command}: {status}: {said}"
        return said

    def up(self, within: float = 300) -> None:
        """Wait for its shell, after each start."""
        while not self._line(within).endswith(b"ready"):
            pass

    def heard(self) -> list[str]:
        """All that its console said."""
        self.console += self.machine.new_lines()
        return self.console

    def _line(self, within: float) -> bytes:
        deadline = time.monotonic() + within
        while b"\n" not in self._begun:
            self.shell.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                more = self.shell.recv(65536)
            except TimeoutError:
                more = b""
            assert more, "it does not answer: " + "\n".join(self.heard()[-60:])
            self._begun += more
        line, _, self._begun = self._begun.partition(b"\n")
        return line.rstrip(b"\r")


@contextlib.contextmanager
def running(place: Path) -> Iterator[Installed]:
    """The machine, switched on, on a bridge of the namespace that we are in."""
    shell = place / "shell"
    kernel = "root=/dev/vda rw console=ttyS0 net.ifnames=0 no_timer_check"
    hardware = (
        *("-chardev", f"socket,id=shell,path={shell},server=on,wait=off"),
        *("-serial", "chardev:shell"),
        *("-kernel", str(place / "vmlinuz"), "-initrd", str(place / "initrd.img")),
        *("-append", kernel),
    )
    spec = Spec(
        *(Firmware.BIOS, MAC, UUID, TAP),
        memory=1024,
        processors=2,
        disk=2048,
        reboot=True,
        contents=str(place / "disk.img"),
        hardware=hardware,
    )
    with contextlib.ExitStack() as made:
        made.enter_context(network.bridge(BRIDGE))
        made.enter_context(network.tap(TAP, BRIDGE))
        files = Files(place / "machine")
        machine = made.enter_context(VirtualMachine.start(spec, files, accelerator.choose()))
        door = made.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        door.connect(str(shell))
        yield Installed(machine, door)

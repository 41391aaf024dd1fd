"""What a boot in the lab is asked to be, what who looks on is shown, and what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from boots.journal.events import Entry
from boots.lab.firmware import Firmware
from boots.lab.stages import Boot, Stage, Status

MAC = "52:54:00:77:00:01"
UUID = "4c4c4544-0077-4000-8000-000000000001"

RECORD = """\
machines:
  - name: demo-1
    mac: "52:54:00:77:00:01"
    address: 192.168.77.10/24
    gateway: 192.168.77.1
    then: poweroff
"""


@dataclass(frozen=True)
class BootOptions:
    """One boot: what starts, where, from which files.  All of it can be written as JSON."""

    osie: str
    """The directory with OSIE's kernel and initrd, as ``boots osie build`` leaves it."""
    work: str = ""
    """The directory for records, journal, console and capture; empty: a new temporary one."""
    firmware: Firmware = Firmware.BIOS
    relay: bool = False
    """Whether the server is behind a router that relays DHCP."""
    beside: bool = False
    """Whether another DHCP server gives the addresses."""
    link: str = ""
    """What befalls frames from machine to server and back (`boots.lab.said`); empty: nothing."""
    timeout: float = 180
    """Seconds from power-on after which the boot counts as failed."""
    goal: Stage = Stage.POWER_OFF
    """The stage that ends the boot well; before the last one, the machine's plug is pulled."""
    until: str = ""
    """What ends the boot well in place of the goal: text of the machine's console, or of its
    syslog."""
    record: str = RECORD
    """The machine's record, YAML; its MAC must be `MAC`."""
    memory: int = 768
    """MiB."""
    disk: int = 1024
    """MiB; 0 for none."""
    contents: str = ""
    """A file that the disk begins as a copy of at power-on; empty: so is the disk."""
    disk_first: bool = False
    """Whether its firmware tries its disk before the network."""
    program: str = "undionly.kpxe"
    """The boot file that the ROM of `Firmware.BIOS_CHAIN` loads."""
    authority: str = ""
    """A file with the certificate (DER) that its UEFI firmware trusts for HTTPS; empty: none."""
    disc: str = ""
    """What is in its disc drive: a file, or an ``http`` URL; empty: it has no drive."""
    serial: str = "BOOTS-LAB-1"
    reboot: bool = False
    """Whether a restarted machine goes on."""
    hardware: tuple[str, ...] = ()
    """What it has besides, in QEMU's words."""
    packets: bool = True
    """Whether to record the packets, where tcpdump is there."""
    announcement: str = ""
    """A frame in hex that the machine's switch port sends every second, as LLDP; empty: none."""
    server: tuple[str, ...] = ()
    """The server's command; empty: this program's own ``serve``."""
    server_arguments: tuple[str, ...] = ()
    """More arguments for the server, after those that the lab gives."""


@dataclass(frozen=True)
class Snapshot:
    """What a watcher is shown, several times a second."""

    boot: Boot
    console: tuple[str, ...]
    """The last lines of the machine's console."""
    now: float
    note: str = ""


Watcher = Callable[[Snapshot], None]


@dataclass(frozen=True)
class StageTime:
    """One stage in a result; times in seconds after power-on, None when it did not happen."""

    stage: Stage
    status: Status
    began: float | None = None
    ended: float | None = None
    detail: str = ""
    why: str = ""


@dataclass(frozen=True)
class BootResult:
    """What came of a boot, and where the evidence lies."""

    ok: bool
    seconds: float
    """From power-on to the last event."""
    stages: tuple[StageTime, ...]
    ending: str | None
    reason: str
    """Why it went no further; empty when `ok`."""
    work: str
    entries: tuple[Entry, ...] = ()
    console_text: str = ""
    inventory: Mapping[str, object] | None = None

    def of(self, stage: Stage) -> StageTime:
        """One stage's line; raises KeyError for one that this firmware does not have."""
        for line in self.stages:
            if line.stage is stage:
                return line
        raise KeyError(stage)

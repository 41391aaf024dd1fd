"""Machines: what we know of one computer we may boot, whatever form its record had."""

import enum
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any, SupportsBytes

from boots.model.bmc import Bmc
from boots.model.mac import Mac
from boots.model.word import Word


class Architecture(enum.Enum):
    """CPU and firmware kind of a client, as far as it chooses a boot file."""

    BIOS = "bios"
    IA32_UEFI = "ia32-uefi"
    X64_UEFI = "x64-uefi"
    ARM32_UEFI = "arm32-uefi"
    ARM64_UEFI = "arm64-uefi"
    RISCV64_UEFI = "riscv64-uefi"
    LOONG64_UEFI = "loong64-uefi"
    UNKNOWN = "unknown"


class Then(enum.Enum):
    """What OSIE does once the machine's inventory has reached us."""

    IDLE = "idle"
    REBOOT = "reboot"
    POWEROFF = "poweroff"


STORE = "the store"
"""Where a record stands that was made through the API, in place of a file's name."""


class Place(Word, frozen=True):
    """Where a record stands: a file, and the line it begins on (from 1; 0 where there is none)."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Route(Word, frozen=True):
    """A classless static route: packets for `network` go to `router`."""

    network: IPv4Network
    router: IPv4Address


class Reservation(Word, frozen=True):
    """An address fixed for a MAC by people, and what goes with it.

    `prefix` is the length of the netmask.  `lease_time` is in seconds, 0 for the site's own.
    `boot_server` and `boot_file` are options 66 and 67 exactly as written: with them a switch or
    an appliance gets plain DHCP and no netboot answer of ours.
    `options` holds further DHCP options, raw, by code: they replace what we would have sent.
    """

    address: IPv4Address
    prefix: int
    gateway: IPv4Address | None = None
    broadcast: IPv4Address | None = None
    name_servers: tuple[IPv4Address, ...] = ()
    ntp_servers: tuple[IPv4Address, ...] = ()
    host_name: str = ""
    domain: str = ""
    search: tuple[str, ...] = ()
    lease_time: int = 0
    routes: tuple[Route, ...] = ()
    boot_server: str = ""
    boot_file: str = ""
    options: Mapping[int, bytes] = {}

    @property
    def netmask(self) -> IPv4Address:
        """The netmask as an address."""
        return IPv4Address((0xFFFFFFFF << (32 - self.prefix)) & 0xFFFFFFFF)


class RaspberryPi(Word, frozen=True):
    """What a Raspberry Pi's own loader asks for below its serial number.

    `folder` is where its firmware stands among the boot files, `config` what config.txt says.
    """

    serial: str
    folder: str = ""
    config: str = ""

    @property
    def asks_below(self) -> str:
        """The folder it asks in: the last eight digits of the serial number.

        ``/proc/cpuinfo`` has sixteen, and its loader's screen eight.
        """
        return self.serial.lower()[-8:]


class Netboot(Word, frozen=True):
    """What an interface boots over the network, if it may.

    At most one of `script`, `script_url` and `profile` is used, in this order.
    `boot_file` replaces the boot file that the architecture would get; `boot_files` does so for
    the architectures it names, and wins over it.
    `osie_url`, `kernel` and `initrd` point OSIE's profile at another kernel, as Tinkerbell's
    ``netboot.osie`` does.
    `pxelinux` is the text of ``pxelinux.cfg/01-…``, `iso_url` the image of the ISO endpoint.
    """

    allowed: bool = True
    profile: str = ""
    script: str = ""
    script_url: str = ""
    boot_file: str = ""
    boot_files: Mapping[Architecture, str] = {}
    osie_url: str = ""
    kernel: str = ""
    initrd: str = ""
    kernel_args: tuple[str, ...] = ()
    console: str = ""
    pxelinux: str = ""
    raspberry_pi: RaspberryPi | None = None
    iso_url: str = ""


class Interface(Word, frozen=True):
    """One network interface of a machine.  With `dhcp` off it never gets an answer from us."""

    mac: Mac
    reservation: Reservation | None = None
    netboot: Netboot = Netboot()
    dhcp: bool = True
    vlan: str = ""


class Metadata(Word, frozen=True):
    """What the system that runs next wants to know of its machine, for cloud-init and its like.

    `values` are free words that a person gave the machine, for the templates of profiles.
    """

    instance_id: str = ""
    user_data: str = ""
    vendor_data: str = ""
    ssh_keys: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    plan: str = ""
    values: Mapping[str, str] = {}


class Machine(Word, frozen=True):
    """One computer we may boot.

    `cpu` is the machine's own word (``x86_64``, ``aarch64``), used in kernel file names.
    `record` is the whole record as JSON, so that nothing a person wrote is lost on us; ``bytes()``
    of it, as it may be kept compressed.
    """

    name: str
    interfaces: tuple[Interface, ...]
    place: Place
    cpu: str = "x86_64"
    then: Then = Then.IDLE
    agent_id: str = ""
    facility: str = ""
    metadata: Metadata = Metadata()
    bmc: Bmc | None = None
    record: SupportsBytes = b"{}"


class Known(Word, frozen=True):
    """A machine, and the one of its interfaces that is asking.

    A `stranger` has no record: its machine is made up from its MAC, and from its lease if it
    has one.  `held` says why it may boot nothing for a while; empty for most.  `ticket` is what
    OSIE's agent begins its session with, where a run waits for the machine.
    """

    machine: Machine
    interface: Interface
    stranger: bool = False
    held: str = ""
    ticket: str = ""

    @property
    def mac(self) -> Mac:
        """The MAC of the interface that is asking."""
        return self.interface.mac


def to_plain(value: object) -> object:
    """Addresses and networks as text, for msgspec's encoders."""
    if isinstance(value, IPv4Address | IPv4Network):
        return str(value)
    raise NotImplementedError(type(value))


def from_plain(kind: type, value: Any) -> object:
    """Addresses and networks from text, and records, for msgspec's decoders."""
    if kind in {IPv4Address, IPv4Network}:
        return kind(value)
    if kind is SupportsBytes and isinstance(value, bytes):
        return value
    raise NotImplementedError(kind)

"""The site: what this server offers behind one of its interfaces, and the house rules."""

import enum
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network

import msgspec

from boots.model.machine import Architecture, Reservation, Route
from boots.model.quirk import Quirk
from boots.model.word import Word


class Mode(enum.Enum):
    """How DHCP is answered.

    `PROXY` answers boot questions beside somebody else's DHCP server, for machines with a
    record; `AUTO_PROXY` for all.  `POOL` is `RESERVATION` with leases for machines without a
    record.
    """

    RESERVATION = "reservation"
    PROXY = "proxy"
    AUTO_PROXY = "auto-proxy"
    POOL = "pool"
    OFF = "off"

    @property
    def proxies(self) -> bool:
        """Whether somebody else gives the addresses."""
        return self in {Mode.PROXY, Mode.AUTO_PROXY}


class Range(Word, frozen=True):
    """Addresses from `first` to `last`, both included."""

    first: IPv4Address
    last: IPv4Address


class Subnet(Word, frozen=True):
    """A network that clients are in, and what one without a record is told of it.

    `pool` holds the addresses that may be leased.  `lease_time` is in seconds, 0 for the site's
    own.
    """

    network: IPv4Network
    gateway: IPv4Address | None = None
    name_servers: tuple[IPv4Address, ...] = ()
    ntp_servers: tuple[IPv4Address, ...] = ()
    domain: str = ""
    search: tuple[str, ...] = ()
    lease_time: int = 0
    routes: tuple[Route, ...] = ()
    pool: tuple[Range, ...] = ()
    options: Mapping[int, bytes] = {}

    def reservation(self, address: IPv4Address, lease_time: int = 0) -> Reservation:
        """This address of the subnet with all that goes with it, as a record would say it."""
        return Reservation(
            address=address,
            prefix=self.network.prefixlen,
            gateway=self.gateway,
            name_servers=self.name_servers,
            ntp_servers=self.ntp_servers,
            domain=self.domain,
            search=self.search,
            lease_time=lease_time or self.lease_time,
            routes=self.routes,
            options=self.options,
        )


class Profile(Word, frozen=True):
    """What a machine should run.

    `kernel` and `initrds` are URLs, or names among the site's files.  ``{cpu}`` in them stands
    for the machine's CPU.  With `agent` the arguments that OSIE's agent needs are added.
    Kernel, initrds, arguments and script URL may hold templates.  `files` are further ones that
    are published, for what the kernel loads by itself.
    A profile without a kernel is one of these, in this order: `script`, the template of an iPXE
    script; `script_url`, which iPXE loads; `disk`, which boots from the machine's own.
    `templates` are the texts of files that are rendered for each machine, by their names.
    `boot_files` replace those that the architectures would get.
    """

    name: str
    kernel: str = ""
    initrds: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    agent: bool = False
    files: tuple[str, ...] = ()
    script: str = ""
    script_url: str = ""
    disk: bool = False
    templates: Mapping[str, str] = {}
    boot_files: Mapping[Architecture, str] = {}


OSIE = Profile(
    name="osie",
    kernel="osie/vmlinuz-{cpu}",
    initrds=("osie/initramfs-{cpu}",),
    # The kernel gives a root of the other type, tmpfs, half of the machine's memory at most.
    args=("console=tty0", "console=ttyS0,115200", "panic=30", "rootfstype=ramfs"),
    agent=True,
)


class Hook(Word, frozen=True):
    """Tinkerbell's in-memory OS and its services, for records that name them.

    `release` is the year of the Smee whose kernel arguments are written: 2025 or 2026.
    `url`, `kernel` and `initrd` are where records that name none find it; ``{cpu}`` stands for
    the machine's CPU.  `syslog` may be a name.
    """

    release: int = 2026
    url: str = ""
    kernel: str = "vmlinuz-{cpu}"
    initrd: str = "initramfs-{cpu}"
    syslog: str = ""
    grpc_authority: str = ""
    tls: bool = False
    insecure_tls: bool = False


class Iso(Word, frozen=True):
    """The ISO endpoint: which image is handed out, and the text in it that is overwritten."""

    enabled: bool = False
    url: str = ""
    placeholder: bytes = b""
    static_ipam: bool = False


class Site(Word, frozen=True):
    """Everything that an answer depends on besides the client and its machine.

    One of these is made for each interface, as addresses and URLs are derived from it.
    `boot_files` holds for each architecture the boot file that is installed; an architecture
    without one is missing.  `files` maps each published name to its path on this server;
    `programs` says what kind of machine a file is for, as far as that is known.
    `lease_time` is in seconds; `netboot_lease_time` is what a ROM or iPXE gets for a lease.
    With `shadow` answers are made and told, and none is sent.
    `authoritative` says that nobody else gives addresses here.
    `unknown` is the profile of machines without a record, empty if they boot nothing.
    `user_class` is the only one that gets the script, where it is not empty: any other iPXE is
    given a boot file first.
    `mac_separator` stands between the pairs of a MAC in the URLs of boot files; ``.`` between
    fours.
    `token_key` makes the tokens of metadata URLs; with `metadata_by_address` an address will do
    instead.  `ticket_key` seals the tickets of runs, and the audit log.
    Besides `network`, our interface's own, and the `subnets` there are machines in `networks`.
    `secrets_allowed` are kernel arguments that may look like secrets.
    With `any_address` a machine's secrets are for, and its word is taken from, any address.
    `pin` is the SHA-256 of our certificate in hexadecimal, where `http_url` is ``https``.
    """

    server: IPv4Address
    http_url: str
    tftp: IPv4Address
    tftp_port: int = 69
    syslog: IPv4Address | None = None
    mode: Mode = Mode.RESERVATION
    shadow: bool = False
    authoritative: bool = True
    lease_time: int = 86_400
    netboot_lease_time: int = 300
    network: IPv4Network | None = None
    subnets: tuple[Subnet, ...] = ()
    networks: tuple[IPv4Network, ...] = ()
    quirks: tuple[Quirk, ...] = ()
    boot_files: Mapping[Architecture, str] = {}
    files: Mapping[str, str] = {}
    programs: Mapping[str, Architecture] = {}
    profiles: Mapping[str, Profile] = msgspec.field(default_factory=lambda: {OSIE.name: OSIE})
    default_profile: str = "osie"
    unknown: str = "osie"
    user_class: str = ""
    mac_separator: str = ":"
    kernel_args: tuple[str, ...] = ()
    script_retries: int = 5
    script_retry_delay: int = 2
    hook: Hook = Hook()
    iso: Iso = Iso()
    token_key: bytes = b""
    metadata_by_address: bool = True
    ticket_key: bytes = b""
    any_address: bool = False
    secrets_allowed: tuple[str, ...] = ()
    pin: str = ""

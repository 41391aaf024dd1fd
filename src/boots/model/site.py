"""The site: what this server offers behind one of its interfaces, and the house rules."""

from collections.abc import Mapping
from ipaddress import IPv4Address

import msgspec

from boots.model.machine import Architecture, Word


class Profile(Word, frozen=True):
    """A kernel, initrds and arguments that a machine should run.

    `kernel` and `initrds` are URLs, or names among the site's files.  ``{cpu}`` in them stands
    for the machine's CPU.  With `agent` the arguments that OSIE's agent needs are added.
    """

    name: str
    kernel: str
    initrds: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    agent: bool = False


OSIE = Profile(
    name="osie",
    kernel="osie/vmlinuz-{cpu}",
    initrds=("osie/initramfs-{cpu}",),
    args=("console=tty0", "console=ttyS0,115200", "panic=30"),
    agent=True,
)


class Hook(Word, frozen=True):
    """Where Tinkerbell's own services are, for records that name their in-memory OS."""

    grpc_authority: str = ""
    tls: bool = False
    insecure_tls: bool = False


class Site(Word, frozen=True):
    """Everything that an answer depends on besides the client and its machine.

    One of these is made for each interface, as addresses and URLs are derived from it.
    `boot_files` holds for each architecture the boot file that is installed; an architecture
    without one is missing.  `files` maps each published name to its path on this server.
    `lease_time` is in seconds.
    """

    server: IPv4Address
    http_url: str
    tftp: IPv4Address
    tftp_port: int = 69
    syslog: IPv4Address | None = None
    lease_time: int = 86_400
    boot_files: Mapping[Architecture, str] = {}
    files: Mapping[str, str] = {}
    profiles: Mapping[str, Profile] = msgspec.field(default_factory=lambda: {OSIE.name: OSIE})
    default_profile: str = "osie"
    kernel_args: tuple[str, ...] = ()
    script_retries: int = 5
    script_retry_delay: int = 2
    hook: Hook = Hook()

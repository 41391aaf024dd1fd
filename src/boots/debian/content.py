"""What goes into an image of Debian, as data: packages, settings, and what the first boot does."""

import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass, field

KERNELS: Mapping[str, str] = {"generic": "linux-image-amd64", "cloud": "linux-image-cloud-amd64"}
"""As the flavours of OSIE: all machines, or virtual ones only."""

_BASE = (
    *("ca-certificates", "dbus", "e2fsprogs", "fdisk", "initramfs-tools", "iproute2", "kmod"),
    *("login", "passwd", "systemd-resolved", "systemd-sysv", "udev", "zstd"),
)
_CLOUD_INIT = ("cloud-init", "cloud-guest-utils", "sudo")
_SSH = ("openssh-server",)

_STRIPPED = ("doc", "info", "locale", "man")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an operator says of the system in an image.

    Attributes:
        flavour: A name in `KERNELS`.
        cloud_init: Whether cloud-init fits the system to its machine; else a small unit does.
        ssh: Whether an SSH server is in it.
        slim: Whether manuals, documents and translations are left out.
        packages: More of Debian's.
        arguments: More for its kernel.
    """

    flavour: str = "generic"
    cloud_init: bool = True
    ssh: bool = True
    slim: bool = False
    packages: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """What is put into the tree when its packages are installed.

    Attributes:
        files: By their path, with their mode.
        units: Of systemd, switched on.
        removed: What must not be the same on two machines, or is of this machine's apt; patterns.
    """

    files: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    units: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def packages(wishes: Wishes) -> tuple[str, ...]:
    """The packages that are installed besides Debian's essential ones."""
    return tuple(
        sorted(
            {
                *_BASE,
                KERNELS[wishes.flavour],
                *(_CLOUD_INIT if wishes.cloud_init else ()),
                *(_SSH if wishes.ssh else ()),
                *wishes.packages,
            }
        )
    )


def left_out(wishes: Wishes) -> tuple[str, ...]:
    """What packages bring that is not unpacked, as settings of dpkg."""
    if not wishes.slim:
        return ()
    return (
        *(f"path-exclude=/usr/share/{each}/*" for each in _STRIPPED),
        "path-include=/usr/share/doc/*/copyright",
        "path-include=/usr/share/locale/locale.alias",
    )


def kernel_arguments(wishes: Wishes) -> str:
    """The kernel's; the last console is the one that systemd writes to."""
    return " ".join(("console=tty0", "console=ttyS0,115200", *wishes.arguments))


def content(wishes: Wishes, root: str, esp: str, menu: str, sources: str) -> Content:
    """The files of a system whose file systems have these UUIDs."""
    files = {
        "etc/fstab": (_fstab(root, esp), 0o644),
        "etc/hostname": ("debian\n", 0o644),
        "etc/hosts": (_own("hosts"), 0o644),
        "etc/machine-id": ("", 0o444),  # systemd makes one
        "etc/apt/sources.list": (sources, 0o644),
        "boot/grub/grub.cfg": (menu, 0o644),
        # After anything that cloud-init or a person writes.
        "etc/systemd/network/99-dhcp.network": (_own("dhcp.network"), 0o644),
    }
    if wishes.slim:  # for updates, too
        files["etc/dpkg/dpkg.cfg.d/slim"] = ("\n".join((*left_out(wishes), "")), 0o644)
    units: tuple[str, ...] = ("systemd-networkd.service", "systemd-resolved.service")
    own = (_FIRST,) if wishes.cloud_init else (_FIRST, _PHONE_HOME)
    for unit in own:
        files[f"etc/systemd/system/{unit}"] = (_own(unit), 0o644)
    files["usr/lib/boots/first-boot"] = (_own("first-boot"), 0o755)
    return Content(files, (*units, *own), _REMOVED)


_FIRST = "boots-first-boot.service"
_PHONE_HOME = "boots-phone-home.service"
_REMOVED = (
    "etc/apt/apt.conf.d/99mmdebstrap",
    "etc/dpkg/dpkg.cfg.d/99mmdebstrap",
    "etc/ssh/ssh_host_*",
    "var/cache/apt/*.bin",
    "var/lib/dbus/machine-id",
    "var/lib/systemd/random-seed",
    "var/log/apt/*",
    "var/log/*.log",
)


def _fstab(root: str, esp: str) -> str:
    return (
        f"UUID={root} / ext4 defaults,errors=remount-ro 0 1\n"
        f"UUID={esp} /boot/efi vfat umask=0077,nofail 0 2\n"
    )


def _own(name: str) -> str:
    place = importlib.resources.files("boots.debian").joinpath("files", name)
    return place.read_text(encoding="utf-8")

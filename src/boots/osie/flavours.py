"""What goes into an image, as data: packages and programs, and what each flavour adds to them.

Everything comes from Debian's ``main`` section, but firmware: that is in ``non-free-firmware``, and
goes in where apt knows that section.
"""

from dataclasses import dataclass

from boots.osie.architectures import Architecture
from boots.osie.kernel_modules import (
    BOARDS,
    FILE_SYSTEMS,
    FULL_HARDWARE,
    SERVERS,
    VIRTUAL_MACHINES,
    VOLUMES,
)

# Packages whose files are used; the closure brings the libraries they need.
USER_SPACE = (
    "busybox-static",
    "dosfstools",
    "e2fsprogs",
    "fdisk",
    "kmod",
    "libpython3-stdlib",
    "libzstd1",
    "python3-minimal",
)

# Used while building, not shipped.
BUILD_TOOLS = ("zstd",)

# What an image for a foreign architecture is built with, of this host's.
FOREIGN_TOOLS = ("busybox-static", "kmod", "libpython3-stdlib", "python3-minimal", "zstd")

# In the closure only for what maintainer scripts or rarely used modules want: never fetched.
UNUSED_PACKAGES = (
    "adduser",
    "coreutils",
    "debconf",
    "debianutils",
    "dmeventd",
    "dpkg",
    "gcc-*-base",
    "initramfs-tools*",
    "klibc-utils",
    "krb5-*",
    "libaudit*",
    "libdb5*",
    "libgssapi*",
    "libicu*",
    "libk5crypto*",
    "libklibc",
    "libkrb5*",
    "libnsl2",
    "libpam*",
    "libsemanage*",
    "libsepol*",
    "libsqlite3*",
    "libtirpc*",
    "linux-base",
    "logsave",
    "lsb-base",
    "media-types",
    "passwd",
    "readline-common",
    "sysvinit-utils",
    "tar",
    "udev",
    "uuid-runtime",
)

# Besides BusyBox.  A link brings its target.
PROGRAMS = (
    "usr/bin/kmod",
    "usr/bin/python3",
    "usr/sbin/e2fsck",
    "usr/sbin/fsck.vfat",
    "usr/sbin/mkfs.ext4",
    "usr/sbin/mkfs.vfat",
    "usr/sbin/resize2fs",
    "usr/sbin/sfdisk",
    "usr/sbin/tune2fs",
)
KMOD_NAMES = ("depmod", "insmod", "lsmod", "modinfo", "modprobe", "rmmod")

# Opened by name at run time, so that no program file says it needs them.
EXTRA_LIBRARIES = ("libgcc_s.so.1", "libzstd.so.1")
CONFIGURATION = ("etc/mke2fs.conf",)

# Parts of Python's standard library that nothing in OSIE can use, below /usr/lib/python3.N.
STDLIB_UNUSED = (
    "*/test/*",
    "*/tests/*",
    "LICENSE.txt",
    "__phello__/*",
    "_aix_support.py",
    "_osx_support.py",
    "config-*/*",
    "curses/*",
    "dbm/*",
    "distutils/*",
    "doctest.py",
    "ensurepip/*",
    "idlelib/*",
    "lib-dynload/_codecs_*",
    "lib-dynload/_crypt.*",
    "lib-dynload/_curses*",
    "lib-dynload/_dbm.*",
    "lib-dynload/_gdbm.*",
    "lib-dynload/_sqlite3.*",
    "lib-dynload/_test*",
    "lib-dynload/_tkinter.*",
    "lib-dynload/_xx*",
    "lib-dynload/audioop.*",
    "lib-dynload/nis.*",
    "lib-dynload/ossaudiodev.*",
    "lib-dynload/readline.*",
    "lib-dynload/xx*",
    "lib2to3/*",
    "msilib/*",
    "pydoc.py",
    "pydoc_data/*",
    "sqlite3/*",
    "test/*",
    "tkinter/*",
    "turtle.py",
    "turtledemo/*",
    "unittest/*",
    "venv/*",
    "wsgiref/*",
    "xmlrpc/*",
)

# What a person's package brings along that no program of OSIE reads.
UNUSED_FILES = (
    "etc/cron*",
    "etc/default/*",
    "etc/init.d/*",
    "etc/logrotate.d/*",
    "usr/include/*",
    "usr/lib/modprobe.d/*",
    "usr/lib/systemd/*",
    "usr/lib/tmpfiles.d/*",
    "usr/lib/udev/*",
    "usr/share/apport/*",
    "usr/share/bash-completion/*",
    "usr/share/bug/*",
    "usr/share/doc/*",
    "usr/share/doc-base/*",
    "usr/share/info/*",
    "usr/share/initramfs-tools/*",
    "usr/share/lintian/*",
    "usr/share/locale/*",
    "usr/share/man/*",
    "usr/share/zsh/*",
)


@dataclass(frozen=True, slots=True)
class Flavour:
    """One kind of image.

    Attributes:
        kernel: The Debian package that depends on the kernel of the day, without its ending.
        modules: Patterns as in `boots.osie.drivers.select`.
        purpose: For people who choose.
        packages: What its programs are of, besides those of every image.
        programs: Besides those of every image; patterns.
        files: Our own, by their paths.
        firmware: Packages whose files for the image's modules go in, where apt has them.
    """

    name: str
    kernel: str
    modules: tuple[str, ...]
    purpose: str
    packages: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    firmware: tuple[str, ...] = ()

    def kernel_package(self, architecture: Architecture) -> str:
        """The Debian package of its kernel."""
        return f"{self.kernel}-{architecture.debian}"

    def module_patterns(self, architecture: Architecture) -> tuple[str, ...]:
        """Which kernel modules are in the image."""
        boards = architecture.name == "aarch64" and self.kernel == _EVERY
        return (*self.modules, *(BOARDS if boards else ()))


_EVERY = "linux-image"
_HARDWARE = (*FILE_SYSTEMS, *VOLUMES, *VIRTUAL_MACHINES, *SERVERS)

# Nothing in OSIE runs udev, which LVM would wait for.
_LVM = """\
devices { obtain_device_list_from_udev = 0  external_device_info_source = "none" }
activation { udev_sync = 0  udev_rules = 0  monitoring = 0 }
backup { backup = 0  archive = 0 }
"""

FLAVOURS = {
    flavour.name: flavour
    for flavour in (
        Flavour(
            "generic",
            _EVERY,
            _HARDWARE,
            "servers, desktops and virtual machines of every kind",
            packages=("efibootmgr", "xfsprogs"),
            programs=("usr/bin/efibootmgr", "usr/sbin/mkfs.xfs", "usr/sbin/xfs_growfs"),
        ),
        Flavour(
            "cloud",
            "linux-image-cloud",
            (*FILE_SYSTEMS, *VIRTUAL_MACHINES),
            "virtual machines only: the smallest and quickest",
        ),
        Flavour(
            "full",
            _EVERY,
            (*_HARDWARE, *FULL_HARDWARE),
            "the same with RAID, LVM, Btrfs, NVMe and SMART tools, and firmware where apt has it",
            packages=(
                *("btrfs-progs", "dmsetup", "efibootmgr", "ethtool", "gdisk", "hdparm", "lvm2"),
                *("mdadm", "nvme-cli", "parted", "sg3-utils", "smartmontools", "xfsprogs"),
            ),
            programs=(
                *("usr/bin/btrfs", "usr/bin/efibootmgr", "usr/bin/sg_inq", "usr/bin/sg_format"),
                *("usr/bin/sg_sanitize", "usr/bin/sg_unmap", "usr/bin/sg_vpd", "usr/sbin/dmsetup"),
                *("usr/sbin/ethtool", "usr/sbin/gdisk", "usr/sbin/hdparm", "usr/sbin/lv*"),
                *("usr/sbin/mdadm", "usr/sbin/mdmon", "usr/sbin/mkfs.btrfs", "usr/sbin/mkfs.xfs"),
                *("usr/sbin/nvme", "usr/sbin/parted", "usr/sbin/partprobe", "usr/sbin/pv*"),
                *("usr/sbin/sgdisk", "usr/sbin/smartctl", "usr/sbin/vg*", "usr/sbin/xfs_growfs"),
                "usr/sbin/xfs_repair",
            ),
            files=(("etc/lvm/lvm.conf", _LVM), ("etc/mdadm/mdadm.conf", "HOMEHOST <none>\n")),
            firmware=(
                *("bnx2", "bnx2x", "cavium", "misc-nonfree", "myricom", "netronome", "netxen"),
                *("qlogic", "realtek"),
            ),
        ),
    )
}

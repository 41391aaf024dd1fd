"""What goes into an image, as data: packages, programs, and the drivers of each flavour.

Everything comes from Debian's ``main`` section, so no drivers' firmware is included.
"""

from dataclasses import dataclass

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

# In the closure only for what maintainer scripts or rarely used modules want: never fetched.
UNUSED_PACKAGES = (
    "adduser",
    "coreutils",
    "debconf",
    "dpkg",
    "gcc-*-base",
    "initramfs-tools*",
    "klibc-utils",
    "krb5-*",
    "libaudit*",
    "libdb5*",
    "libgssapi*",
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
    "media-types",
    "passwd",
    "readline-common",
    "tar",
    "udev",
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

_FILE_SYSTEMS = (
    "kernel/drivers/block/loop",
    "kernel/fs/efivarfs/*",
    "kernel/fs/ext4/*",
    "kernel/fs/fat/*",
    "kernel/fs/isofs/*",
    "kernel/fs/nls/nls_ascii",
    "kernel/fs/nls/nls_cp437",
    "kernel/fs/nls/nls_iso8859-1",
    "kernel/fs/nls/nls_utf8",
    "kernel/fs/overlayfs/*",
    "kernel/fs/squashfs/*",
    "kernel/fs/xfs/*",
    "kernel/*/crc32c*",
    "kernel/*/crc32*pclmul*",
)

_VOLUMES = (
    "kernel/drivers/md/dm-crypt",
    "kernel/drivers/md/dm-mod",
    "kernel/drivers/md/dm-snapshot",
    "kernel/drivers/md/dm-thin-pool",
    "kernel/drivers/md/md-mod",
    "kernel/drivers/md/raid*",
)

_VIRTUAL_MACHINES = (
    "kernel/drivers/block/virtio_blk",
    "kernel/drivers/block/xen-blkfront",
    "kernel/drivers/char/hw_random/virtio-rng",
    "kernel/drivers/hid/hid-hyperv",
    "kernel/drivers/hv/hv_utils",
    "kernel/drivers/hv/hv_vmbus",
    "kernel/drivers/input/serio/hyperv-keyboard",
    "kernel/drivers/net/ethernet/amazon/*",
    "kernel/drivers/net/ethernet/google/*",
    "kernel/drivers/net/ethernet/intel/ixgbevf/*",
    "kernel/drivers/net/ethernet/microsoft/*",
    "kernel/drivers/net/hyperv/*",
    "kernel/drivers/net/virtio_net",
    "kernel/drivers/net/vmxnet3/*",
    "kernel/drivers/net/xen-netfront",
    "kernel/drivers/pci/controller/pci-hyperv*",
    "kernel/drivers/scsi/hv_storvsc",
    "kernel/drivers/scsi/sd_mod",
    "kernel/drivers/scsi/sg",
    "kernel/drivers/scsi/sr_mod",
    "kernel/drivers/scsi/virtio_scsi",
    "kernel/drivers/scsi/vmw_pvscsi",
    "kernel/drivers/virtio/*",
)

_SERVERS = (
    # Network cards.
    "kernel/drivers/net/ethernet/*",
    "kernel/drivers/net/mdio/*",
    "kernel/drivers/net/phy/*",
    "kernel/drivers/net/usb/*",
    "!kernel/drivers/net/usb/*wwan*",
    "!kernel/drivers/net/ethernet/mellanox/mlxsw/*",  # a switch's chip
    # Disk controllers.
    "kernel/drivers/ata/*",
    "kernel/drivers/message/fusion/*",
    "kernel/drivers/nvme/host/nvme",
    "kernel/drivers/pci/controller/vmd",
    "kernel/drivers/scsi/3w-*",
    "kernel/drivers/scsi/aacraid/*",
    "kernel/drivers/scsi/arcmsr/*",
    "kernel/drivers/scsi/hpsa",
    "kernel/drivers/scsi/hptiop",
    "kernel/drivers/scsi/isci/*",
    "kernel/drivers/scsi/megaraid/*",
    "kernel/drivers/scsi/mpi3mr/*",
    "kernel/drivers/scsi/mpt3sas/*",
    "kernel/drivers/scsi/mvsas/*",
    "kernel/drivers/scsi/mvumi",
    "kernel/drivers/scsi/pm8001/*",
    "kernel/drivers/scsi/ses",
    "kernel/drivers/scsi/smartpqi/*",
    "kernel/drivers/mmc/core/mmc_block",
    "kernel/drivers/mmc/host/sdhci-acpi",
    "kernel/drivers/mmc/host/sdhci-pci",
    # Keyboards and storage on USB.
    "kernel/drivers/hid/hid-generic",
    "kernel/drivers/hid/usbhid/*",
    "kernel/drivers/usb/host/*",
    "kernel/drivers/usb/storage/*",
    # Baseboard management, firmware.
    "kernel/drivers/char/ipmi/ipmi_devintf",
    "kernel/drivers/char/ipmi/ipmi_si",
    "kernel/drivers/firmware/dmi-sysfs",
)


@dataclass(frozen=True, slots=True)
class Flavour:
    """One kind of image.

    Attributes:
        kernel: The Debian package that depends on the kernel of the day.
        modules: Patterns as in `boots.osie.drivers.select`.
        purpose: For people who choose.
    """

    name: str
    kernel: str
    modules: tuple[str, ...]
    purpose: str


FLAVOURS = {
    flavour.name: flavour
    for flavour in (
        Flavour(
            "generic",
            "linux-image-amd64",
            (*_FILE_SYSTEMS, *_VOLUMES, *_VIRTUAL_MACHINES, *_SERVERS),
            "servers, desktops and virtual machines of every kind",
        ),
        Flavour(
            "cloud",
            "linux-image-cloud-amd64",
            (*_FILE_SYSTEMS, *_VIRTUAL_MACHINES),
            "virtual machines only: the smallest and quickest",
        ),
    )
}

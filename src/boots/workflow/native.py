"""The actions that OSIE runs by itself: a table.

A template names container images; here the last part of an image's name says which action it is,
whatever registry and tag stand around it, and no container is run.  What an action is given and
which disks it writes is data, so that a plan can be made and a person can arm those disks.
"""

from collections.abc import Mapping
from enum import Enum

from boots.model.word import Word


class Use(Enum):
    """What is done with a device; whether to the whole disk, or to what is on a partition."""

    WRITES_DISK = "writes the whole disk"
    WRITES_PARTITION = "writes to the partition"
    READS = "reads"


class Env(Word, frozen=True, kw_only=False):
    """A variable of an action's environment: what it means, and which device it names, if any."""

    name: str
    meaning: str
    required: bool = False
    default: str = ""
    use: Use | None = None


class Kind(Word, frozen=True, kw_only=False):
    """An action by itself.

    `terminal` ends OSIE: what comes next is another system, or (`off`) none.  `commands` are
    those it knows as the first word of ``command``, with what they do to the disks of the
    machine's record.
    `free` actions take variables of any name.
    """

    name: str
    meaning: str
    env: tuple[Env, ...] = ()
    terminal: bool = False
    commands: Mapping[str, Use | None] = {}
    free: bool = False
    off: bool = False


_FS = Env("FS_TYPE", "its file system (ext4, xfs, vfat …); found out where it is not given")
_PLACE = "a partition"
_DEST = Env("DEST_DISK", "the disk", required=True, use=Use.WRITES_DISK)
_IMG = Env("IMG_URL", "where the image is; without a host on this server", required=True)
_RETRY = (
    Env("RETRY_ENABLED", "try again when a download breaks off", default="false"),
    Env("RETRY_DURATION_MINUTES", "for so long", default="10"),
    Env("PROGRESS_INTERVAL_SECONDS", "how often progress is told", default="3"),
    Env("TEXT_LOGGING", "log lines as text", default="false"),
)
_IMAGE = (
    Env("SHA256", "the digest of the image as it is downloaded"),
    Env("VERIFY", "full: read the disk back", default="stream"),
    Env("GROW_PARTITION", "auto, or the number of the partition that gets the rest of the disk"),
)
_COMPRESSED = Env("COMPRESSED", "needs not be said: the image is looked at", default="false")

DISKS = "DISKS"
"""The variable by which a script or a container says which disks it writes."""

KINDS: tuple[Kind, ...] = (
    Kind(
        "image2disk",
        "writes an image to a disk: raw or qcow2, plain, gz, bz2, xz or zstd",
        (_IMG, _DEST, _COMPRESSED, *_RETRY, *_IMAGE),
    ),
    Kind(
        "oci2disk",
        "writes an image out of an OCI registry to a disk",
        (
            Env(
                "IMG_URL",
                "the image's name: registry.example.com/path/name:tag, or http:// before it",
                required=True,
            ),
            _DEST,
            _COMPRESSED,
            Env("REGISTRY_USERNAME", "who asks the registry"),
            Env("REGISTRY_PASSWORD", "and by what password"),
            Env("SKIP_VERIFY", "take any certificate", default="false"),
            *_RETRY,
            *_IMAGE,
        ),
    ),
    Kind(
        "qemuimg2disk",
        "writes a qcow2 or other image of QEMU's to a disk",
        (
            _IMG,
            _DEST,
            Env(
                "FORMAT",
                "host_device or raw: a disk is written as what it is",
                default="host_device",
            ),
            Env("EXTRA_ARGS", "means nothing: OSIE writes without qemu-img"),
            *_IMAGE,
        ),
    ),
    Kind(
        "archive2disk",
        "unpacks an archive of a root file system on a partition: tar, plain, gz, bz2, xz or zstd",
        (
            Env(
                "ARCHIVE_URL", "where the archive is; without a host on this server", required=True
            ),
            Env("ARCHIVE_TYPE", "needs not be said: the archive is looked at", default="tar"),
            Env("DEST_DISK", _PLACE, required=True, use=Use.WRITES_PARTITION),
            Env("FS_TYPE", _FS.meaning, required=True),
            Env("DEST_PATH", "the folder on it", required=True),
            Env("TARFILE_CHECKSUM", "the digest of the archive: sha256:…"),
            Env("INSECURE_NO_TARFILE_CHECKSUM_VERIFICATION", "do without", default="false"),
            Env("HTTP_CLIENT_TIMEOUT_MINUTES", "for how long nothing may come", default="5"),
        ),
    ),
    Kind(
        "rootio",
        "partitions and formats the disks as the machine's record says (metadata.instance.storage)",
        (
            Env("MIRROR_HOST", "needs not be said: the record is at hand"),
            Env("METADATA_SERVICE_PORT", "as MIRROR_HOST", default="50061"),
            Env("MBR", "an old partition table instead of GPT", default="false"),
            Env("TEST", "a record in JSON, to try with"),
            Env("JSON_FILE", "a file or URL that says what the record would"),
        ),
        commands={
            "wipe": Use.WRITES_DISK,
            "partition": Use.WRITES_DISK,
            "format": Use.WRITES_PARTITION,
            "mount": Use.READS,
            "version": None,
        },
    ),
    Kind(
        "writefile",
        "writes one file to a partition, whole or not at all",
        (
            Env("DEST_DISK", _PLACE, required=True, use=Use.WRITES_PARTITION),
            _FS,
            Env(
                "DEST_PATH",
                "the path of the file on it; a link there is replaced, and none leads out",
                required=True,
            ),
            Env("CONTENTS", "what it says; or one of those below"),
            Env("STATIC_NETPLAN", "true: it says the machine's addresses as netplan has them"),
            Env("STATIC_BOTTLEROCKET", "true: the same for Bottlerocket, of the first interface"),
            Env("IFNAME", "what Bottlerocket calls that interface"),
            Env("BOOTCONFIG_CONTENTS", "a boot configuration, made into an initrd that holds it"),
            Env("HEGEL_URLS", "given at all: it says the machine's user data; nobody is asked"),
            Env("UID", "whose it is, by number", default="0"),
            Env("GID", "of which group", default="0"),
            Env("MODE", "who may read it, in octal", default="0644"),
            Env("DIRMODE", "the same of folders that are made for it", default="0755"),
        ),
    ),
    Kind(
        "cexec",
        "runs a command in the system on a partition",
        (
            Env("BLOCK_DEVICE", _PLACE, required=True, use=Use.WRITES_PARTITION),
            _FS,
            Env(
                "CMD_LINE",
                "the command; without an interpreter, commands between semicolons",
                required=True,
            ),
            Env("CHROOT", "y: within that system; else in OSIE, which has it at $ROOT", default=""),
            Env("DEFAULT_INTERPRETER", "what reads the command: /bin/sh -c"),
            Env(
                "UPDATE_RESOLV_CONF",
                "true: with OSIE's name servers, as long as it runs",
                default="false",
            ),
            Env(
                "JSON_OUTPUT",
                "needs not be said: a line of the log is what is printed",
                default="true",
            ),
        ),
    ),
    Kind(
        "grub2disk",
        "installs GRUB to a disk, by the system's own grub-install: for BIOS and for EFI/BOOT",
        (
            Env("GRUB_DISK", "the disk", required=True, use=Use.WRITES_PARTITION),
            Env(
                "GRUB_INSTALL_PATH",
                "the partition of its system; /boot and the EFI system partition are found",
                required=True,
                use=Use.WRITES_PARTITION,
            ),
            _FS,
        ),
    ),
    Kind(
        "syslinux",
        "installs SYSLINUX to a disk; where OSIE was built with it",
        (
            Env("DEST_DISK", "the disk", required=True, use=Use.WRITES_PARTITION),
            Env("DEST_PARTITION", "its FAT partition", required=True, use=Use.WRITES_PARTITION),
            Env("SYSLINUX_VERSION", "needs not be said: it is that of OSIE", default="3.86"),
        ),
    ),
    Kind(
        "kexec",
        "starts the installed kernel without the firmware; by a reboot where Linux refuses to",
        (
            Env(
                "BLOCK_DEVICE",
                "the partition of its root file system, or that of its /boot",
                required=True,
                use=Use.READS,
            ),
            _FS,
            Env("KERNEL_PATH", "the kernel on it; else what its menu would start"),
            Env("INITRD_PATH", "its initrds, by blanks"),
            Env("CMD_LINE", "its arguments; else those of the menu"),
            Env(
                "GRUBCFG_PATH",
                "its menu; by default also looked for in grub2, in a /boot by itself, and in"
                " loader/entries",
                default="boot/grub/grub.cfg",
            ),
        ),
        terminal=True,
    ),
    Kind(
        "slurp",
        "uploads a disk as an image",
        (
            Env("SOURCE_DISK", "the disk", required=True, use=Use.READS),
            Env("DEST_URL", "where it goes", required=True),
            Env("IMG_NAME", "what it is called there"),
            Env("COMPRESSED", "packed: false, zstd (true) or gzip", default="false"),
            Env("HTTP_METHOD", "PUT or POST", default="PUT"),
        ),
    ),
    Kind(
        "reboot",
        "reboots the machine",
        (
            Env(
                "WAIT_FOR",
                "phone-home: its report alone shows that the next system runs",
                default="dhcp",
            ),
            Env("WAIT_MINUTES", "how long it is waited for", default="15"),
        ),
        terminal=True,
    ),
    Kind("poweroff", "turns the machine off", terminal=True, off=True),
    Kind(
        "waitdaemon",
        "runs another action after some seconds: here, that action",
        (
            Env("IMAGE", "the image of that action", required=True),
            Env("WAIT_SECONDS", "needs not be said: nothing races here", default="10"),
        ),
        free=True,
    ),
    Kind(
        "wipe",
        "empties a disk, proves it, and says a certificate",
        (
            _DEST,
            Env(
                "METHOD",
                "discard (else overwrite), secure: the disk's own command, or overwrite",
                default="discard",
            ),
        ),
    ),
    Kind(
        "partition",
        "makes a partition table",
        (
            _DEST,
            Env(
                "LAYOUT",
                "partitions in order, each a name, a size and, where it is to be made, a file"
                " system: efi 512M vfat, swap 4G, home 25%, root rest ext4",
                required=True,
            ),
            Env("TABLE", "gpt or mbr", default="gpt"),
        ),
    ),
    Kind(
        "mkfs",
        "makes a file system on a partition",
        (
            Env("DEST_DISK", _PLACE, required=True, use=Use.WRITES_PARTITION),
            Env("FS_TYPE", "ext2, ext3, ext4, vfat, swap, xfs or btrfs", required=True),
            Env("LABEL", "its label"),
        ),
    ),
    Kind(
        "grow",
        "gives a partition and its file system the rest of the disk",
        (Env("DEST_DISK", _PLACE, required=True, use=Use.WRITES_PARTITION),),
    ),
    Kind(
        "seed",
        "writes what cloud-init reads at the first boot, and where the system reports that it runs",
        (
            Env(
                "DEST_DISK",
                "the partition of its root file system, or one of FAT with the label CIDATA",
                required=True,
                use=Use.WRITES_PARTITION,
            ),
            _FS,
            Env("TYPE", "nocloud", default="nocloud"),
            Env(
                "UNIT",
                "yes: nothing of that, but a unit of systemd that reports; for systems without"
                " cloud-init",
                default="no",
            ),
        ),
    ),
    Kind(
        "inventory",
        "looks at the machine, and fails where it is not what is required",
        (
            Env(
                "REQUIRE",
                "conditions that must all be met: memory>=4G cpus>=8 disk.size>=100G link>=1G",
            ),
        ),
    ),
    Kind(
        "shell",
        "runs a script in OSIE",
        (
            Env("SCRIPT", "the script, for sh -e; or command"),
            Env(DISKS, "the disks that it may write, by blanks", use=Use.WRITES_DISK),
        ),
        free=True,
    ),
    Kind(
        "verify",
        "reads a disk and compares it with its image, or with what it should hash to",
        (
            Env("SOURCE_DISK", "the disk", required=True, use=Use.READS),
            Env("IMG_URL", "the image; without a host on this server"),
            Env("SHA256", "the digest of the image as it is downloaded; without one, of the disk"),
            Env("SIZE", "of how many bytes of the disk the digest is; else of all"),
        ),
    ),
    Kind(
        "undo",
        "puts back what stood at both ends of a disk before a run first wrote it",
        (
            _DEST,
            Env("EDGES", "the number that these ends are kept by", required=True),
        ),
    ),
    Kind(
        "burnin",
        "reads disks, fills memory and keeps processors busy, and fails where one of them does",
        (
            Env("MINUTES", "how long, a third for each", default="10"),
            Env("SOURCE_DISKS", "the disks that are read, by blanks; else all", use=Use.READS),
            Env("GIB", "how much of each disk; else all that there is time for"),
            Env("MEMORY_MIB", "how much memory; else half of what is free"),
        ),
    ),
)

BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}

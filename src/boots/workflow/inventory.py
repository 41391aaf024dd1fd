"""The disks of an inventory, and the names that each goes by.

Inventories come from the network: what is not what it should be is empty here.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from boots.model.word import Word

_MOST = 256  # disks
_LONGEST = 256
_MOST_BYTES = 1 << 60
_PATH = re.compile(r"/dev/[A-Za-z0-9!_.-]{1,32}")
_WWN = re.compile(r"(?:naa\.|wwn-0x|0x|3)?([0-9a-f]{16}|[0-9a-f]{32})")
_BY_ID = "/dev/disk/by-id/"
# What may stand behind the serial number: NVMe's namespace, a USB disk's target and LUN.
_BEHIND = {"ata": "", "nvme": "(?:_[0-9]+)?", "scsi": "", "usb": "(?:-[0-9]+:[0-9]+)?", "mmc": ""}
HELD = {
    "gpt": "a GPT",
    "mbr": "an MBR",
    "luks": "LUKS",
    "bitlocker": "BitLocker",
    "lvm2": "LVM",
    "raid": "a RAID member",
    "xfs": "XFS",
    "ext": "ext2, 3 or 4",
    "f2fs": "F2FS",
    "btrfs": "btrfs",
    "squashfs": "SquashFS",
    "erofs": "EROFS",
    "apfs": "APFS",
    "hfsplus": "HFS+",
    "swap": "swap",
    "ntfs": "NTFS",
    "exfat": "exFAT",
    "fat": "FAT",
    "iso9660": "an ISO",
    "empty": "",
    "": "",
}


class Disk(Word, frozen=True):
    """One disk, as OSIE saw it; `size` is in bytes, `content` what its first bytes look like."""

    name: str
    path: str
    size: int = 0
    model: str = ""
    serial: str = ""
    wwn: str = ""
    transport: str = ""
    rotational: bool = False
    read_only: bool = False
    partitions: int = 0
    content: str = ""

    @property
    def holds(self) -> str:
        """What is on it, in words; empty where nothing is, or nothing could be read."""
        held = HELD.get(self.content, "data")
        if held and self.partitions:
            many = "1 partition" if self.partitions == 1 else f"{self.partitions} partitions"
            return f"{held} with {many}"
        return held

    @property
    def link(self) -> str:
        """Its name below /dev/disk/by-id, as udev makes it of what is the disk's alone.

        Those that udev makes of the model are not here: the kernel shortens models of ATA disks.
        """
        wwn = self.wwn.lower()
        if wwn.startswith("naa."):
            return f"{_BY_ID}wwn-0x{wwn[4:]}"
        if self.transport == "nvme" and re.fullmatch(r"(?:eui|uuid)\.[0-9a-f-]+", wwn):
            return f"{_BY_ID}nvme-{wwn}"
        if self.transport == "virtio" and re.fullmatch(r"[A-Za-z0-9._-]+", self.serial):
            return f"{_BY_ID}virtio-{self.serial}"
        return ""

    def told(self) -> str:
        """What a person knows it by."""
        serial = f" ({self.serial or self.wwn})" if self.serial or self.wwn else ""
        return f"{self.name}{serial}, {size_of(self.size)}"


def size_of(count: int) -> str:
    """Bytes as disks are sold: 480.1 GB."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if count >= factor:
            return f"{count / factor:.4g} {unit}"
    return f"{count} bytes"


def disks(inventory: Any) -> tuple[Disk, ...]:
    """All disks that an inventory has, in its order."""
    found = inventory.get("disks") if isinstance(inventory, dict) else None
    entries = found[:_MOST] if isinstance(found, list) else []
    read = [_disk(each) for each in entries if isinstance(each, dict)]
    return tuple(each for each in read if _PATH.fullmatch(each.path))


def _disk(given: dict[str, Any]) -> Disk:
    return Disk(
        name=_text(given, "name"),
        path=_text(given, "path"),
        size=_number(given, "bytes"),
        model=_text(given, "model"),
        serial=_text(given, "serial"),
        wwn=_text(given, "wwn"),
        transport=_text(given, "transport"),
        rotational=given.get("rotational") is True,
        read_only=given.get("read_only") is True,
        partitions=_number(given, "partitions"),
        content=_text(given, "content"),
    )


def _text(given: dict[str, Any], key: str) -> str:
    value = given.get(key)
    # What is too long to be said whole must not pass for another's.
    fit = isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()
    return value.strip() if fit and isinstance(value, str) else ""


def _number(given: dict[str, Any], key: str) -> int:
    value = given.get(key)
    fit = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_BYTES
    return value if fit and isinstance(value, int) else 0


# --- names


def plain_wwn(name: str) -> str:
    """A WWN however it is written (naa., 0x, wwn-0x, 3…): its digits; other names in small."""
    found = _WWN.fullmatch(name.lower())
    return found[1] if found else name.lower()


def is_named(disk: Disk, name: str) -> bool:
    """Whether a name is this disk's serial number or WWN."""
    same_serial = bool(disk.serial) and name == disk.serial
    return same_serial or (bool(disk.wwn) and plain_wwn(name) == plain_wwn(disk.wwn))


def is_at(disk: Disk, path: str) -> bool:
    """Whether a path below /dev leads to this disk."""
    if not path.startswith(_BY_ID):
        return path == disk.path
    name = path.removeprefix(_BY_ID)
    return path == disk.link or any(name == each for each in _links(disk)) or _ends(disk, name)


def _links(disk: Disk) -> Iterator[str]:
    if disk.wwn:
        digits = plain_wwn(disk.wwn)
        yield from (f"wwn-0x{digits}", f"scsi-3{digits}", f"nvme-{disk.wwn}")
    if disk.serial:
        yield f"virtio-{disk.serial}"


def _ends(disk: Disk, name: str) -> bool:
    """Names of the form BUS-MODEL_SERIAL, some with a number of the disk behind."""
    bus, _, rest = name.partition("-")
    if not disk.serial or bus not in _BEHIND:
        return False
    serial = re.escape(re.sub(r"\s+", "_", disk.serial))
    return re.search(rf"_{serial}{_BEHIND[bus]}$", rest) is not None


def identity(disk: Disk, all_disks: Sequence[Disk]) -> str:
    """By what a disk is armed: its serial number, or its WWN if another one has that serial, too.

    Empty if nothing is its alone.
    """
    others = [each for each in all_disks if each is not disk]
    taken = {name for each in others for name in (each.serial, each.wwn) if name}
    return next((name for name in (disk.serial, disk.wwn) if name and name not in taken), "")

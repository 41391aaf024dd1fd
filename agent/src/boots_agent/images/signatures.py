"""What a disk holds, told from a few of its bytes.  Nothing here opens anything."""

import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple

Read = Callable[[int, int], bytes]  # offset and length; fewer at the end of the disk

MARK = b"BOOTS HALF-WRITTEN "
_EDGE = 1 << 20
_SAMPLES, _SAMPLE = 64, 4096


class Sign(NamedTuple):
    """Bytes at a place; a negative one counts from the end of the disk.

    `kind` is for people, `word` for the inventory, `mounts` what Linux mounts it as.
    """

    offset: int
    value: bytes
    kind: str
    word: str
    mounts: str = ""


SIGNS = (
    Sign(512, b"EFI PART", "a GPT", "gpt"),
    Sign(4096, b"EFI PART", "a GPT", "gpt"),
    Sign(-512, b"EFI PART", "a spare GPT", "gpt"),
    Sign(-4096, b"EFI PART", "a spare GPT", "gpt"),
    Sign(0, b"LUKS\xba\xbe", "LUKS", "luks"),
    Sign(3, b"-FVE-FS-", "BitLocker", "bitlocker"),
    Sign(536, b"LVM2 001", "LVM", "lvm2"),
    Sign(24, b"LVM2 001", "LVM", "lvm2"),
    Sign(0, b"\xfc\x4e\x2b\xa9", "a RAID member", "raid"),
    Sign(4096, b"\xfc\x4e\x2b\xa9", "a RAID member", "raid"),
    Sign(-8192, b"\xfc\x4e\x2b\xa9", "a RAID member", "raid"),
    Sign(-65536, b"\xfc\x4e\x2b\xa9", "a RAID member", "raid"),
    Sign(0, b"XFSB", "XFS", "xfs", "xfs"),
    Sign(1080, b"\x53\xef", "ext2, 3 or 4", "ext", "ext4"),
    Sign(1024, b"\x10\x20\xf5\xf2", "F2FS", "f2fs", "f2fs"),
    Sign(65600, b"_BHRfS_M", "btrfs", "btrfs", "btrfs"),
    Sign(0, b"hsqs", "SquashFS", "squashfs", "squashfs"),
    Sign(1024, b"\xe2\xe1\xf5\xe0", "EROFS", "erofs", "erofs"),
    Sign(32, b"NXSB", "APFS", "apfs"),
    Sign(1024, b"H+\0\x04", "HFS+", "hfsplus"),
    Sign(4086, b"SWAPSPACE2", "swap", "swap"),
    Sign(3, b"NTFS    ", "NTFS", "ntfs", "ntfs3"),
    Sign(3, b"EXFAT   ", "exFAT", "exfat", "exfat"),
    Sign(82, b"FAT32   ", "FAT", "fat", "vfat"),
    Sign(54, b"FAT", "FAT", "fat", "vfat"),
    Sign(32769, b"CD001", "an ISO", "iso9660", "iso9660"),
    Sign(510, b"\x55\xaa", "an MBR", "mbr"),
)


def signs_in(start: bytes) -> Iterator[Sign]:
    """What is known in the first bytes of a device."""
    for sign in SIGNS:
        at = sign.offset
        if at >= 0 and start[at : at + len(sign.value)] == sign.value:
            yield sign


def sign_of(read: Read, size: int) -> str:
    """The first thing known that a disk holds, in words, or nothing."""
    for sign in SIGNS:
        place = sign.offset if sign.offset >= 0 else size + sign.offset
        length = len(sign.value)
        if 0 <= place <= size - length and read(place, length) == sign.value:
            return sign.kind
    return ""


def held(read: Read, size: int) -> str:
    """What a disk holds, in words; empty if its edges and samples in between are all zero.

    A disk that nothing is known of but that is not zero holds ``data``: it may be somebody's.
    """
    known = sign_of(read, size)
    if known:
        return known
    places = [(0, _EDGE), (max(0, size - _EDGE), _EDGE)]
    step = size // _SAMPLES
    places += [(number * step // _SAMPLE * _SAMPLE, _SAMPLE) for number in range(_SAMPLES)]
    return "data" if any(read(*place).strip(b"\0") for place in places) else ""


def mark(run: str) -> bytes:
    """The first sector of a disk that a run is writing."""
    return (MARK + run.encode()[:256] + b"\n").ljust(512, b"\0")


def marked(read: Read) -> str | None:
    """The run that left this disk half written, or None."""
    start = read(0, 512)
    if not start.startswith(MARK):
        return None
    return start[len(MARK) :].partition(b"\n")[0].decode(errors="replace")


def disk_guid(read: Read) -> str | None:
    """The GUID of a disk's GPT (UEFI 5.3.2), in lower case; None without one."""
    for sector in (512, 4096):
        header = read(sector, 92)
        if header[:8] == b"EFI PART" and len(header) == 92:
            return str(uuid.UUID(bytes_le=header[56:72]))
    return None

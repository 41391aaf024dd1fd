"""File systems that grow while they are mounted: the kernel does it, and needs only be asked."""

import fcntl
import os
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

_XFS_GEOMETRY, _XFS_GROW = 0x80705864, 0x4010586E  # XFS_IOC_FSGEOMETRY_V1, XFS_IOC_FSGROWFSDATA
_XFS_FACTS = struct.Struct("=IIIIIIIIQ72x")  # xfs_fsop_geom_v1, as far as its blocks
_XFS_WANTED = struct.Struct("=QI4x")
_BTRFS_RESIZE = 0x50009403  # BTRFS_IOC_RESIZE
_BTRFS_WANTED = struct.Struct("=q4088s")


def _xfs(device: str, place: Path) -> None:
    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        facts = _XFS_FACTS.unpack(fcntl.ioctl(folder, _XFS_GEOMETRY, bytes(_XFS_FACTS.size)))
        block, inodes, blocks = facts[0], facts[7], facts[8]
        wanted = _size(device) // block
        if wanted > blocks:
            fcntl.ioctl(folder, _XFS_GROW, _XFS_WANTED.pack(wanted, inodes))
    finally:
        os.close(folder)


def _btrfs(_: str, place: Path) -> None:
    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # As bytes that may change: more than 1,024 are not taken otherwise.
        fcntl.ioctl(folder, _BTRFS_RESIZE, bytearray(_BTRFS_WANTED.pack(0, b"max")))
    finally:
        os.close(folder)


def _size(device: str) -> int:
    descriptor = os.open(device, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.lseek(descriptor, 0, os.SEEK_END)
    finally:
        os.close(descriptor)


ONLINE: Mapping[str, Callable[[str, Path], None]] = {"XFS": _xfs, "btrfs": _btrfs}
"""By what a partition holds, in the words of `signatures`: has it take all of its device.

Raises `OSError`.
"""

"""Names of disks and their partitions, as actions are given them."""

import re

_BY_LINK = re.compile(r"(/dev/disk/by-[a-z]+/.+)-part([0-9]+)")
_NUMBERED = re.compile(
    r"(/dev/(?:nvme[0-9]+n[0-9]+|mmcblk[0-9]+|loop[0-9]+|nbd[0-9]+|md[0-9]+))p([0-9]+)"
)
_STACKED = re.compile(r"/dev/(?:md[0-9]|md/|dm-|(?!disk/)[^/]+/)")
_LETTERED = re.compile(r"(/dev/(?:sd|vd|xvd|hd)[a-z]+)([0-9]+)")


def disk_of(device: str) -> str:
    """The disk that a partition is on; a disk itself, and what is neither, as it is."""
    for form in (_BY_LINK, _NUMBERED, _LETTERED):
        found = form.fullmatch(device)
        if found:
            return found[1]
    return device


def is_stacked(device: str) -> bool:
    """Whether this is an array or a volume, which stands on disks and is none."""
    return _STACKED.match(device) is not None

"""Names of disks and their partitions, as actions are given them."""

import re

_BY_LINK = re.compile(r"(/dev/disk/by-[a-z]+/.+)-part([0-9]+)")
_NUMBERED = re.compile(
    r"(/dev/(?:nvme[0-9]+n[0-9]+|mmcblk[0-9]+|loop[0-9]+|nbd[0-9]+|md[0-9]+))p([0-9]+)"
)
_LETTERED = re.compile(r"(/dev/(?:sd|vd|xvd|hd)[a-z]+)([0-9]+)")


def disk_of(device: str) -> str:
    """The disk that a partition is on; a disk itself, and what is neither, as it is."""
    for form in (_BY_LINK, _NUMBERED, _LETTERED):
        found = form.fullmatch(device)
        if found:
            return found[1]
    return device

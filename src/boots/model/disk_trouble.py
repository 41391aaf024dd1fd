"""A disk that fails, told from what a person got wrong: it must keep no machine from booting."""

import errno

WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of disk space is used up",
    errno.EROFS: "its file system cannot be written any more",
    errno.EIO: "the disk fails",
}
"""What the kernel says then, for people."""


def is_disk_trouble(error: OSError) -> bool:
    """Whether it is the disk that fails, and not its rights or its name that are wrong."""
    return error.errno in WORDS

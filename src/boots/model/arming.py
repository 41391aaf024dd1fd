"""What a disk that is armed may hold."""

import enum


class Policy(enum.Enum):
    """What an armed disk may hold that is lost."""

    EMPTY_ONLY = "empty-only"
    """Nothing."""
    WIPE_KNOWN = "wipe-known"
    """Nothing, or what a run of ours wrote there."""
    FORCE = "force"
    """Anything; the disk is to be named by its serial number or WWN."""

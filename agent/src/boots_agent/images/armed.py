"""What allows a disk to be written: for which machine and run, which disk, and what it may hold."""

from dataclasses import dataclass
from enum import Enum


class Policy(Enum):
    """What the disk may hold that is lost."""

    EMPTY_ONLY = "empty-only"  # nothing
    WIPE_KNOWN = "wipe-known"  # nothing, or a partition table whose identifier is known
    FORCE = "force"  # anything


@dataclass(frozen=True, slots=True)
class Armed:
    """One machine's permission to write one disk in one run.

    Attributes:
        machine: The machine's MAC or name, for the record.
        run: Marks a disk that is half written, so that the same run may take it up again.
        serial: The disk's serial number or WWN; of a file ``file:`` and its path.
        size: The disk's bytes.
        known: GUIDs of GPTs that may be lost under ``wipe-known``.
    """

    machine: str
    run: str
    serial: str
    size: int
    policy: Policy = Policy.EMPTY_ONLY
    known: frozenset[str] = frozenset()

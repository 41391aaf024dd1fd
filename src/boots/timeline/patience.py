"""How long each step of a boot takes where all is well: data."""

from collections.abc import Mapping
from typing import NamedTuple

from boots.timeline.words import Boot, Stage


class Patience(NamedTuple):
    """Seconds of silence that are normal while a step is under way, and after its end."""

    within: float
    after: float


PATIENCE: Mapping[Stage, Patience] = {
    # PXE 2.1 §2.2.3 and RFC 2131 §4.1: DISCOVERs at 0, 4, 12, 28 s; edk2 listens 4 s to offers.
    # An answer of ours that is taken comes back within that.  Firmware fetches at once.
    Stage.FIRMWARE_DHCP: Patience(40, 20),
    # Progress is told each second; firmware's own timers are of 4 s.  What was loaded starts in a
    # few seconds, but a switch port may block for 30 s after the link was reset.
    Stage.BOOT_FILE: Patience(20, 45),
    # iPXE asks at 0, 1, 3, 7, 15 s; with IPv6 it waits up to 16 s for a router before it goes on.
    Stage.IPXE_DHCP: Patience(25, 30),
    Stage.SCRIPT: Patience(30, 60),
    Stage.KERNEL: Patience(30, 60),
    # Large servers unpack and find their hardware for one to two minutes without a word.
    Stage.INITRD: Patience(30, 180),
    # Between its address and its agent OSIE takes seconds; a large inventory a minute.
    Stage.SYSTEM: Patience(180, 180),
    Stage.INVENTORY: Patience(0, 0),
    Stage.DISK: Patience(0, 0),
}

KERNEL_STARTS = 180.0
"""Seconds within which a kernel that was fetched is heard of, where all is well."""

SOON = 5.0
"""Seconds after which a client that does not try again will not."""

ELSEWHERE = 300.0
"""Seconds that a machine may take with another server, whose transfers are not seen here."""

NEW_POWER_ON = 120.0
"""Seconds without a word after which a program that asks DHCP again is of another power-on.

A PXE ROM gives up 60 s after its first DISCOVER, and goes through its other boot devices.
"""

NEW_SYSTEM = 600.0
"""Seconds without a word after which a system that asks for an address anew was started anew.

An installer asks several times, and is busy with the disk for minutes.
"""

SKEW = 1.0
"""Seconds by which what replicas and workers tell may be out of order.

No firmware is back with a DISCOVER so soon after it began to fetch.
"""

ROUND = 30.0
"""Seconds in which a program asks again and means the same question."""

_AND_THEN = 0.01  # patience is over after it, not at it


def next_look(boot: Boot, now: float) -> float:
    """When a boot that is not heard of again may have to be seen otherwise; 0 for never."""
    step = boot.step
    if step is None:
        return 0.0
    within, after = PATIENCE[step.stage]
    own = after if step.ended else within
    moments = [boot.heard + each + _AND_THEN for each in (SOON, own, KERNEL_STARTS, ELSEWHERE)]
    return min((at for at in moments if at > max(now, boot.heard)), default=0.0)

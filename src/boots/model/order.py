"""Orders: what a person wants of a machine's next boots, over what its record says."""

import enum

import msgspec


class Netboot(enum.Enum):
    """What was ordered of a machine's netboot."""

    ON = "on"
    OFF = "off"
    ONCE = "once"
    """On until the machine has been told once what to run; then it boots from its disk."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a person, or a program, ordered of a machine over its record.

    With a `profile` it runs that one.  `by` says who ordered it and `at` when, in seconds since
    1970 UTC; `spent` is when ``once`` was used up, 0 before.
    """

    netboot: Netboot
    profile: str = ""
    by: str = ""
    at: float = 0.0
    spent: float = 0.0

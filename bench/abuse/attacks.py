"""What is done to a server: each attack with its name, and the program that does it."""

from collections.abc import Sequence
from typing import NamedTuple

from bench.abuse.hostile import ATTACKS, FIRST
from bench.place import LOAD_NIC, SERVER
from bench.programs import program

POOL = "10.9.0.0"
_SPOOFED = "10.66.0.0"


class Attack(NamedTuple):
    """`words` run in the load's namespace, or in the server's with `at_home`.

    `amplified` says that the server's bytes are held against those that it got.
    """

    name: str
    words: tuple[str, ...]
    at_home: bool = False
    amplified: bool = False


def all_of_them(seconds: float, rate: int) -> Sequence[Attack]:
    """Every attack, of so many seconds; floods have so many packets in each of them."""
    return (
        *(
            Attack(f"DHCP: {what}", _flood(kind, seconds, rate, spoofed=False))
            for kind, what in (
                ("discover", "DISCOVERs of MACs made up"),
                ("request", "REQUESTs, for the pool's addresses"),
                ("decline", "DECLINEs"),
                ("release", "RELEASEs of others' addresses"),
                ("inform", "INFORMs"),
                ("renew", "renewals, unicast"),
                ("relays", "by relays never heard of"),
                ("replies", "a false server's offers"),
                ("malformed", "malformed"),
                ("largest", "as large as can be"),
            )
        ),
        *(
            Attack(f"TFTP: {what}", _flood(kind, seconds, rate, spoofed=True), amplified=True)
            for kind, what in (
                ("rrq", "requests of spoofed addresses"),
                ("rrq-wide", "the same, blksize 65464, windowsize 65535"),
                ("rrq-none", "the same, for files that are not there"),
            )
        ),
        Attack("syslog: lines", _flood("syslog", seconds, rate, spoofed=True)),
        *(
            Attack(_named(name), _hostile(name, seconds), at_home=name == "streams")
            for name in ATTACKS
        ),
    )


def _named(name: str) -> str:
    said = (ATTACKS[name].__doc__ or name).strip().partition("\n")[0].rstrip(".")
    return f"{name.replace('_', ' ')}: {said}"


def _flood(kind: str, seconds: float, rate: int, *, spoofed: bool) -> tuple[str, ...]:
    source = ("-f", _SPOOFED, "-n", "60000") if spoofed else ("-f", str(FIRST), "-n", "16")
    return (
        *("nice", "-n", "10", str(program("flood")), "-k", kind, "-i", LOAD_NIC),
        *("-s", str(SERVER), "-p", POOL, "-r", str(rate), "-t", str(round(seconds)), *source),
    )


def _hostile(name: str, seconds: float) -> tuple[str, ...]:
    return ("python", name, str(seconds))

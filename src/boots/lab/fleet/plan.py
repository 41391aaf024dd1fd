"""Which machines a fleet has, when each is switched on, and the records that a server needs."""

import math
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from boots.lab.errors import LabError
from boots.lab.fleet.kinds import Kind

_LOCAL = 0x02  # the bit of a MAC that says that nobody gave it out (IEEE 802)
_PI_OUI = bytes.fromhex("dca632")
_SPARED = 16  # the first addresses of a network are its routers' and servers'


class PlanError(LabError):
    """The fleet asked for cannot be; the text says why."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One made-up machine: its firmware, its MAC, and option 97 as it sends it."""

    number: int
    kind: Kind
    mac: bytes
    uuid: bytes
    serial: str

    @property
    def name(self) -> str:
        """What its record calls it."""
        return f"sim-{self.number:05}"


@dataclass(frozen=True, slots=True)
class Arrival:
    """When machines are switched on: all at once, spread over seconds, or by chance.

    `over` are the seconds in which all come, evenly; `rate` is how many come in a second on
    average, at random (a Poisson process).  With neither all come at once.
    """

    over: float = 0.0
    rate: float = 0.0

    def times(self, count: int, chance: random.Random) -> Iterator[float]:
        """The seconds after which each is switched on, in order."""
        at = 0.0
        for number in range(count):
            if self.rate:
                at += chance.expovariate(self.rate)
                yield at
            else:
                yield self.over * number / count


@dataclass(frozen=True, slots=True)
class Relay:
    """The relay that the fleet is behind: its address there, and the server."""

    giaddr: IPv4Address
    server: IPv4Address


def arrival(text: str) -> Arrival:
    """Read ``at-once``, a number of seconds, or ``poisson:RATE``.

    Raises:
        PlanError: it is none of them.
    """
    if text == "at-once":
        return Arrival()
    word, _, rate = text.rpartition(":")
    try:
        number = float(rate)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf or word not in {"", "poisson"}:
        raise PlanError(
            f"--arrival {text}: write at-once, the seconds in which all come (30), "
            "or how many come in a second by chance (poisson:20)"
        )
    return Arrival(rate=number) if word else Arrival(over=number)


def mix(text: str) -> Mapping[Kind, int]:
    """Read ``bios,uefi`` or ``bios=3,uefi=1``: the kinds, and how many of each among the others.

    Raises:
        PlanError: a kind does not exist, or its share is no whole number above 0.
    """
    found: dict[Kind, int] = {}
    for part in text.split(","):
        name, _, share = part.strip().partition("=")
        if name not in set(Kind):
            known = ", ".join(Kind)
            raise PlanError(f'--mix: there is no kind "{name}"; there are {known}')
        if share and not (share.isascii() and share.isdigit() and int(share)):
            raise PlanError(f'--mix: "{share}" is no share of {name}; write {name}=2')
        found[Kind(name)] = found.get(Kind(name), 0) + int(share or 1)
    return found


def fleet(count: int, shares: Mapping[Kind, int], seed: int) -> list[Machine]:
    """So many machines of these kinds; the same seed makes the same machines.

    MACs are of the range that nobody gives out, ``02:…``, but those of Raspberry Pis: servers
    know these by theirs.
    """
    chance = random.Random(seed)  # noqa: S311  # nothing here is a secret
    base = bytes([_LOCAL, *chance.randbytes(2)])
    first = chance.randrange(1 << 24)
    kinds = _dealt(shares)
    machines = []
    for number in range(1, count + 1):
        kind = kinds[(number - 1) % len(kinds)]
        serial = chance.randbytes(4)
        low = ((first + number) % (1 << 24)).to_bytes(3)
        pi = kind is Kind.RPI4
        mac = (_PI_OUI if pi else base) + low
        said = _pi_uuid(serial, mac) if pi else uuid.UUID(bytes=chance.randbytes(16)).bytes_le
        machines.append(Machine(number, kind, mac, b"\0" + said, serial.hex()))
    return machines


def _dealt(shares: Mapping[Kind, int]) -> Sequence[Kind]:
    """One round of all kinds, each as often as its share, well mixed."""
    places = [
        ((turn + 0.5) / share, kind) for kind, share in shares.items() for turn in range(share)
    ]
    return [kind for _, kind in sorted(places, key=lambda place: place[0])]


def _pi_uuid(serial: bytes, mac: bytes) -> bytes:
    """Option 97 of a Pi 4: its name, its board, its serial number."""
    return b"RPi4" + bytes.fromhex("1531c000") + serial + mac[2:]


def addresses(machines: Sequence[Machine], network: IPv4Network) -> list[IPv4Address]:
    """An address for each; the first few of the network are left to others.

    Raises:
        PlanError: the network has too few.
    """
    room = network.num_addresses - _SPARED - 1
    if room < len(machines):
        raise PlanError(
            f"--network {network} has room for {max(room, 0)} machines, not for {len(machines)}"
        )
    return [network.network_address + _SPARED + at for at in range(len(machines))]


def records(machines: Sequence[Machine], network: IPv4Network, gateway: str = "") -> Iterator[str]:
    """The lines of a record file in the short form.

    Raises:
        PlanError: as `addresses`.
    """
    yield "machines:"
    for machine, address in zip(machines, addresses(machines, network), strict=True):
        yield f"  - name: {machine.name}"
        yield f"    mac: {machine.mac.hex(':')}"
        yield f"    address: {address}/{network.prefixlen}"
        if gateway:
            yield f"    gateway: {gateway}"
        if machine.kind is Kind.RPI4:
            yield "    cpu: aarch64"
            yield f'    raspberry_pi: {{serial: "{machine.serial}", folder: rpi}}'

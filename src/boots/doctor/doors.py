"""Which doors of a server on this host should be open, and are not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from boots.doctor.place import Place
from boots.doctor.tables import Open
from boots.doctor.words import Finding, Severity

_ANY = IPv4Address(0)
_OURS = ("boots", "python", "systemd")


@dataclass(frozen=True, slots=True)
class Door:
    """One that the settings call for; DHCP's is held to its interface, the others to `address`."""

    name: str
    protocol: str
    port: int
    address: IPv4Address = _ANY


def is_open(door: Door, index: int, ports: Sequence[Open]) -> Open | None:
    """The socket behind a door, if there is one; `index` is that of the interface."""
    for each in ports:
        fits = each.address in {_ANY, door.address} or door.address == _ANY
        same = (each.protocol, each.port) == (door.protocol, door.port)
        if same and fits and each.index in {0, index}:
            return each
    return None


def judge(
    place: Place,
    doors: Sequence[Door],
    index: int,
    ports: Sequence[Open],
    holder: Callable[[int], str],
) -> Iterator[Finding]:
    """What is closed, or somebody else's.  Where nothing is open, the server does not run."""
    found = {door: is_open(door, index, ports) for door in doors}
    if doors and not any(_is_anywhere(door, ports) for door in doors):
        yield Finding(
            code="not-running",
            severity=Severity.ERROR,
            title="the server does not run: none of its ports is open",
            advice="start boots serve, and look in its log (journalctl -u boots)",
            seen=tuple(f"{door.name}: {_where(door)} is closed" for door in doors),
            interface=place.interface,
        )
        return
    for door, sock in found.items():
        yield from _closed(place, door, ports) if sock is None else _held(place, door, sock, holder)


def _closed(place: Place, door: Door, ports: Sequence[Open]) -> Iterator[Finding]:
    elsewhere = _is_anywhere(door, ports)
    advice = f"add {place.interface} to interfaces, or mend the address it listens on"
    yield Finding(
        code="not-on-interface" if elsewhere else "closed-port",
        severity=Severity.ERROR,
        title=f"{door.name} is {'open elsewhere, not' if elsewhere else 'closed'}"
        f" on {place.interface}: {_where(door)}",
        advice=advice
        if elsewhere
        else "look in the server's log why it did not open it,"
        " and restart it if its settings have changed",
        interface=place.interface,
    )


def _is_anywhere(door: Door, ports: Sequence[Open]) -> bool:
    return any((each.protocol, each.port) == (door.protocol, door.port) for each in ports)


def _held(place: Place, door: Door, sock: Open, holder: Callable[[int], str]) -> Iterator[Finding]:
    who = holder(sock.inode)
    if who and not who.startswith(_OURS):
        yield Finding(
            code="foreign-program",
            severity=Severity.ERROR,
            title=f"{door.name} is another program's: {_where(door)} is held by {who}",
            advice="stop it, or give it another port",
            interface=place.interface,
        )


def _where(door: Door) -> str:
    address = "" if door.address == _ANY else f" of {door.address}"
    return f"{door.port}/{door.protocol}{address}"

"""The index: every record in memory, found by MAC, by address and by name without waiting."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from boots.machines.fault import Fault
from boots.model.mac import Mac
from boots.model.machine import Known, Machine


@dataclass(frozen=True, slots=True)
class Index:
    """All machines, and three ways to find one.  A new one is made when records change."""

    machines: tuple[Machine, ...] = ()
    by_mac: dict[Mac, Known] = field(default_factory=dict)
    by_address: dict[IPv4Address, Known] = field(default_factory=dict)
    by_name: dict[str, Machine] = field(default_factory=dict)


def build(machines: Iterable[Machine]) -> tuple[Index, list[Fault]]:
    """Index these machines; a MAC, address or name that two of them claim is a fault.

    Of two claims the first one is in the index.
    """
    index = Index(tuple(machines))
    faults: list[Fault] = []
    for machine in index.machines:
        other = index.by_name.setdefault(machine.name, machine)
        if other is not machine:
            faults.append(_claimed("name", machine.name, machine, other))
        for interface in machine.interfaces:
            known = Known(machine=machine, interface=interface)
            first = index.by_mac.setdefault(interface.mac, known)
            if first is not known:
                faults.append(_claimed("MAC", interface.mac, machine, first.machine))
            if interface.reservation is None:
                continue
            first = index.by_address.setdefault(interface.reservation.address, known)
            if first is not known:
                address = str(interface.reservation.address)
                faults.append(_claimed("address", address, machine, first.machine))
    return index, faults


def _claimed(what: str, value: str, machine: Machine, other: Machine) -> Fault:
    return Fault(
        file=machine.place.file,
        line=machine.place.line,
        field="",
        problem=f'"{machine.name}" has the {what} {value}'
        f' that "{other.name}" has already, at {other.place}',
        advice=f"give each machine a {what} of its own",
    )

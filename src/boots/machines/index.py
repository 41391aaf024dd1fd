"""The index: every record in memory, found by MAC, by address and by name without waiting."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from boots.documents.fault import Fault
from boots.model.mac import Mac
from boots.model.machine import Known, Machine


@dataclass(frozen=True, slots=True)
class Index:
    """All machines, and four ways to find one.  A new one is made when records change.

    `by_serial` holds Raspberry Pis by the folder that they ask below.
    """

    machines: Sequence[Machine] = ()
    by_mac: Mapping[Mac, Known] = field(default_factory=dict)
    by_address: Mapping[IPv4Address, Known] = field(default_factory=dict)
    by_name: Mapping[str, Machine] = field(default_factory=dict)
    by_serial: Mapping[str, Known] = field(default_factory=dict)


def build(machines: Iterable[Machine]) -> tuple[Index, list[Fault]]:
    """Index these machines; a MAC, address or name that two of them claim is a fault.

    Of two claims the first one is in the index.  One address on several interfaces of the same
    machine is no fault: it boots from whichever has a cable, and Smee's records say it so.
    """
    whole = tuple(machines)
    by_mac, by_address, by_serial = (
        dict[Mac, Known](),
        dict[IPv4Address, Known](),
        dict[str, Known](),
    )
    by_name: dict[str, Machine] = {}
    faults: list[Fault] = []
    for machine in whole:
        other = by_name.setdefault(machine.name, machine)
        if other is not machine and not _has(machine, machine.name):  # else its MAC is the fault
            faults.append(
                _fault(
                    machine, f'"{machine.name}" is the name of the machine at {other.place}', "name"
                )
            )
        for interface in machine.interfaces:
            known = Known(machine=machine, interface=interface)
            first = by_mac.setdefault(interface.mac, known)
            if first is not known:
                faults.append(_claimed("MAC", interface.mac, machine, first.machine))
            board = interface.netboot.raspberry_pi
            if board is not None:
                first = by_serial.setdefault(board.asks_below, known)
                if first.machine is not machine:
                    faults.append(_claimed("serial", board.serial, machine, first.machine))
            if interface.reservation is None:
                continue
            first = by_address.setdefault(interface.reservation.address, known)
            if first.machine is not machine:
                address = str(interface.reservation.address)
                faults.append(_claimed("address", address, machine, first.machine))
    return Index(whole, by_mac, by_address, by_name, by_serial), faults


def _has(machine: Machine, mac: str) -> bool:
    return any(interface.mac == mac for interface in machine.interfaces)


def _claimed(what: str, value: str, machine: Machine, other: Machine) -> Fault:
    if other is machine:
        return _fault(machine, f'"{machine.name}" has the {what} {value} twice', what)
    problem = f'"{machine.name}" has the {what} {value} of "{other.name}" at {other.place}'
    return _fault(machine, problem, what)


def _fault(machine: Machine, problem: str, what: str) -> Fault:
    whose = "interface" if what == "MAC" else "machine"
    article = "an" if what == "address" else "a"
    return Fault(
        file=machine.place.file,
        line=machine.place.line,
        field="",
        problem=problem,
        advice=f"give each {whose} {article} {what} of its own",
    )

"""Machines without a record: made up from what they say, so that answers are made as for others."""

from boots.model.mac import Mac
from boots.model.machine import (
    Architecture,
    Interface,
    Known,
    Machine,
    Netboot,
    Place,
    Reservation,
)
from boots.model.site import Site
from boots.policy.client import Client

_CPUS = {Architecture.ARM64_UEFI: "aarch64", Architecture.ARM32_UEFI: "arm"}


def made_up(
    mac: Mac, site: Site, reservation: Reservation | None = None, client: Client | None = None
) -> Known:
    """A machine that nobody wrote a record of, with the address it leases, if it leases one."""
    cpu = _CPUS.get(client.architecture, "x86_64") if client else "x86_64"
    interface = Interface(
        mac=mac,
        reservation=reservation,
        netboot=Netboot(allowed=bool(site.unknown), profile=site.unknown),
    )
    machine = Machine(
        name=mac, interfaces=(interface,), place=Place(file="no record", line=0), cpu=cpu
    )
    return Known(machine=machine, interface=interface, stranger=True)

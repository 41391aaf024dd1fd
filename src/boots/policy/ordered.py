"""What an order makes of a machine: a person's word over the record, until it is withdrawn."""

from msgspec.structs import replace

from boots.model.machine import Known, Machine, Netboot
from boots.model.order import Netboot as Ordered
from boots.model.order import Order

GRACE = 120.0
"""Seconds after ``once`` was answered in which the same boot may ask again: a script that broke
off, an iPXE that was reset."""
SKEW = 5.0
"""Seconds that the clocks of servers that share orders may differ by."""


def ordered(known: Known, order: Order) -> Known:
    """The machine as it boots under this order.

    A profile takes the place of a script of the record, which would win over it.
    """
    machine = known.machine
    interfaces = tuple(
        replace(each, netboot=_netboot(each.netboot, order)) for each in machine.interfaces
    )
    changed: Machine = replace(machine, interfaces=interfaces)
    here = next(each for each in interfaces if each.mac == known.mac)
    return replace(known, machine=changed, interface=here)


def _netboot(own: Netboot, order: Order) -> Netboot:
    allowed = order.netboot is not Ordered.OFF
    if not order.profile:
        return replace(own, allowed=allowed)
    return replace(own, allowed=allowed, profile=order.profile, script="", script_url="")


def used_up(order: Order, now: float) -> str:
    """Why an order lets the machine boot nothing any more; empty while it does.

    What its last script loads it still gets: this is asked where it is said what to run.
    One with more than `GRACE` to go was used up before the clock was set back.
    """
    if order.netboot is not Ordered.ONCE or not order.spent:
        return ""
    if 0 < order.spent - now <= GRACE + SKEW:
        return ""
    return "it was to netboot once, and has: it boots from its disk until that is ordered anew"

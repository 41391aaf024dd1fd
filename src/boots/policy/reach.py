"""Who gets files at all: addresses of networks that somebody said have machines in them."""

from ipaddress import IPv4Address

from boots.model import bmc
from boots.model.machine import Known
from boots.model.site import Mode, Site
from boots.policy.subnet import is_near

ADVICE = "describe it in [[subnets]], or name it in networks"


def reaches(address: IPv4Address, site: Site) -> bool:
    """Whether an address is of a network of ours.

    Where DHCP is off, and nothing is said of networks, machines may be anywhere.
    """
    if site.mode is Mode.OFF and not site.subnets and not site.networks:
        return True
    return address.is_loopback or is_near(address, site)


def is_bmc(address: IPv4Address, known: Known | None) -> bool:
    """Whether this is the BMC of a machine, by its record: they are in networks of their own."""
    if known is None or known.machine.bmc is None:
        return False
    return bmc.address(known.machine.bmc.url).host == str(address)

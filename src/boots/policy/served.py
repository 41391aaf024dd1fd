"""A machine as a server takes it, where no message of it is at hand: for `explain` and `plan`."""

from msgspec.structs import replace

from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Mode, Site, Subnet
from boots.policy.stranger import made_up


def as_served(mac: Mac, known: Known | None, site: Site) -> Known | None:
    """The machine, or a stranger where they are answered; with an address if it leases one.

    Which address of the pool that would be nobody knows: the first stands for it.
    """
    subnet = pool_of(site)
    if known is None and site.mode is Mode.AUTO_PROXY:
        return made_up(mac, site)
    if subnet is None or (known is not None and known.interface.reservation is not None):
        return known
    lease = subnet.reservation(subnet.pool[0].first, site.netboot_lease_time)
    if known is None:
        return made_up(mac, site, lease)
    return replace(known, interface=replace(known.interface, reservation=lease))


def pool_of(site: Site) -> Subnet | None:
    """The subnet that machines on this link lease from, if they do."""
    here = (each for each in site.subnets if site.server in each.network)
    found = next(here, None) if site.mode is Mode.POOL else None
    return found if found is not None and found.pool else None

"""Which addresses are a machine's: its secrets go to no other, nor is another believed.

A MAC in a path says of whom is spoken, and anybody can write one.  The address that asks is harder
to take, and a switch can see to it (DHCP snooping).
"""

from ipaddress import IPv4Address

from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.site import Mode, Site
from boots.policy import ticket, token
from boots.policy.got import Got, Rendered, Script

ADVICE = "name a proxy before us in http.trusted_proxies; boot.any_address lets any ask"


def elsewhere(known: Known, peer: IPv4Address, owner: Mac | None, site: Site) -> str:
    """Why an address that asks cannot be this machine's; empty if it can.

    `owner` is the MAC that a record, a lease or its own word says is at that address.  Where
    nobody's is known to be there, and others give addresses, nothing can be said against it.
    """
    if known.stranger or site.any_address:  # of strangers nothing is kept that is theirs alone
        return ""
    interfaces = known.machine.interfaces
    if owner is not None:
        mine = owner == known.mac or any(each.mac == owner for each in interfaces)
        return "" if mine else f"{peer} is another machine's address: {ADVICE}"
    if any(each.reservation and each.reservation.address == peer for each in interfaces):
        return ""
    if not _all_are_ours(known, site):
        return ""
    return f"{peer} is not this machine's address: {ADVICE}"


def _all_are_ours(known: Known, site: Site) -> bool:
    """Whether a machine has an address by us, and by nobody else."""
    if site.shadow or not site.authoritative or site.mode not in {Mode.RESERVATION, Mode.POOL}:
        return False
    return any(
        each.dhcp and (each.reservation is not None or site.mode is Mode.POOL)
        for each in known.machine.interfaces
    )


def is_private(what: Got, site: Site) -> bool:
    """Whether this is for one machine's eyes: made from a template of a profile, or with a secret.

    Scripts and menus without a ticket or a token are for whoever asks, as they always were.
    """
    if isinstance(what, Script):
        return _has_secret(what.text, site)
    if isinstance(what, Rendered):
        return what.private or _has_secret(what.content.decode(errors="replace"), site)
    return False


def _has_secret(text: str, site: Site) -> bool:
    return ticket.ARGUMENT in text or token.stands_in(text, site.token_key)

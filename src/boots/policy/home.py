"""Which addresses are a machine's: its secrets go to no other, nor is another believed.

A MAC in a path says of whom is spoken, and anybody can write one.  The address that asks is harder
to take, and a switch can see to it (DHCP snooping).
"""

import functools
from collections.abc import Iterator
from ipaddress import IPv4Address

from boots.model.mac import Mac
from boots.model.machine import Known, Machine
from boots.model.site import Mode, Site
from boots.policy import leaks, templates, ticket, token
from boots.policy.got import File, Got, Ground, Refusal, Rendered, Script
from boots.policy.ipxe_words import Unwritable
from boots.policy.iso import Image
from boots.policy.path import AUTOEXEC
from boots.policy.script import chosen

ADVICE = "name a proxy before us in http.trusted_proxies; boot.any_address lets any ask"


def elsewhere(known: Known, peer: IPv4Address, owner: Mac | None, site: Site) -> str:
    """Why an address that asks cannot be this machine's; empty if it can.

    `owner` is the MAC that a record, a lease or its own word says is at that address.  Where
    nobody's is known to be there, and others give addresses, nothing can be said against it.
    Strangers are no exception: rules make records of what is told of them.
    """
    if site.any_address:
        return ""
    interfaces = known.machine.interfaces
    if owner is not None:
        mine = owner == known.mac or has(known.machine, owner)
        return "" if mine else f"{peer} is another machine's address: {ADVICE}"
    if any(each.reservation and each.reservation.address == peer for each in interfaces):
        return ""
    if not _all_are_ours(known, site):
        return ""
    return f"{peer} is not this machine's address: {ADVICE}"


def has(machine: Machine, mac: Mac) -> bool:
    """Whether a MAC is one of a machine's."""
    return any(each.mac == mac for each in machine.interfaces)


def _all_are_ours(known: Known, site: Site) -> bool:
    """Whether a machine has an address by us, and by nobody else."""
    if site.shadow or not site.authoritative or site.mode not in {Mode.RESERVATION, Mode.POOL}:
        return False
    return any(
        each.dhcp and (each.reservation is not None or site.mode is Mode.POOL)
        for each in known.machine.interfaces
    )


def is_private(what: Got, known: Known, site: Site) -> bool:
    """Whether this is for one machine's eyes.

    So is what tells what is its own, and what holds a ticket or a token or looks like a secret.
    Other scripts and menus are for whoever asks, as they always were.
    """
    match what:
        case Script(text):
            return _tells_own(what, known, site) or _has_secret(text, site)
        case Rendered(_, content):
            text = content.decode(errors="replace")
            return _tells_own(what, known, site) or _has_secret(text, site)
        case Refusal(ground):
            return ground is Ground.BROKEN
        case File():
            return False


def _tells_own(what: Script | Rendered, known: Known, site: Site) -> bool:
    """Whether a text may say what stands in a machine's record alone.

    It is that text itself, is made from a template of its profile that may tell secrets, or says
    why something of its own is broken, which may quote it.
    """
    if isinstance(what, Script) and (what.problem or what.profile == AUTOEXEC):
        return bool(what.problem)
    return what.private or _tells(known, site)


def is_for_few(what: Script, known: Known, site: Site) -> bool:
    """Whether a script may tell what nobody who only looks on should read.

    That is asked of each that leaves, so of long texts only those are looked at that many
    machines share.
    """
    return _tells_own(what, known, site) or any(map(_seen, _made_of(known, site)))


def is_private_disc(what: Image | Refusal, site: Site) -> bool:
    """Whether a machine's ISO is for its eyes, and its BMC's: so are arguments that are secrets.

    Where `boot.secrets_allowed` names them they are in it, and discs are public else.
    """
    match what:
        case Image(text=text):
            return _has_secret(text.decode(), site)
        case Refusal(ground):
            return ground is Ground.BROKEN


def _has_secret(text: str, site: Site) -> bool:
    """Whether a text holds a ticket, a token, or what looks like a secret."""
    return ticket.ARGUMENT in text or token.stands_in(text, site.token_key) or bool(_seen(text))


@functools.lru_cache(maxsize=256)
def _seen(text: str) -> str:
    return leaks.secret_in_script(text)


def _tells(known: Known, site: Site) -> bool:
    """Whether the profile's script, or its arguments, are templates that may tell secrets."""
    return any(map(templates.may_tell, _of_profile(known, site)))


def _of_profile(known: Known, site: Site) -> tuple[str, ...]:
    try:
        profile = chosen(known, site)
    except Unwritable:
        return ()
    return (profile.script, profile.script_url, profile.kernel, *profile.initrds, *profile.args)


def _made_of(known: Known, site: Site) -> Iterator[str]:
    """The texts of which a script is made that may hold secrets as they stand.

    Arguments are refused that look so, but for those that the settings allow.
    """
    netboot = known.interface.netboot
    yield netboot.script_url
    yield from _of_profile(known, site)
    if site.secrets_allowed:
        yield from (*site.kernel_args, *netboot.kernel_args)

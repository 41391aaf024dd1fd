"""Which address a DHCP message gets: RFC 2131 §4.3, over reservations."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from boots.model.machine import Reservation
from boots.model.site import Site, Subnet
from boots.policy import subnet
from boots.policy.asked import Asked
from boots.policy.client import Program, is_firmware
from boots.wire import options
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

_NOWHERE = IPv4Address(0)


@dataclass(frozen=True, slots=True)
class Assignment:
    """This address, for so many seconds."""

    reservation: Reservation
    lease_time: int
    why: str


@dataclass(frozen=True, slots=True)
class Denial:
    """The address asked for must not be used: NAK."""

    why: str


@dataclass(frozen=True, slots=True)
class NoAddress:
    """Not ours to say: silence."""

    why: str


def assign(asked: Asked) -> Assignment | Denial | NoAddress:
    """The address for a DISCOVER or a REQUEST."""
    message, site = asked.message, asked.site
    reservation = asked.known.interface.reservation
    if reservation is None:
        return NoAddress("its record has no address")
    chosen = message.get(options.SERVER_ID)
    if message.kind is MessageType.REQUEST and chosen not in {None, *own_ids(message, site)}:
        return NoAddress(f"the client took the offer of {chosen}")
    elsewhere = _elsewhere(asked, reservation)
    if elsewhere:
        return _refused(asked, elsewhere) if _is_lost(asked) else NoAddress(elsewhere)
    why = "it leases the address" if asked.known.stranger else "its record has the address"
    given = Assignment(reservation, reservation.lease_time or site.lease_time, why)
    wanted = wanted_address(message)
    if message.kind is not MessageType.REQUEST or wanted in {None, reservation.address}:
        return given
    if not _takes_a_nak(asked):
        # A NAK sends a Dell ROM to its disk; the right address in the ACK costs nothing.
        return Assignment(reservation, given.lease_time, f"{why}, not {wanted}")
    return _refused(asked, f"{_has(asked)} {reservation.address}, it asks for {wanted}")


def _takes_a_nak(asked: Asked) -> bool:
    """Whether a client begins anew after a NAK; firmware gives up its boot."""
    return asked.client.program is Program.OS and not is_firmware(asked.message)


def _refused(asked: Asked, why: str) -> Denial | NoAddress:
    """NAK, or silence where somebody else may know better, or where a NAK ends a boot.

    Who took our offer waits for our word, and nobody else's: RFC 2131 §4.3.2.
    """
    if not _takes_a_nak(asked):
        return NoAddress(why)
    took_ours = asked.message.get(options.SERVER_ID) is not None
    if not asked.site.authoritative and not took_ours:
        return NoAddress(f"{why}, and others give addresses here, too")
    return Denial(why)


def _elsewhere(asked: Asked, reservation: Reservation) -> str:
    """Why the address would be of no use where the client is; empty if it would, or who knows.

    On our own link nothing is said against an address: several networks may share a wire.  Behind
    a relay only what the settings say of networks is known.
    """
    near = behind_relay(asked.message, asked.site)
    if near is None or reservation.address in near.network:
        return ""
    return f"{_has(asked)} {reservation.address}, it asks from {near.network}"


def behind_relay(message: Message, site: Site) -> Subnet | None:
    """The subnet that a relayed message comes from, where an address must be of it."""
    return subnet.select(message, site) if subnet.selector(message) else None


def _has(asked: Asked) -> str:
    return "its lease is" if asked.known.stranger else "its record has"


def _is_lost(asked: Asked) -> bool:
    """Whether a client asks for an address of a network that it is not in (§4.3.2)."""
    where = subnet.select(asked.message, asked.site)
    wanted = wanted_address(asked.message)
    return (
        asked.message.kind is MessageType.REQUEST
        and where is not None
        and wanted is not None
        and wanted not in where.network
    )


def own_ids(message: Message, site: Site) -> tuple[IPv4Address, ...]:
    """Our server identifiers for a client: the first is what it is told (RFC 5107 §4)."""
    override = subnet.server_override(message)
    return (site.server,) if override is None else (override, site.server)


def wanted_address(message: Message) -> IPv4Address | None:
    """The address a client asks for: option 50 before it has one, ciaddr when it does (§4.3.2)."""
    if message.ciaddr != _NOWHERE:
        return message.ciaddr
    return message.get(options.REQUESTED_ADDRESS)

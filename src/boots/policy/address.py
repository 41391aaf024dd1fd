"""Which address a DHCP message gets: RFC 2131 §4.3, over reservations."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from boots.model.machine import Reservation
from boots.policy.asked import Asked
from boots.policy.client import Program
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
    given = Assignment(
        reservation, reservation.lease_time or site.lease_time, "its record has the address"
    )
    if message.kind is not MessageType.REQUEST:
        return given
    chosen = message.get(options.SERVER_ID)
    if chosen is not None and chosen != site.server:
        return NoAddress(f"the client took the offer of {chosen}")
    wanted = wanted_address(message)
    if wanted in {None, reservation.address}:
        return given
    if asked.client.program is not Program.OS:
        # A NAK sends a Dell ROM to its disk; the right address in the ACK costs nothing.
        return Assignment(
            reservation, given.lease_time, f"its record has the address, not {wanted}"
        )
    return Denial(f"its record has {reservation.address}, it asks for {wanted}")


def wanted_address(message: Message) -> IPv4Address | None:
    """The address a client asks for: option 50 before it has one, ciaddr when it does (§4.3.2)."""
    if message.ciaddr != _NOWHERE:
        return message.ciaddr
    return message.get(options.REQUESTED_ADDRESS)

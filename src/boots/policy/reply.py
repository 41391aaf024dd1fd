"""From decision and address to a DHCP message."""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from urllib.parse import urlsplit

from boots.model.machine import Reservation
from boots.model.site import Site
from boots.policy.address import Assignment, own_ids
from boots.policy.asked import Asked
from boots.policy.boot import NOT_ALLOWED, Decision, Disk, Load, file_url
from boots.policy.client import Program
from boots.policy.fitting import LONGEST_FILE, fitted, in_file
from boots.policy.path import named
from boots.wire import dhcp, names, options, pxe
from boots.wire.dhcp import Message
from boots.wire.options import MessageType, Option

_NOWHERE = IPv4Address(0)
_ANYWHERE = IPv4Network("0.0.0.0/0")

# RFC 6842 §3, RFC 3046 §2.2, RFC 3011 §2.
_ECHOED = (options.CLIENT_ID.code, options.RELAY_AGENT, options.SUBNET_SELECTION.code)


def offer_or_ack(asked: Asked, assignment: Assignment, decision: Decision) -> Message:
    """OFFER for a DISCOVER, ACK for a REQUEST."""
    message, site = asked.message, asked.site
    kind = MessageType.OFFER if message.kind is MessageType.DISCOVER else MessageType.ACK
    reservation = assignment.reservation
    values: dict[int, bytes] = {}
    _put(values, options.MESSAGE_TYPE, kind)
    _put(values, options.SERVER_ID, own_ids(message, site)[0])
    _lease(values, assignment.lease_time)
    _network(values, reservation, site)
    reply = replace(
        _blank(message),
        ciaddr=message.ciaddr if kind is MessageType.ACK else _NOWHERE,
        yiaddr=reservation.address,
        siaddr=site.tftp,
    )
    return _finish(_netboot(reply, values, asked, decision), values, asked)


def inform_ack(asked: Asked, decision: Decision) -> Message:
    """ACK for an INFORM: settings for a client that has its address (RFC 2131 §4.3.5)."""
    message, site = asked.message, asked.site
    values: dict[int, bytes] = {}
    _put(values, options.MESSAGE_TYPE, MessageType.ACK)
    _put(values, options.SERVER_ID, own_ids(message, site)[0])
    if asked.known.interface.reservation is not None:
        _network(values, asked.known.interface.reservation, site)
    reply = replace(_blank(message), ciaddr=message.ciaddr, siaddr=site.tftp)
    return _finish(_netboot(reply, values, asked, decision), values, asked)


def nak(asked: Asked, why: str) -> Message:
    """NAK, with its reason for people (RFC 2131 §4.3.2, table 3)."""
    message = asked.message
    values: dict[int, bytes] = {}
    _put(values, options.MESSAGE_TYPE, MessageType.NAK)
    _put(values, options.SERVER_ID, own_ids(message, asked.site)[0])
    _put(values, options.MESSAGE, why[:255])
    reply = _blank(message)
    if message.giaddr != _NOWHERE:
        # §4.1: the relay must broadcast it, as the client may not own its address.
        reply = replace(reply, flags=reply.flags | dhcp.BROADCAST)
    return _finish(reply, values, asked)


def _blank(message: Message) -> Message:
    return Message(
        op=dhcp.BOOTREPLY,
        htype=message.htype,
        xid=message.xid,
        flags=message.flags,
        giaddr=message.giaddr,
        chaddr=message.chaddr,
    )


def _put(values: dict[int, bytes], option: Option[Any], value: Any) -> None:
    """Write an option that has a value; nothing for an absent or empty one."""
    if value is not None and value not in ("", ()):
        values[option.code] = option.write(value)


def _lease(values: dict[int, bytes], seconds: int) -> None:
    """Lease time, and when to renew it: RFC 2131 §4.4.5 proposes 1/2 and 7/8."""
    _put(values, options.LEASE_TIME, seconds)
    _put(values, options.RENEWAL_TIME, seconds // 2)
    _put(values, options.REBINDING_TIME, seconds * 7 // 8)


def _network(values: dict[int, bytes], reservation: Reservation, site: Site) -> None:
    """What a machine needs to take part in its network."""
    _put(values, options.SUBNET_MASK, reservation.netmask)
    _put(values, options.ROUTER, (reservation.gateway,) if reservation.gateway else ())
    _put(values, options.NAME_SERVERS, reservation.name_servers)
    _put(values, options.HOST_NAME, reservation.host_name)
    _put(values, options.DOMAIN_NAME, reservation.domain)
    _put(values, options.BROADCAST_ADDRESS, reservation.broadcast or _broadcast(reservation))
    _put(values, options.NTP_SERVERS, reservation.ntp_servers)
    _put(values, options.LOG_SERVERS, (site.syslog,) if site.syslog else ())
    _put(values, options.DOMAIN_SEARCH, tuple(filter(_is_domain, reservation.search)))
    routes = tuple(options.Route(route.network, route.router) for route in reservation.routes)
    if routes and reservation.gateway and all(route.network != _ANYWHERE for route in routes):
        # RFC 3442: a client that reads 121 ignores option 3, so the default route is in both.
        routes = (*routes, options.Route(_ANYWHERE, reservation.gateway))
    _put(values, options.CLASSLESS_ROUTES, routes)


def _broadcast(reservation: Reservation) -> IPv4Address | None:
    """The last address of the network; one of two addresses or of one has none (RFC 3021)."""
    if reservation.prefix > 30:
        return None
    network = IPv4Network((reservation.address, reservation.prefix), strict=False)
    return network.broadcast_address


def _is_domain(name: str) -> bool:
    """Whether a name of a record can be written in the form of option 119."""
    try:
        names.write(name)
    except ValueError:
        return False
    return True


def _netboot(reply: Message, values: dict[int, bytes], asked: Asked, decision: Decision) -> Message:
    """The boot file, and what the client needs beside it to take it."""
    own = asked.known.interface.reservation
    if own is not None and (own.boot_server or own.boot_file):
        _put(values, options.TFTP_SERVER_NAME, own.boot_server)
        _put(values, options.BOOT_FILE_NAME, own.boot_file)
        return replace(
            reply,
            # Many clients look here only, and would else come to us.
            siaddr=_server(own.boot_server) if own.boot_server else reply.siaddr,
            file=in_file(own.boot_file),
        )
    _firmware(values, asked)
    return _boot_file(reply, values, asked, decision)


def _firmware(values: dict[int, bytes], asked: Asked) -> None:
    """What firmware and iPXE need beside a boot file to take it."""
    program, quirk = asked.client.program, asked.client.quirk
    vendor: dict[int, bytes] = {}
    vendor_class = ""
    if program is Program.IPXE:
        # Nobody else will answer: without this iPXE waits 3 s for a proxyDHCP offer.
        _put(values, pxe.IPXE, {pxe.NO_PXEDHCP: b"\1"})
    elif program is Program.PXE_ROM:
        vendor[pxe.DISCOVERY_CONTROL] = bytes([pxe.SKIP_DISCOVERY])
        # RFC 4578 §2.3 and the PXE specification: echoed, or some ROMs pass the offer over.
        if pxe.UUID.code in asked.message.options:
            values[pxe.UUID.code] = asked.message.options[pxe.UUID.code]
    elif program is Program.UEFI_HTTP:
        # edk2 ignores an offer without it.  A PXE ROM gets none: Ampere's would then ignore the
        # boot file, and to all others an offer of plain DHCP with a boot file is enough.
        vendor_class = "HTTPClient"
    if quirk.discovery_control is not None:
        vendor.pop(pxe.DISCOVERY_CONTROL, None)
        if quirk.discovery_control:
            vendor[pxe.DISCOVERY_CONTROL] = bytes([pxe.SKIP_DISCOVERY])
    vendor |= quirk.vendor_options
    if asked.known.interface.vlan and program in {Program.IPXE, Program.PXE_ROM}:
        # iPXE finds this even when it was the ROM that was told.
        vendor[pxe.VLAN] = asked.known.interface.vlan.encode()[:255]
    if vendor:
        _put(values, pxe.VENDOR, vendor)
    vendor_class = vendor_class if quirk.vendor_class is None else quirk.vendor_class
    _put(values, options.VENDOR_CLASS, vendor_class)
    if quirk.server_name:
        _put(values, options.TFTP_SERVER_NAME, str(asked.site.tftp))


def _next_server(name: str, asked: Asked) -> IPv4Address:
    """Where the boot file is: firmware that takes it over HTTP may compare it with its URL."""
    if asked.client.program is not Program.UEFI_HTTP:
        return asked.site.tftp
    host = _server(urlsplit(name).hostname or "")
    return asked.site.server if host == _NOWHERE else host


def _server(name: str) -> IPv4Address:
    """A boot server as siaddr can hold it; 0.0.0.0 for one that is known by name."""
    try:
        return IPv4Address(name)
    except ValueError:
        return _NOWHERE


def _boot_file(
    reply: Message, values: dict[int, bytes], asked: Asked, decision: Decision
) -> Message:
    program = asked.client.program
    match decision:
        case Load(url) if program is Program.PXE_ROM:
            # Without the MAC: some UEFI firmware never asks for a name with a folder (Lenovo
            # HR330A).  The address tells us who asks.
            bare = not asked.client.quirk.whole_path
            name = _rooted((named(url, asked.site) if bare else None) or url)
        case Load(url):
            name = url
        case Disk() if program is Program.UEFI_HTTP:
            name = file_url(asked.known, asked.site, NOT_ALLOWED, http=True)
        case Disk() if program is Program.PXE_ROM:
            name = NOT_ALLOWED
        case _:
            return reply
    reply = replace(reply, siaddr=_next_server(name, asked))
    if len(name.encode()) > LONGEST_FILE:
        _put(values, options.BOOT_FILE_NAME, name)
        return reply
    return replace(reply, file=in_file(name))


def _rooted(name: str) -> str:
    """With a leading slash: shim looks for GRUB in its own folder only if its name has one."""
    folder, _, last = name.rpartition("/")
    return f"/{name}" if folder and "://" not in name and last.startswith("shim") else name


# What no record and no quirk can replace: these are the protocol's own, and three no options.
PROTECTED = frozenset({0, 50, 51, 52, 53, 54, 55, 57, 58, 59, 61, 82, 255})


def _finish(reply: Message, values: dict[int, bytes], asked: Asked) -> Message:
    """Let the record have its say, and echo."""
    message, reservation = asked.message, asked.known.interface.reservation
    if values[options.MESSAGE_TYPE.code] != bytes([MessageType.NAK]):
        _replace(values, asked.client.quirk.options)
        for code in set(asked.client.quirk.omit) - PROTECTED:
            values.pop(code, None)
        _replace(values, reservation.options if reservation is not None else {})
    for echoed in _ECHOED:
        if echoed in message.options:
            values[echoed] = message.options[echoed]
    return fitted(reply, values, message)


def _replace(values: dict[int, bytes], own: Mapping[int, bytes]) -> None:
    values.update({code: value for code, value in own.items() if code not in PROTECTED})

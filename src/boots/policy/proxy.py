"""ProxyDHCP: boot answers beside somebody else's DHCP server (PXE specification 2.1 §2.2).

The reply to a DISCOVER has the boot file already, which BIOS ROMs, iPXE and UEFI HTTP boot take
from there.  UEFI PXE firmware asks again at port 4011, and gets the same once more.
"""

from ipaddress import IPv4Address
from urllib.parse import urlsplit

from boots.model.machine import Architecture
from boots.policy.answered import Answer
from boots.policy.asked import Asked
from boots.policy.boot import (
    NOT_ALLOWED,
    Decision,
    Load,
    decide,
    http_url,
    refused,
    tftp_url,
    without,
)
from boots.policy.client import Client, Program
from boots.policy.destination import EVERYONE, Destination, is_host
from boots.policy.fitting import LONGEST_FILE, fitted, in_file, size_limit
from boots.policy.path import named
from boots.policy.reply import PROTECTED
from boots.policy.subnet import is_near, outside
from boots.wire import dhcp, options, pxe
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

PORT = 4011

_NOWHERE = IPv4Address(0)
_WITHOUT_EFI = {Architecture.BIOS, Architecture.UNKNOWN}


def answer(asked: Asked, *, port_4011: bool) -> Answer:
    """What a message gets from a server that gives no addresses."""
    message, client = asked.message, asked.client
    why = _not_ours(asked, port_4011=port_4011)
    if why:
        return Answer(why, client)
    decision = decide(client, asked.known, asked.site)
    name = _boot_file(asked, decision)
    if not name:
        return Answer(decision.why, client, decision=decision)
    offer = message.kind is MessageType.DISCOVER and not port_4011
    return Answer(
        why=decision.why,
        client=client,
        reply=_reply(asked, name, MessageType.OFFER if offer else MessageType.ACK),
        to=_destination(asked, offer=offer, port_4011=port_4011),
        decision=decision,
        limit=size_limit(message),
    )


def asks_again(client: Client) -> bool:
    """Whether this client takes an OFFER only as a hint to ask at port 4011."""
    efi = client.program is Program.PXE_ROM and client.architecture not in _WITHOUT_EFI
    return efi and not client.quirk.discovery_control


def _not_ours(asked: Asked, *, port_4011: bool) -> str:
    """Why a message is the other server's to answer, or nobody's; empty if it is ours."""
    message, known, site = asked.message, asked.known, asked.site
    own = known.interface.reservation
    if asked.client.program is Program.OS:
        return "an operating system asks: its DHCP server is another one"
    if not known.interface.dhcp:
        return "DHCP is off for this interface"
    if own is not None and (own.boot_server or own.boot_file):
        return refused(known)
    if known.stranger and not known.interface.netboot.allowed:
        return "no record has this MAC, and strangers boot nothing"
    why = outside(message, site, own)
    if why:
        return why
    if port_4011:
        return ""  # it was sent to us, whatever its option 54 says: ROMs leave the other's there
    if message.kind is MessageType.INFORM:
        return "what INFORM asks for is the other server's to say"
    chosen = message.get(options.SERVER_ID)
    if message.kind is MessageType.REQUEST and chosen not in {None, site.server}:
        return f"its address comes from {chosen}"
    return ""


def _boot_file(asked: Asked, decision: Decision) -> str:
    """The boot file as this client can take it; empty for silence.

    A machine that may not boot gets a name that is refused at once: without an answer firmware
    waits for another proxyDHCP server, and a refusal says why on its screen.
    """
    known, site, client = asked.known, asked.site, asked.client
    if isinstance(decision, Load):
        if client.program is Program.PXE_ROM and not client.quirk.whole_path:
            return named(decision.url, site) or decision.url
        return decision.url
    if not refused(known):
        return ""  # there is nothing for this architecture; another server may have something
    if client.program is Program.PXE_ROM:
        return NOT_ALLOWED
    if client.program is Program.IPXE and without(client, site):
        return tftp_url(known, site, NOT_ALLOWED)
    return http_url(known, site, NOT_ALLOWED)


def _reply(asked: Asked, name: str, kind: MessageType) -> Message:
    """OFFER or ACK, with nothing in it that is the other server's to say."""
    message = asked.message
    server = _next_server(asked, name, kind)
    fits = len(name.encode()) <= LONGEST_FILE
    whole = Message(
        op=dhcp.BOOTREPLY,
        htype=message.htype,
        xid=message.xid,
        flags=message.flags,
        ciaddr=message.ciaddr if kind is MessageType.ACK else _NOWHERE,
        siaddr=server,
        giaddr=message.giaddr,
        chaddr=message.chaddr,
        sname=str(server).encode(),
        file=in_file(name),
    )
    values = {
        options.MESSAGE_TYPE.code: options.MESSAGE_TYPE.write(kind),
        options.SERVER_ID.code: options.SERVER_ID.write(asked.site.server),
        **_vendor(asked),
    }
    if not fits:
        values[options.BOOT_FILE_NAME.code] = options.BOOT_FILE_NAME.write(name)
    # RFC 4578 §2.3, RFC 6842, RFC 3046 §2.2.  Old Intel ROMs have no UUID: an empty one is worse.
    for echoed in (pxe.UUID.code, options.CLIENT_ID.code, options.RELAY_AGENT):
        if message.options.get(echoed):
            values[echoed] = message.options[echoed]
    quirk = asked.client.quirk
    if quirk.server_name:
        values[options.TFTP_SERVER_NAME.code] = options.TFTP_SERVER_NAME.write(str(server))
    values |= {code: raw for code, raw in quirk.options.items() if code not in PROTECTED}
    for code in set(quirk.omit) - PROTECTED:
        values.pop(code, None)
    return fitted(whole, values, message)


def _vendor(asked: Asked) -> dict[int, bytes]:
    """Options 60 and 43: by the first one a client knows that this is an answer for it."""
    client = asked.client
    values = {}
    mirrored = "HTTPClient" if client.program is Program.UEFI_HTTP else "PXEClient"
    vendor_class = mirrored if client.quirk.vendor_class is None else client.quirk.vendor_class
    if vendor_class:
        values[options.VENDOR_CLASS.code] = options.VENDOR_CLASS.write(vendor_class)
    skips = client.quirk.discovery_control
    if skips is None:
        # BIOS ROMs would search for boot servers.  edk2 of 2022 takes it, and saves 1 s; older
        # edk2 loses a proxy offer with it (PxeBcCacheDhcp4Offer), as other UEFI firmware does.
        skips = client.program is not Program.UEFI_HTTP and client.architecture in _WITHOUT_EFI
    own = {pxe.DISCOVERY_CONTROL: bytes([pxe.SKIP_DISCOVERY])} if skips else {}
    own |= client.quirk.vendor_options
    if asked.known.interface.vlan and client.program is not Program.UEFI_HTTP:
        own[pxe.VLAN] = asked.known.interface.vlan.encode()[:255]
    if own:
        values[pxe.VENDOR.code] = pxe.VENDOR.write(own)
    return values


def _next_server(asked: Asked, name: str, kind: MessageType) -> IPv4Address:
    """Where the boot file is; in the OFFER to UEFI PXE firmware, whom to ask at port 4011."""
    site, client = asked.site, asked.client
    if client.program is Program.PXE_ROM:
        again = kind is MessageType.OFFER and asks_again(client)
        return site.server if again else site.tftp
    try:
        return IPv4Address(urlsplit(name).hostname or "")
    except ValueError:
        return site.server


def _destination(asked: Asked, *, offer: bool, port_4011: bool) -> Destination:
    """RFC 2131 §4.1; what came to port 4011 is answered to whoever sent it (see `serve.dhcp`)."""
    message, site = asked.message, asked.site
    everyone = Destination(EVERYONE, dhcp.CLIENT_PORT, source=site.server)
    own = Destination(message.ciaddr, dhcp.CLIENT_PORT, source=site.server)
    if port_4011:
        near = is_near(message.ciaddr, site, asked.known.interface.reservation)
        return own if near and is_host(message.ciaddr, None) else everyone
    if message.giaddr != _NOWHERE:
        return Destination(message.giaddr, dhcp.SERVER_PORT, source=site.server)
    # Only a neighbour: else a packet could name whom we send to.
    near = site.network is not None and message.ciaddr in site.network
    return own if near and not offer and not asked.client.quirk.broadcast else everyone

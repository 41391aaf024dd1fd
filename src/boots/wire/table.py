"""Every option we can read, by code: what `explain` prints with, and what tests go through."""

from collections.abc import Iterator, Mapping
from typing import Any

from boots.wire import options, pxe
from boots.wire.dhcp import BROADCAST, Message
from boots.wire.malformed import Malformed
from boots.wire.options import Option

TABLE: Mapping[int, Option[Any]] = {
    option.code: option
    for option in (
        options.SUBNET_MASK,
        options.ROUTER,
        options.NAME_SERVERS,
        options.LOG_SERVERS,
        options.HOST_NAME,
        options.DOMAIN_NAME,
        options.ROOT_PATH,
        options.MTU,
        options.BROADCAST_ADDRESS,
        options.NTP_SERVERS,
        pxe.VENDOR,
        options.REQUESTED_ADDRESS,
        options.LEASE_TIME,
        options.MESSAGE_TYPE,
        options.SERVER_ID,
        options.PARAMETER_LIST,
        options.MESSAGE,
        options.MAX_SIZE,
        options.RENEWAL_TIME,
        options.REBINDING_TIME,
        options.VENDOR_CLASS,
        options.CLIENT_ID,
        options.TFTP_SERVER_NAME,
        options.BOOT_FILE_NAME,
        pxe.USER_CLASS,
        options.CLIENT_FQDN,
        pxe.RELAY,
        pxe.ARCHITECTURES,
        pxe.INTERFACE,
        pxe.UUID,
        options.SUBNET_SELECTION,
        options.DOMAIN_SEARCH,
        options.CLASSLESS_ROUTES,
        pxe.IPXE,
    )
}


def name(code: int) -> str:
    """What an option is called; ``option`` for one that we cannot read."""
    return TABLE[code].name if code in TABLE else "option"


def text(code: int, raw: bytes) -> str:
    """A raw value for people; bytes in hex where we cannot read it."""
    option = TABLE.get(code)
    if option is None:
        return raw.hex(" ")
    try:
        value = option.read(raw)
    except Malformed as error:
        return f"{raw.hex(' ')} ({error})"
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, dict):
        return ", ".join(f"{key}={each.hex(' ')}" for key, each in value.items())
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return ", ".join(map(str, value))
    return value.name if hasattr(value, "name") and hasattr(value, "value") else str(value)


def header(message: Message) -> list[tuple[str, str]]:
    """The fields of a message by the RFC's names, for people; empty where nothing is set."""
    return [
        ("xid", f"{message.xid:08x}"),
        ("secs", str(message.secs or "")),
        ("flags", "broadcast" if message.flags & BROADCAST else ""),
        ("hops", str(message.hops or "")),
        ("ciaddr", str(message.ciaddr)),
        ("yiaddr", str(message.yiaddr)),
        ("siaddr", str(message.siaddr)),
        ("giaddr", str(message.giaddr)),
        ("chaddr", message.chaddr.hex(":")),
        ("sname", message.sname.decode(errors="replace")),
        ("file", message.file.decode(errors="replace")),
    ]


def options_of(message: Message) -> Iterator[tuple[int, str, str]]:
    """Its options by code, name and value, in their order."""
    for code, raw in message.options.items():
        yield code, name(code), text(code, raw)

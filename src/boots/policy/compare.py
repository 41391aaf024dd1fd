"""Shadow mode: how a reply of ours differs from what another server sent, in short sentences."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address
from types import MappingProxyType

from boots.model.site import Site
from boots.policy.leaks import told_url
from boots.wire import options, pxe, table
from boots.wire.dhcp import Message
from boots.wire.options import MessageType, Option

_NOWHERE = IPv4Address(0)

# Who the server is, what follows from another option, and what is a mere echo.
_NO_DIFFERENCE = frozenset(
    option.code
    for option in (
        options.MESSAGE_TYPE,
        options.SERVER_ID,
        options.RENEWAL_TIME,
        options.REBINDING_TIME,
        options.BOOT_FILE_NAME,
        options.CLIENT_ID,
        pxe.UUID,
        pxe.RELAY,
    )
)
# All that a proxyDHCP server has to say, besides the boot file.
_OF_BOOTING = frozenset({pxe.VENDOR.code, options.VENDOR_CLASS.code, pxe.IPXE.code})


def as_if_chosen(message: Message, site: Site) -> Message:
    """A REQUEST as we would have got it, had the client taken our offer and not another's.

    Any other message is left as it is.
    """
    chosen = message.get(options.SERVER_ID)
    if message.kind is not MessageType.REQUEST or chosen in {None, site.server}:
        return message
    values = dict(message.options)
    values[options.SERVER_ID.code] = options.SERVER_ID.write(site.server)
    values.pop(options.REQUESTED_ADDRESS.code, None)  # what the other server had offered
    return replace(message, options=MappingProxyType(values))


def differences(ours: Message | None, theirs: Message, why: str = "") -> list[str]:
    """How two replies to one message differ; nothing if a client would see no difference.

    `ours` is None where we would not have answered, and `why` says why not.
    """
    if ours is None:
        return [f"reply: we none ({why}), they {_kind(theirs)}"]
    if ours.kind is not theirs.kind:
        because = f" ({why})" if why and ours.kind is MessageType.NAK else ""
        return [f"reply: we {_kind(ours)}{because}, they {_kind(theirs)}"]
    return list(_fields(ours, theirs))


def server_of(reply: Message) -> str:
    """The address by which a server calls itself; empty without one."""
    return str(reply.get(options.SERVER_ID) or "")


def told(reply: Message) -> dict[str, str]:
    """All that a reply says, for people, by the names that `differences` uses."""
    said = {
        "reply": _kind(reply),
        "address": _address(reply.yiaddr),
        "boot file": boot_file_of(reply),
        "next-server": _address(reply.siaddr),
    }
    shown = {options.MESSAGE_TYPE.code, options.BOOT_FILE_NAME.code}
    for code in sorted(set(reply.options) - shown):
        said[_option(code)] = _text(reply, code)
    return {what: value for what, value in said.items() if value}


def _option(code: int) -> str:
    name = table.name(code)
    return f"option {code}" if name == "option" else f"option {code} ({name})"


def _fields(ours: Message, theirs: Message) -> Iterator[str]:
    # Of two that give an address, or none, all can be compared; else only what both are about.
    alike = (ours.yiaddr == _NOWHERE) == (theirs.yiaddr == _NOWHERE)
    if alike:
        yield from _values("address", _address(ours.yiaddr), _address(theirs.yiaddr))
    our_file, their_file = boot_file_of(ours), boot_file_of(theirs)
    yield from _values("boot file", our_file, their_file)
    if our_file or their_file:
        yield from _values("next-server", _address(ours.siaddr), _address(theirs.siaddr))
    for code in sorted(set(ours.options) | set(theirs.options)):
        if code not in _NO_DIFFERENCE and (alike or code in _OF_BOOTING):
            yield from _values(_option(code), _text(ours, code), _text(theirs, code))


def _values(what: str, ours: str, theirs: str) -> Iterator[str]:
    if ours == theirs:
        return
    if not ours:
        yield f"{what}: only theirs, {told_url(theirs)}"
    elif not theirs:
        yield f"{what}: only ours, {told_url(ours)}"
    else:
        yield f"{what}: we {told_url(ours)}, they {told_url(theirs)}"


def _kind(message: Message) -> str:
    return message.kind.name if message.kind else "BOOTP"


def _address(address: IPv4Address) -> str:
    return "" if address == _NOWHERE else str(address)


def boot_file_of(message: Message) -> str:
    """The boot file, wherever it stands; option 67 wins, as it does with clients."""
    option: Option[str] = options.BOOT_FILE_NAME
    return message.get(option) or message.file.decode(errors="replace")


def _text(message: Message, code: int) -> str:
    value = message.options.get(code)
    return "" if value is None else table.text(code, value) or "empty"

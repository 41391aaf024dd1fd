"""Explain: the very calls that the doors make, kept as a chain of steps with their reasons."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType

from boots.model.mac import Mac, to_bytes
from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import client as clients
from boots.policy import proxy
from boots.policy.answer import Answer, answer
from boots.policy.boot import Load, fetch, is_strange
from boots.policy.client import OURS, STARTS_KERNELS, Program
from boots.policy.got import File, Got
from boots.policy.path import named
from boots.wire import dhcp, options, pxe
from boots.wire.dhcp import Message
from boots.wire.options import MessageType
from boots.wire.pxe import ArchitectureCode, Interface, UserClass

_DIGITS = "0123456789abcdef"
_NEAR = 2  # digits: what a slip of the hand, or two, makes of a MAC
_LONGEST_CHAIN = 8  # far above the two loads that a chain has; reached only by a fault of ours


@dataclass(frozen=True, slots=True)
class Firmware:
    """A kind of client to ask for: its name, vendor class and option 93."""

    name: str
    vendor_class: str
    code: ArchitectureCode | None
    ipxe: bool = False
    user_class: str = "iPXE"
    features: frozenset[str] = OURS | STARTS_KERNELS


# What real ones send, as captured; the UNDI version at the end is of no consequence.
FIRMWARE = (
    Firmware("BIOS PXE ROM", "PXEClient:Arch:00000:UNDI:002001", ArchitectureCode.X86_BIOS),
    Firmware("BIOS with iPXE", "PXEClient:Arch:00000:UNDI:002001", ArchitectureCode.X86_BIOS, True),
    Firmware("UEFI x64 PXE", "PXEClient:Arch:00007:UNDI:003000", ArchitectureCode.EFI_X64),
    Firmware("UEFI x64 HTTP", "HTTPClient:Arch:00016:UNDI:003000", ArchitectureCode.EFI_X64_HTTP),
    Firmware("UEFI arm64 PXE", "PXEClient:Arch:00011:UNDI:003000", ArchitectureCode.EFI_ARM64),
    Firmware("an operating system", "", None),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange: who asked, with what message at which port, and what the answer was."""

    who: str
    request: Message
    answer: Answer
    port: int = dhcp.SERVER_PORT


@dataclass(frozen=True, slots=True)
class Chain:
    """A whole boot as it would go: exchanges, and what is fetched at their end (or refused)."""

    firmware: Firmware
    steps: tuple[Step, ...]
    fetched: tuple[tuple[str, Got], ...]


def chain(firmware: Firmware, mac: Mac, known: Known | None, site: Site) -> Chain:
    """Follow a boot from this firmware's DISCOVER to its end."""
    steps: list[Step] = []
    fetched: list[tuple[str, Got]] = []
    who = firmware
    for _ in range(_LONGEST_CHAIN):
        steps += _ask(who, mac, known, site)
        found = steps[-1].answer
        if not isinstance(found.decision, Load):
            break
        url = found.decision.url
        name = named(url, site)
        if name is None:
            break  # somebody else's server: what it gives is not ours to say
        got = fetch(name, known, site, tftp=url.startswith("tftp:"))
        fetched.append((url, got))
        client = found.client
        if client and client.program is Program.IPXE and not is_strange(client, site):
            break  # what our iPXE loads is a script, and the last word
        if not isinstance(got, File):
            break
        # Every boot file that we hand out is an iPXE, and one of the site's class if it has one.
        who = replace(
            firmware,
            name="iPXE",
            ipxe=True,
            user_class=site.user_class or "iPXE",
            features=OURS | STARTS_KERNELS,
            vendor_class=_as_pxe(firmware),
        )
    return Chain(firmware, tuple(steps), tuple(fetched))


def _ask(who: Firmware, mac: Mac, known: Known | None, site: Site) -> list[Step]:
    """The exchange in which this client learns what to boot; beside another server it may be two.

    The REQUEST by which it takes its address is left out: it brings nothing new.
    """
    message = discover(who, mac)
    client = clients.from_dhcp(message, site.quirks)
    steps = [Step(who.name, message, answer(message, client, known, site))]
    again = client is not None and site.mode.proxies and proxy.asks_again(client)
    if again and steps[0].answer.reply is not None:
        message = asking(who, mac, MessageType.REQUEST)
        found = answer(message, client, known, site, proxy=True)
        steps.append(Step(who.name, message, found, proxy.PORT))
    return steps


def _as_pxe(firmware: Firmware) -> str:
    return firmware.vendor_class.replace("HTTPClient", "PXEClient")


def discover(firmware: Firmware, mac: Mac) -> Message:
    """The DISCOVER that this kind of client sends."""
    return asking(firmware, mac, MessageType.DISCOVER)


def asking(firmware: Firmware, mac: Mac, kind: MessageType) -> Message:
    """A message that this kind of client sends."""
    values = {options.MESSAGE_TYPE.code: options.MESSAGE_TYPE.write(kind)}
    if firmware.vendor_class:
        values[options.VENDOR_CLASS.code] = firmware.vendor_class.encode()
    if firmware.code is not None:
        values[pxe.ARCHITECTURES.code] = pxe.ARCHITECTURES.write((firmware.code,))
        values[pxe.INTERFACE.code] = pxe.INTERFACE.write(Interface(1, 3, 0))
        values[pxe.UUID.code] = bytes(17)
    if firmware.ipxe:
        own = firmware.user_class.encode()
        values[pxe.USER_CLASS.code] = pxe.USER_CLASS.write(UserClass((own,), bare=True))
        has = [code for code, name in pxe.FEATURES.items() if name in firmware.features]
        values[pxe.IPXE.code] = pxe.IPXE.write(dict.fromkeys(has, b"\1"))
    values[options.MAX_SIZE.code] = options.MAX_SIZE.write(1472)
    return Message(
        op=dhcp.BOOTREQUEST,
        xid=0x626F6F74,
        chaddr=to_bytes(mac),
        flags=dhcp.BROADCAST,
        options=MappingProxyType(values),
    )


def one_digit_off(mac: Mac, known: Container[Mac]) -> Mac | None:
    """A MAC among those known that differs in one digit: 180 questions, however many there are."""
    for at, own in enumerate(mac):
        for digit in _DIGITS if own != ":" else "":
            other = Mac(f"{mac[:at]}{digit}{mac[at + 1 :]}")
            if digit != own and other in known:
                return other
    return None


def nearest_miss(mac: Mac, known: Iterable[Mac]) -> Mac | None:
    """The MAC among those known that differs least, in two of its 12 digits at most."""
    best: tuple[int, Mac] | None = None
    for other in known:
        distance = sum(a != b for a, b in zip(mac, other, strict=True))
        if distance <= _NEAR and (best is None or distance < best[0]):
            best = (distance, other)
    return best[1] if best else None

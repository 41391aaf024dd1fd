"""Explain: the very calls that the doors make, kept as a chain of steps with their reasons."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType

from boots.model.mac import Mac, to_bytes
from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import client as clients
from boots.policy.answer import Answer, answer
from boots.policy.boot import Load, fetch
from boots.policy.got import File, Got
from boots.policy.path import named
from boots.wire import dhcp, options, pxe
from boots.wire.dhcp import Message
from boots.wire.options import MessageType
from boots.wire.pxe import ArchitectureCode, Interface, UserClass

_LONGEST_CHAIN = 8  # far above the two loads that a chain has; reached only by a fault of ours


@dataclass(frozen=True, slots=True)
class Firmware:
    """A kind of client to ask for: its name, vendor class and option 93."""

    name: str
    vendor_class: str
    code: ArchitectureCode | None
    ipxe: bool = False


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
    """One exchange: who asked, with what message, and what the answer was."""

    who: str
    request: Message
    answer: Answer


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
        message = discover(who, mac)
        found = answer(message, clients.from_dhcp(message), known, site)
        steps.append(Step(who.name, message, found))
        if not isinstance(found.decision, Load):
            break
        url = found.decision.url
        name = named(url, site)
        if name is None:
            break  # somebody else's server: what it gives is not ours to say
        got = fetch(name, known, site, tftp=url.startswith("tftp:"))
        fetched.append((url, got))
        if who.ipxe or not isinstance(got, File):
            break  # what iPXE loads is a script, and the last word
        # Every boot file that we hand out is an iPXE.
        who = replace(firmware, name="iPXE", ipxe=True, vendor_class=_as_pxe(firmware))
    return Chain(firmware, tuple(steps), tuple(fetched))


def _as_pxe(firmware: Firmware) -> str:
    return firmware.vendor_class.replace("HTTPClient", "PXEClient")


def discover(firmware: Firmware, mac: Mac) -> Message:
    """The DISCOVER that this kind of client sends."""
    values = {options.MESSAGE_TYPE.code: options.MESSAGE_TYPE.write(MessageType.DISCOVER)}
    if firmware.vendor_class:
        values[options.VENDOR_CLASS.code] = firmware.vendor_class.encode()
    if firmware.code is not None:
        values[pxe.ARCHITECTURES.code] = pxe.ARCHITECTURES.write((firmware.code,))
        values[pxe.INTERFACE.code] = pxe.INTERFACE.write(Interface(1, 3, 0))
        values[pxe.UUID.code] = bytes(17)
    if firmware.ipxe:
        values[pxe.USER_CLASS.code] = pxe.USER_CLASS.write(UserClass((b"iPXE",), bare=True))
        http = next(code for code, name in pxe.FEATURES.items() if name == "http")
        values[pxe.IPXE.code] = pxe.IPXE.write({http: b"\1"})
    values[options.MAX_SIZE.code] = options.MAX_SIZE.write(1472)
    return Message(
        op=dhcp.BOOTREQUEST,
        xid=0x626F6F74,
        chaddr=to_bytes(mac),
        flags=dhcp.BROADCAST,
        options=MappingProxyType(values),
    )


def nearest_miss(mac: Mac, known: Iterable[Mac], most: int = 2) -> Mac | None:
    """The MAC among those known that differs least, in at most so many of its 12 digits."""
    best: tuple[int, Mac] | None = None
    for other in known:
        distance = sum(a != b for a, b in zip(mac, other, strict=True))
        if distance <= most and (best is None or distance < best[0]):
            best = (distance, other)
    return best[1] if best else None

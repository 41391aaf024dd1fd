"""Who is asking: the program that sent a DHCP message, and what it says of itself."""

import enum
from dataclasses import dataclass
from uuid import UUID

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Architecture
from boots.model.quirk import PLAIN, Behaviour, Quirk
from boots.policy import quirks as shipped
from boots.wire import options, pxe
from boots.wire.dhcp import BOOTREQUEST, Message
from boots.wire.pxe import ArchitectureCode as Code


class Program(enum.Enum):
    """The kinds of client, by what they can fetch."""

    PXE_ROM = "PXE ROM"
    UEFI_HTTP = "UEFI HTTP"
    IPXE = "iPXE"
    OS = "an operating system"


@dataclass(frozen=True, slots=True)
class Client:
    """The program asking now.

    `code` is option 93 as it came, None without one.  `user_class` is empty without option 77.
    `features` are iPXE's, from option 175.  `uuid` is the machine's, from option 97.
    `quirk` is what it needs done otherwise.  `osie` is ours in memory, and no installed system.
    """

    mac: Mac
    program: Program
    architecture: Architecture
    code: Code | None = None
    user_class: str = ""
    features: frozenset[str] = frozenset()
    uuid: UUID | None = None
    quirk: Behaviour = PLAIN
    osie: bool = False


# Firmware of one kind reports several codes: x64 UEFI says 7, and 9 where RFC 4578's swapped
# list was believed; ia32 UEFI says 6.  The HTTP codes differ only in the door they want.
ARCHITECTURES: dict[Code, Architecture] = {
    Code.X86_BIOS: Architecture.BIOS,
    Code.NEC_PC98: Architecture.BIOS,
    Code.ARC_X86: Architecture.BIOS,
    Code.INTEL_LEAN_CLIENT: Architecture.BIOS,
    Code.X86_BIOS_HTTP: Architecture.BIOS,
    Code.EFI_IA32: Architecture.IA32_UEFI,
    Code.EFI_IA32_HTTP: Architecture.IA32_UEFI,
    Code.EFI_X64: Architecture.X64_UEFI,
    Code.EFI_XSCALE: Architecture.X64_UEFI,  # Smee's table too: some OEM firmware says 8
    Code.EFI_EBC: Architecture.X64_UEFI,
    Code.EFI_X64_HTTP: Architecture.X64_UEFI,
    Code.EFI_ARM32: Architecture.ARM32_UEFI,
    Code.EFI_ARM32_HTTP: Architecture.ARM32_UEFI,
    Code.EFI_ARM64: Architecture.ARM64_UEFI,
    Code.EFI_ARM64_HTTP: Architecture.ARM64_UEFI,
    Code.EFI_RISCV64: Architecture.RISCV64_UEFI,
    Code.EFI_RISCV64_HTTP: Architecture.RISCV64_UEFI,
    Code.EFI_LOONGARCH64: Architecture.LOONG64_UEFI,
    Code.EFI_LOONGARCH64_HTTP: Architecture.LOONG64_UEFI,
}

OSIE = "OSIE"
"""What the vendor class of OSIE's own DHCP begins with."""

# User classes that iPXE builds send: stock ones, Tinkerbell's, and one for builds of one's own.
OUR_CLASSES = frozenset({"Tinkerbell", "Boots"})
IPXE_CLASSES = frozenset({"iPXE", "gPXE"}) | OUR_CLASSES


def from_dhcp(message: Message, quirks: tuple[Quirk, ...] = shipped.SHIPPED) -> Client | None:
    """The client behind a message; None when it is a reply, or from no Ethernet-like interface.

    `quirks` are those of the site; what the client is and what it needs is told by them, too.
    """
    if message.op != BOOTREQUEST or len(message.chaddr) != 6:
        return None
    user_class = _user_class(message)
    ipxe = message.get(pxe.IPXE)
    code = _code(message)
    mac = macs.from_bytes(message.chaddr)
    program = _program(message, user_class)
    architecture = _architecture(code)
    facts = shipped.Facts(
        mac=mac,
        program=program.name,
        architecture=architecture,
        code=code,
        vendor_class=_vendor_class(message),
        user_class=user_class,
        options=frozenset(message.options),
    )
    quirk = shipped.behaviour(facts, quirks)
    return Client(
        mac=mac,
        program=_as_quirk_says(program, quirk),
        architecture=quirk.architecture or architecture,
        code=code,
        user_class=user_class,
        features=pxe.features(ipxe) if ipxe else frozenset(),
        uuid=message.get(pxe.UUID),
        quirk=quirk,
        osie=facts.vendor_class.startswith(OSIE),
    )


def _architecture(code: Code | None) -> Architecture:
    if code is None:
        return Architecture.UNKNOWN
    return ARCHITECTURES.get(code, Architecture.UNKNOWN)


# What every iPXE that we load has, by which it is told from one that cannot boot what we serve;
# to start a kernel it needs one of two.
OURS = frozenset({"http", "dns", "tftp"})
STARTS_KERNELS = frozenset({"bzimage", "efi"})


def lacks_ours(client: Client) -> bool:
    """Whether an iPXE lacks something that ours has, so that it is not one we loaded."""
    return not (client.features >= OURS and client.features & STARTS_KERNELS)


def _as_quirk_says(program: Program, quirk: Behaviour) -> Program:
    """The program that a quirk makes of one.

    An iPXE never becomes firmware: it would be given iPXE again, and so would that.
    """
    said = Program[quirk.program] if quirk.program else program
    return said if program is not Program.IPXE or said is Program.OS else program


def _program(message: Message, user_class: str) -> Program:
    """Look for iPXE first: it calls itself PXEClient too."""
    if user_class in IPXE_CLASSES or pxe.IPXE.code in message.options:
        return Program.IPXE
    vendor_class = _vendor_class(message)
    if vendor_class.startswith("HTTPClient"):
        return Program.UEFI_HTTP
    if vendor_class.startswith("PXEClient"):
        return Program.PXE_ROM
    return Program.OS


def _vendor_class(message: Message) -> str:
    """Its beginning tells firmware, whatever bytes stand behind it."""
    return (
        message.options.get(options.VENDOR_CLASS.code, b"").rstrip(b"\0").decode(errors="replace")
    )


def is_firmware(message: Message) -> bool:
    """Whether a client calls itself a network boot program, whatever a quirk takes it for."""
    return _vendor_class(message).startswith(("PXEClient", "HTTPClient"))


def _user_class(message: Message) -> str:
    """The class of iPXE among those listed, or the first; bare or in the RFC 3004 list."""
    user_class = message.get(pxe.USER_CLASS)
    names = [name.decode(errors="replace") for name in user_class.classes] if user_class else []
    return next((name for name in names if name in IPXE_CLASSES), names[0] if names else "")


def _code(message: Message) -> Code | None:
    """The first architecture we know of those listed, or the first of all."""
    codes = message.get(pxe.ARCHITECTURES) or ()
    return next((code for code in codes if code in ARCHITECTURES), codes[0] if codes else None)

"""The corner of DHCP that belongs to firmware and iPXE.

Intel's PXE specification 2.1 (options 43, 60), RFC 4578 (93, 94, 97), RFC 3004 (77),
RFC 3046 (82), and iPXE's own option 175.
"""

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from boots.wire import options
from boots.wire.malformed import Malformed


class ArchitectureCode(enum.IntEnum):
    """Option 93: IANA's "Processor Architecture Types"; codes IANA may yet give are welcome.

    RFC 4578's own list has 7 and 9 swapped (erratum 4625 and IANA: 7 is x64, 9 is EBC), and
    firmware of both opinions exists.
    """

    X86_BIOS = 0
    NEC_PC98 = 1
    EFI_ITANIUM = 2
    DEC_ALPHA = 3
    ARC_X86 = 4
    INTEL_LEAN_CLIENT = 5
    EFI_IA32 = 6
    EFI_X64 = 7
    EFI_XSCALE = 8
    EFI_EBC = 9
    EFI_ARM32 = 10
    EFI_ARM64 = 11
    POWERPC_OPEN_FIRMWARE = 12
    POWERPC_EPAPR = 13
    POWER_OPAL = 14
    EFI_IA32_HTTP = 15
    EFI_X64_HTTP = 16
    EFI_EBC_HTTP = 17
    EFI_ARM32_HTTP = 18
    EFI_ARM64_HTTP = 19
    X86_BIOS_HTTP = 20
    UBOOT_ARM32 = 21
    UBOOT_ARM64 = 22
    UBOOT_ARM32_HTTP = 23
    UBOOT_ARM64_HTTP = 24
    EFI_RISCV32 = 25
    EFI_RISCV32_HTTP = 26
    EFI_RISCV64 = 27
    EFI_RISCV64_HTTP = 28
    EFI_RISCV128 = 29
    EFI_RISCV128_HTTP = 30
    S390_BASIC = 31
    S390_EXTENDED = 32
    EFI_MIPS32 = 33
    EFI_MIPS64 = 34
    EFI_SUNWAY32 = 35
    EFI_SUNWAY64 = 36
    EFI_LOONGARCH32 = 37
    EFI_LOONGARCH32_HTTP = 38
    EFI_LOONGARCH64 = 39
    EFI_LOONGARCH64_HTTP = 40
    ARM_RPIBOOT = 41

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or not 0 <= value <= 0xFFFF:
            return None
        unknown = int.__new__(cls, value)
        unknown._name_ = f"UNKNOWN_{value}"
        unknown._value_ = value
        return unknown

    def __reduce_ex__(self, _protocol: object) -> tuple[type[Self], tuple[int]]:
        return self.__class__, (self._value_,)  # by number: an unknown one has no name to find


_MOST_ARCHITECTURES = 254  # bytes, as one option holds; firmware says one code, or a few


def _read_architectures(value: bytes) -> tuple[ArchitectureCode, ...]:
    if not value or len(value) % 2 or len(value) > _MOST_ARCHITECTURES:
        raise Malformed(f"a list of architectures has {len(value)} bytes")
    return tuple(
        ArchitectureCode(int.from_bytes(value[at : at + 2])) for at in range(0, len(value), 2)
    )


def _write_architectures(codes: tuple[ArchitectureCode, ...]) -> bytes:
    return b"".join(code.to_bytes(2) for code in codes)


ARCHITECTURES = options.Option(93, "client architecture", _read_architectures, _write_architectures)


class Interface(NamedTuple):
    """Option 94: type 1 is UNDI; (2, 1) is what BIOS ROMs say, (3, 16) is UEFI 2.x."""

    type: int
    major: int
    minor: int


def _read_interface(value: bytes) -> Interface:
    if len(value) != 3:
        raise Malformed(f"a network interface identifier has {len(value)} bytes instead of 3")
    return Interface(*value)


INTERFACE = options.Option(94, "client network interface", _read_interface, bytes)


def _read_uuid(value: bytes) -> uuid.UUID:
    if len(value) != 17 or value[0] != 0:
        raise Malformed("a client UUID is not type 0 and 16 bytes")
    # The bytes are in SMBIOS order; seen so from SeaBIOS+iPXE and edk2 alike.
    return uuid.UUID(bytes_le=value[1:])


UUID = options.Option(97, "client UUID", _read_uuid, lambda value: b"\0" + value.bytes_le)


@dataclass(frozen=True, slots=True)
class UserClass:
    """Option 77: the classes, and whether they came in the RFC 3004 list or as a bare string.

    iPXE sends the bare string ``iPXE``; RFC 3004 §4 wants each class led by its length.
    """

    classes: tuple[bytes, ...]
    bare: bool


def _read_user_class(value: bytes) -> UserClass:
    if not value:
        raise Malformed("a user class is empty")
    classes, at = [], 0
    while at < len(value):
        size = value[at]
        if size == 0 or at + 1 + size > len(value):
            return UserClass((value,), bare=True)
        classes.append(value[at + 1 : at + 1 + size])
        at += 1 + size
    return UserClass(tuple(classes), bare=False)


def _write_user_class(user_class: UserClass) -> bytes:
    if user_class.bare:
        return b"".join(user_class.classes)
    return b"".join(bytes([len(name)]) + name for name in user_class.classes)


USER_CLASS = options.Option(77, "user class", _read_user_class, _write_user_class)


# --- encapsulated options: 43, 82 and 175 share one form, code, length, value


def read_suboptions(value: bytes) -> dict[int, bytes]:
    """Cut an encapsulated option area; PAD and END are as in the outer area (RFC 2132 §8.4).

    Raises:
        Malformed: a sub-option runs past the end.
    """
    return options.split(value)


def write_suboptions(values: Mapping[int, bytes]) -> bytes:
    """Write sub-options in the order given, without END: no known firmware needs one."""
    return options.join(values)


def _read_relay(value: bytes) -> dict[int, bytes]:
    """Option 82 has neither PAD nor END (RFC 3046 §2.0)."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(value):
        if at + 2 > len(value) or at + 2 + value[at + 1] > len(value):
            raise Malformed("a relay sub-option runs past the end")
        found[value[at]] = value[at + 2 : at + 2 + value[at + 1]]
        at += 2 + value[at + 1]
    return found


def _write_relay(values: Mapping[int, bytes]) -> bytes:
    return b"".join(bytes((code, len(value))) + value for code, value in values.items())


VENDOR = options.Option(43, "vendor specific", read_suboptions, write_suboptions)
RELAY = options.Option(82, "relay agent information", _read_relay, _write_relay)
IPXE = options.Option(175, "iPXE", read_suboptions, write_suboptions)

# Sub-options of 43 (PXE 2.1, table 2-1)
DISCOVERY_CONTROL = 6
BOOT_MENU = 9
MENU_PROMPT = 10
VLAN = 116  # the one of Tinkerbell, whose embedded script looks for it
SKIP_DISCOVERY = 8  # bit 3 of DISCOVERY_CONTROL: use the boot file of this very message

# Sub-options of 82
CIRCUIT_ID = 1
REMOTE_ID = 2
LINK_SELECTION = 5  # RFC 3527
SERVER_OVERRIDE = 11  # RFC 5107

# Sub-options of 175 (iPXE, include/ipxe/dhcp.h and features.h)
NO_PXEDHCP = 176  # "do not wait for a proxyDHCP offer": saves 3 s for each DHCP
BUS_ID = 177
VERSION = 235
FEATURES: Mapping[int, str] = {
    16: "pxe-ext",
    17: "iscsi",
    18: "aoe",
    19: "http",
    20: "https",
    21: "tftp",
    22: "ftp",
    23: "dns",
    24: "bzimage",
    25: "multiboot",
    26: "slam",
    27: "srp",
    32: "nbi",
    33: "pxe",
    34: "elf",
    35: "comboot",
    36: "efi",
    37: "fcoe",
    38: "vlan",
    39: "menu",
    40: "sdi",
    41: "nfs",
}


def features(suboptions: Mapping[int, bytes]) -> frozenset[str]:
    """The names of what an iPXE says it can do; each is a sub-option whose value is not zero."""
    return frozenset(name for code, name in FEATURES.items() if any(suboptions.get(code, b"")))

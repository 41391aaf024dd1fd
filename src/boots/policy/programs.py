"""What kind of machine a boot file is a program for, from its first bytes and its name."""

from dataclasses import dataclass

from boots.model.machine import Architecture

HEAD = 4096
"""Bytes from the beginning of a file that are enough to tell."""

_PE_AT = 0x3C  # where the place of the PE header stands (PE format, "MS-DOS Stub")
# IMAGE_FILE_MACHINE_… by what firmware calls itself.  EBC (0xEBC) runs on all of UEFI.
_MACHINES = {
    0x014C: Architecture.IA32_UEFI,
    0x8664: Architecture.X64_UEFI,
    0x01C0: Architecture.ARM32_UEFI,
    0x01C2: Architecture.ARM32_UEFI,
    0x01C4: Architecture.ARM32_UEFI,
    0xAA64: Architecture.ARM64_UEFI,
    0x5064: Architecture.RISCV64_UEFI,
    0x6264: Architecture.LOONG64_UEFI,
}
_FAR_JUMP = b"\xea"  # iPXE's, PXELINUX's and GRUB's programs for BIOS begin with one
_OF_BIOS = (".kpxe", ".kkpxe", ".kkkpxe", ".pxe", ".0", ".com", ".n12")
SUFFIXES = frozenset({*_OF_BIOS, ".efi", ".signed", ".bin", ""})
"""How programs are named."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A boot file that is for another kind of machine than the client is."""

    name: str
    architecture: Architecture
    why: str


def built_for(name: str, head: bytes) -> Architecture | None:
    """What a file with this name and beginning is a program for; None where that is not known.

    Images and texts are programs for nobody: UEFI HTTP boot takes an ISO, U-Boot a script.
    """
    if head[:2] == b"MZ":
        at = int.from_bytes(head[_PE_AT : _PE_AT + 4], "little")
        if head[at : at + 4] != b"PE\0\0":
            return None
        return _MACHINES.get(int.from_bytes(head[at + 4 : at + 6], "little"))
    if head[:1] == _FAR_JUMP or (head and name.lower().endswith(_OF_BIOS)):
        return Architecture.BIOS
    return None


def misfit(name: str, built: Architecture | None, asks: Architecture) -> Misfit | None:
    """What is wrong with a file for who asks; None for nothing, or where one is not known."""
    if built is None or asks in {built, Architecture.UNKNOWN}:
        return None
    return Misfit(name, asks, f"{name} is a program for {built.value}, not for {asks.value}")

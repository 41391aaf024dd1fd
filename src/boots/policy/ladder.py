"""Which boot file an architecture gets: the first on its rung that is installed.

``snponly`` and ``undionly`` drive the card through the firmware that just used it, so they work
wherever that got us this far; the builds with drivers of their own (``ipxe.*``) come after.
The names are those of Debian's and upstream's packages.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from boots.model.machine import Architecture

LADDER: Mapping[Architecture, tuple[str, ...]] = {
    Architecture.BIOS: ("undionly.kpxe", "ipxe.pxe"),
    Architecture.X64_UEFI: (
        *("snponly.efi", "snponly-x86_64.efi", "snponly-amd64.efi"),
        *("ipxe-amd64.efi", "ipxe-x86_64.efi", "ipxe.efi", "snp-x86_64.efi"),
    ),
    Architecture.IA32_UEFI: ("snponly-i386.efi", "ipxe-i386.efi"),
    Architecture.ARM64_UEFI: ("snponly-arm64.efi", "ipxe-arm64.efi", "snp-arm64.efi"),
    Architecture.ARM32_UEFI: ("snponly-arm32.efi", "ipxe-arm32.efi"),
    Architecture.RISCV64_UEFI: ("snponly-riscv64.efi", "ipxe-riscv64.efi"),
    Architecture.LOONG64_UEFI: ("snponly-loong64.efi", "ipxe-loong64.efi"),
}

# Names that records written for Smee use, and whose rung stands in where the file is missing.
STAND_INS: Mapping[str, Architecture] = {
    "undionly.kpxe": Architecture.BIOS,
    "ipxe.efi": Architecture.X64_UEFI,
    "snp-x86_64.efi": Architecture.X64_UEFI,
    "snp.efi": Architecture.ARM64_UEFI,
    "snp-arm64.efi": Architecture.ARM64_UEFI,
}

# Debian's signed programs for Secure Boot: the names that shim looks for, and where the packages
# shim-signed, shim-helpers-…-signed and grub-efi-…-signed put them.
SIGNED: Mapping[str, str] = {
    "shimx64.efi": "/usr/lib/shim/shimx64.efi.signed",
    "mmx64.efi": "/usr/lib/shim/mmx64.efi.signed",
    "fbx64.efi": "/usr/lib/shim/fbx64.efi.signed",
    "grubx64.efi": "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",
    "shimaa64.efi": "/usr/lib/shim/shimaa64.efi.signed",
    "mmaa64.efi": "/usr/lib/shim/mmaa64.efi.signed",
    "fbaa64.efi": "/usr/lib/shim/fbaa64.efi.signed",
    "grubaa64.efi": "/usr/lib/grub/arm64-efi-signed/grubnetaa64.efi.signed",
}


def climb(
    installed: Collection[str], override: Mapping[Architecture, str] = MappingProxyType({})
) -> dict[Architecture, str]:
    """The boot file of each architecture that has one installed; `override` names others.

    One that is overridden gets that file or none: a person chose it.
    """
    found = {
        architecture: name
        for architecture, names in LADDER.items()
        if (name := next((name for name in names if name in installed), ""))
    }
    return found | dict(override)

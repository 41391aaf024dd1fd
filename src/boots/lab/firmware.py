"""What a virtual machine starts from, as data, and where Debian keeps its files."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from boots.lab.errors import LabError


class Firmware(enum.Enum):
    """The ways to begin a network boot."""

    BIOS = "bios"
    """SeaBIOS with QEMU's own iPXE in the network card's ROM."""
    BIOS_CHAIN = "bios-chain"
    """SeaBIOS with an iPXE whose user class (option 77) says that it is none: it stands in for a
    vendor's PXE ROM, except before a server that looks at option 175, which gives it away."""
    UEFI = "uefi"
    """EDK2 with its own PXE client (TFTP)."""
    UEFI_HTTP = "uefi-http"
    """EDK2 with its own HTTP Boot client."""
    UEFI_SECURE = "uefi-secure"
    """EDK2 with Secure Boot on and Microsoft's keys, and its own PXE client."""
    UEFI_SECURE_HTTP = "uefi-secure-http"
    """The same with its HTTP Boot client."""
    ARM64 = "arm64"
    """EDK2 of a 64-bit ARM machine with its own PXE client."""
    ARM64_HTTP = "arm64-http"
    """The same with its HTTP Boot client."""
    U_BOOT = "u-boot"
    """U-Boot of a 64-bit ARM board as it comes: it loads an EFI program, as PXE firmware does."""
    U_BOOT_PXE = "u-boot-pxe"
    """U-Boot told to read ``pxelinux.cfg``, as boards without EFI do."""
    BIOS_ISO = "bios-iso"
    """SeaBIOS with a disc in its drive, as a management controller lends one."""
    UEFI_ISO = "uefi-iso"
    """EDK2 with such a disc."""


class MissingFileError(LabError):
    """A file of the firmware is not installed; the text names the Debian package that has it."""


@dataclass(frozen=True)
class Needed:
    """A file that a firmware consists of: where it may be, and the Debian package that has it."""

    places: tuple[str, ...]
    package: str

    def find(self, root: Path = Path("/")) -> Path:
        """The first place that exists.

        Raises:
            MissingFileError: none does.
        """
        for place in self.places:
            path = root / place.lstrip("/")
            if path.is_file():
                return path
        raise MissingFileError(
            f"no {' or '.join(self.places)}: install the package {self.package} "
            f"(apt-get install {self.package})"
        )


@dataclass(frozen=True)
class Recipe:
    """How QEMU is told to be a machine with this firmware."""

    title: str
    machine: str
    cpu: str = "x86_64"
    """As QEMU's program for it is called."""
    processor: str = ""
    """QEMU's name of the model; empty: the best that the accelerator has."""
    globals: tuple[str, ...] = ()
    """Properties of devices that QEMU makes by itself."""
    minimum_memory: int = 160
    """MiB below which the firmware itself fails; measured with a 2 MB initrd."""
    bios: Needed | None = None
    """The firmware, where it is one file that QEMU puts into the first flash by itself."""
    environment: str = ""
    """U-Boot's variables, NAME=VALUE with a NUL between two, in the second flash."""
    code: Needed | None = None
    variables: Needed | None = None
    card_rom: Needed | None = None
    """The ROM that QEMU puts into the network card; absent: the card is given none."""
    card: str = ""
    """Properties of the network card besides."""
    kernel: Needed | None = None
    """An iPXE that QEMU starts as if it were a kernel, with `script` as its initrd."""
    script: str = ""
    """``PROGRAM`` in it stands for the boot file that the ROM is to load."""
    settings: tuple[tuple[str, str], ...] = ()
    """fw_cfg entries."""
    starts_as_ipxe: bool = False
    """Whether the first DHCP client is iPXE already, so that no boot file is needed."""

    secure: bool = False
    """Whether it loads only what Microsoft has signed: shim, and no iPXE."""
    served: tuple[Needed, ...] = ()
    """What the server must have for it, where that is not iPXE."""
    starts_from_disc: bool = False
    """Whether it boots what is in its disc drive, and nothing from the network."""

    def needed(self) -> tuple[Needed, ...]:
        """Every file that must be there."""
        parts = (self.bios, self.code, self.variables, self.card_rom, self.kernel)
        return (*(part for part in parts if part is not None), *self.served)


_OVMF = Needed(
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd"),
    "ovmf",
)
_OVMF_VARIABLES = Needed(
    ("/usr/share/OVMF/OVMF_VARS_4M.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    "ovmf",
)
# despite its name it holds an image for the BIOS as well
_CARD_ROM = Needed(
    (
        "/usr/lib/ipxe/qemu/efi-virtio.rom",
        "/usr/share/qemu/efi-virtio.rom",
        "/usr/share/ipxe/qemu/efi-virtio.rom",
    ),
    "ipxe-qemu",
)
_IPXE_KERNEL = Needed(("/boot/ipxe.lkrn", "/usr/lib/ipxe/ipxe.lkrn"), "ipxe")

_OVMF_SECURE = Needed(("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",), "ovmf")
# Microsoft's keys are in it, and Secure Boot is on.
_OVMF_SECURE_VARIABLES = Needed(("/usr/share/OVMF/OVMF_VARS_4M.ms.fd",), "ovmf")
_SHIM = Needed(("/usr/lib/shim/shimx64.efi.signed",), "shim-signed")
_GRUB = Needed(("/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",), "grub-efi-amd64-signed")
_AAVMF = Needed(("/usr/share/AAVMF/AAVMF_CODE.fd",), "qemu-efi-aarch64")
_AAVMF_VARIABLES = Needed(("/usr/share/AAVMF/AAVMF_VARS.fd",), "qemu-efi-aarch64")

# No BIOS ROM but iPXE's is free to have: this iPXE does what a ROM does with its boot file, and
# the undionly that it loads drives the card through it, as through a vendor's.  The name goes into
# the DHCP answer that it keeps for what it loads: PXELINUX looks for its own files there.
_LIKE_A_VENDORS_ROM = """#!ipxe
dhcp net0
set server ${net0/next-server}
isset ${proxydhcp/next-server} && set server ${proxydhcp/next-server} ||
set net0/filename PROGRAM
chain tftp://${server}/PROGRAM
"""

# All of U-Boot's variables, as these take the place of its own: the addresses are those that it has
# for this machine.
_READ_PXELINUX_CFG = "\0".join(
    (
        *("autoload=no", "bootdelay=0", "fdt_high=0xffffffff", "initrd_high=0xffffffff"),
        *("fdt_addr=0x40000000", "pxefile_addr_r=0x40300000", "kernel_addr_r=0x40400000"),
        "ramdisk_addr_r=0x44000000",
        "bootcmd=dhcp; pxe get; pxe boot",
        "",
    )
)
_U_BOOT = Needed(("/usr/lib/u-boot/qemu_arm64/u-boot.bin",), "u-boot-qemu")


def _edk2(title: str, pxe: str) -> Recipe:
    """EDK2 with one boot option for the network, so that no attempt is wasted on another."""
    return Recipe(
        title=title, machine="q35", code=_OVMF, variables=_OVMF_VARIABLES, settings=_only(pxe)
    )


def _secure(title: str, pxe: str) -> Recipe:
    """EDK2 whose variables only its own code in system management mode can write."""
    return Recipe(
        title=title,
        machine="q35,smm=on",
        globals=("driver=cfi.pflash01,property=secure,value=on", "ICH9-LPC.disable_s3=1"),
        minimum_memory=384,
        secure=True,
        served=(_SHIM, _GRUB),
        code=_OVMF_SECURE,
        variables=_OVMF_SECURE_VARIABLES,
        settings=_only(pxe),
    )


def _board(title: str, environment: str = "") -> Recipe:
    return Recipe(
        title=title,
        machine="virt",
        cpu="aarch64",
        processor="cortex-a57",
        minimum_memory=256,
        bios=_U_BOOT,
        # U-Boot before 2023.04 misreads the MAC of a card that is also an old virtio.
        card=",disable-legacy=on",
        environment=environment,
    )


def _only(pxe: str) -> tuple[tuple[str, str], ...]:
    """Without PXE, EDK2's first boot option is HTTP over IPv4."""
    return (
        ("opt/org.tianocore/IPv4PXESupport", pxe),
        ("opt/org.tianocore/IPv6PXESupport", "n"),
    )


RECIPES: dict[Firmware, Recipe] = {
    # graphics=off: SeaBIOS and iPXE talk on the serial port
    Firmware.BIOS: Recipe(
        title="SeaBIOS, iPXE in the network card",
        machine="pc,graphics=off",
        minimum_memory=96,
        card_rom=_CARD_ROM,
        starts_as_ipxe=True,
    ),
    Firmware.BIOS_CHAIN: Recipe(
        title="SeaBIOS, undionly loaded as a PXE ROM would",
        machine="pc,graphics=off",
        minimum_memory=96,
        card_rom=_CARD_ROM,
        kernel=_IPXE_KERNEL,
        script=_LIKE_A_VENDORS_ROM,
    ),
    Firmware.UEFI: _edk2("UEFI, EDK2's PXE client", pxe="y"),
    Firmware.UEFI_HTTP: _edk2("UEFI, EDK2's HTTP Boot client", pxe="n"),
    Firmware.UEFI_SECURE: _secure("UEFI with Secure Boot, EDK2's PXE client", pxe="y"),
    Firmware.UEFI_SECURE_HTTP: _secure("UEFI with Secure Boot, EDK2's HTTP Boot client", pxe="n"),
    Firmware.ARM64: Recipe(
        title="64-bit ARM, UEFI, EDK2's PXE client",
        machine="virt",
        cpu="aarch64",
        processor="cortex-a57",
        minimum_memory=384,
        code=_AAVMF,
        variables=_AAVMF_VARIABLES,
        settings=_only("y"),
    ),
    Firmware.ARM64_HTTP: Recipe(
        title="64-bit ARM, UEFI, EDK2's HTTP Boot client",
        machine="virt",
        cpu="aarch64",
        processor="cortex-a57",
        minimum_memory=384,
        code=_AAVMF,
        variables=_AAVMF_VARIABLES,
        settings=_only("n"),
    ),
    Firmware.U_BOOT: _board("64-bit ARM board, U-Boot as it comes"),
    Firmware.U_BOOT_PXE: _board("64-bit ARM board, U-Boot's PXE command", _READ_PXELINUX_CFG),
    Firmware.BIOS_ISO: Recipe(
        title="SeaBIOS, a disc in the drive",
        machine="pc,graphics=off",
        minimum_memory=96,
        starts_from_disc=True,
    ),
    Firmware.UEFI_ISO: replace(_edk2("UEFI, a disc in the drive", pxe="n"), starts_from_disc=True),
}


def missing(firmware: Firmware, root: Path = Path("/")) -> Sequence[str]:
    """What must be installed before a machine can start from this firmware, in words."""
    faults = []
    for part in RECIPES[firmware].needed():
        try:
            part.find(root)
        except MissingFileError as error:
            faults.append(str(error))
    return faults

"""What a virtual machine starts from, as data, and where Debian keeps its files."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from boots.lab.errors import LabError


class Firmware(enum.Enum):
    """Four ways to begin a network boot."""

    BIOS = "bios"
    """SeaBIOS with QEMU's own iPXE in the network card's ROM."""
    BIOS_CHAIN = "bios-chain"
    """SeaBIOS with an iPXE whose user class (option 77) says that it is none: it stands in for a
    vendor's PXE ROM, except before a server that looks at option 175, which gives it away."""
    UEFI = "uefi"
    """EDK2 with its own PXE client (TFTP)."""
    UEFI_HTTP = "uefi-http"
    """EDK2 with its own HTTP Boot client."""


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
    minimum_memory: int
    """MiB below which the firmware itself fails; measured with a 2 MB initrd."""
    code: Needed | None = None
    variables: Needed | None = None
    card_rom: Needed | None = None
    """The ROM that QEMU puts into the network card; absent: the card is given none."""
    kernel: Needed | None = None
    """An iPXE that QEMU starts as if it were a kernel, with `script` as its initrd."""
    script: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    """fw_cfg entries."""
    starts_as_ipxe: bool = False
    """Whether the first DHCP client is iPXE already, so that no boot file is needed."""

    def needed(self) -> tuple[Needed, ...]:
        """Every file that must be there."""
        parts = (self.code, self.variables, self.card_rom, self.kernel)
        return tuple(part for part in parts if part is not None)


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

# No BIOS ROM but iPXE's is free to have: this iPXE does what a ROM does with its boot file, and
# the undionly that it loads drives the card through it, as through a vendor's.
_LIKE_A_VENDORS_ROM = """#!ipxe
dhcp net0
chain tftp://${net0/next-server}/undionly.kpxe
"""


def _edk2(title: str, pxe: str) -> Recipe:
    """EDK2 with one boot option for the network, so that no attempt is wasted on another."""
    return Recipe(
        title=title,
        machine="q35",
        minimum_memory=160,
        code=_OVMF,
        variables=_OVMF_VARIABLES,
        settings=(
            ("opt/org.tianocore/IPv4PXESupport", pxe),
            ("opt/org.tianocore/IPv6PXESupport", "n"),
        ),
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
    # without PXE, EDK2's first boot option is HTTP over IPv4
    Firmware.UEFI_HTTP: _edk2("UEFI, EDK2's HTTP Boot client", pxe="n"),
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

"""QEMU's command line for a machine, and the files that it reads."""

import os
import shutil
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from boots.lab.accelerator import Accelerator
from boots.lab.firmware import RECIPES, Firmware, Recipe

_QEMU_PACKAGES = {"x86_64": "qemu-system-x86", "aarch64": "qemu-system-arm"}

MIB = 1 << 20

_VARIABLES = "variables.fd"
_SCRIPT = "rom.ipxe"
_DISK = "disk.img"
_CONSOLE = "console.log"
_ERRORS = "qemu.log"
_AUTHORITIES = "authorities"
_SOCKET = "qmp"
_X509 = UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")  # EFI_CERT_X509_GUID
_FLASH = 64 * MIB  # what the machine "virt" takes
_ENVIRONMENT = 0x40000  # CONFIG_ENV_SIZE of U-Boot for it


@dataclass(frozen=True)
class Disk:
    """One of several disks of a machine."""

    size: int
    """MiB; the file is sparse."""
    serial: str
    """At most 20 characters; virtio has no room for more."""
    contents: str = ""
    """A file that it begins as a copy of at power-on; empty: so is the disk."""


@dataclass(frozen=True)
class Spec:
    """A virtual machine as it would stand in a rack."""

    firmware: Firmware
    mac: str
    uuid: str
    tap: str
    memory: int = 768
    """MiB."""
    processors: int = 1
    disk: int = 1024
    """MiB of an empty disk; 0 for none.  The file is sparse."""
    contents: str = ""
    """A file that its disk begins as a copy of at power-on, in place of an empty one."""
    disks: tuple[Disk, ...] = ()
    """What it has in place of that disk."""
    disk_first: bool = False
    """Whether its firmware tries its disks before the network."""
    again: bool = False
    """Whether it was on before: its disks and its firmware's variables are as they were left."""
    program: str = "undionly.kpxe"
    """The boot file that a ROM loads whose firmware is told so by a script."""
    disc: str = ""
    """What is in its disc drive: a file, or an ``http`` URL; empty: it has no drive."""
    authority: str = ""
    """A file with the certificate (DER) that its UEFI firmware trusts for HTTPS; empty: none."""
    serial: str = "BOOTS-LAB-1"
    """The machine's serial number, and the beginning of its disk's."""
    reboot: bool = False
    """Whether a restart of the machine goes on (else it ends it, like a power-off)."""
    hardware: tuple[str, ...] = ()
    """What it has besides, in QEMU's words."""


@dataclass(frozen=True)
class Files:
    """Where the files of one virtual machine are, in a directory of its own."""

    directory: Path
    root: Path = Path("/")
    """Where the firmware's files are looked for."""

    @property
    def console(self) -> Path:
        """What the machine wrote on its serial port."""
        return self.directory / _CONSOLE

    def disk(self, number: int = 0) -> Path:
        """What is on a disk."""
        return self.directory / (f"disk{number}.img" if number else _DISK)

    @property
    def socket(self) -> Path:
        """QEMU's control socket."""
        return self.directory / _SOCKET

    @property
    def errors(self) -> Path:
        """What QEMU itself had to say."""
        return self.directory / _ERRORS

    def prepare(self, spec: Spec) -> None:
        """Make the files that QEMU reads: firmware variables, the ROM's script, an empty disk."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if spec.again:
            return
        recipe = RECIPES[spec.firmware]
        self.console.unlink(missing_ok=True)
        if recipe.variables is not None:
            shutil.copyfile(recipe.variables.find(self.root), self.directory / _VARIABLES)
        if spec.authority:
            trusted = _signature_list(Path(spec.authority).read_bytes())
            (self.directory / _AUTHORITIES).write_bytes(trusted)
        if recipe.environment:
            (self.directory / _VARIABLES).write_bytes(_environment(recipe.environment))
        if recipe.script:
            script = recipe.script.replace("PROGRAM", spec.program)
            (self.directory / _SCRIPT).write_text(script, encoding="ascii")
        for number, disk in enumerate(_disks_of(spec)):
            _make(self.disk(number), disk)


def _disks_of(spec: Spec) -> tuple[Disk, ...]:
    if spec.disks or not spec.disk:
        return spec.disks
    # virtio cuts a disk's serial at 20 characters
    return (Disk(spec.disk, f"{spec.serial}-DISK"[:20], spec.contents),)


def _make(path: Path, disk: Disk) -> None:
    if disk.contents:
        shutil.copyfile(disk.contents, path)
    with path.open("r+b" if disk.contents else "wb") as file:
        file.truncate(max(disk.size * MIB, file.seek(0, os.SEEK_END)))


def command(spec: Spec, files: Files, accelerator: Accelerator) -> list[str]:
    """The QEMU command line of this machine.

    Raises:
        MissingFileError: a file of the firmware is not installed.
        ValueError: the firmware cannot start in this little memory.
    """
    recipe = RECIPES[spec.firmware]
    if spec.memory < recipe.minimum_memory:
        raise ValueError(
            f"{recipe.title} needs {recipe.minimum_memory} MiB of memory, not {spec.memory}"
        )
    return [
        qemu(recipe),
        *("-name", spec.serial),
        *("-machine", recipe.machine),
        *_processor(recipe, accelerator),
        *(word for each in recipe.globals for word in ("-global", each)),
        *("-smp", str(spec.processors)),
        *("-m", str(spec.memory)),
        *("-nodefaults", "-display", "none"),
        *("-chardev", f"file,id=console,path={files.console},append=on"),
        *("-serial", "chardev:console"),
        *("-qmp", f"unix:{files.socket},server=on,wait=off"),
        *("-uuid", spec.uuid),
        *("-smbios", f"type=1,manufacturer=Boots,product=Lab machine,serial={spec.serial}"),
        *("-device", "virtio-rng-pci"),
        *_firmware(recipe, files),
        *_trusted(spec, files),
        *_card(spec, recipe),
        *_disks(spec, files),
        *_disc(spec),
        *spec.hardware,
        *(() if spec.reboot else ("-no-reboot",)),
    ]


def qemu(recipe: Recipe) -> str:
    """QEMU's program for machines of this kind."""
    return f"qemu-system-{recipe.cpu}"


def missing(recipe: Recipe) -> str:
    """What to install where QEMU's program is not there; empty where it is."""
    if shutil.which(qemu(recipe)):
        return ""
    package = _QEMU_PACKAGES[recipe.cpu]
    return f"no {qemu(recipe)}: install the package {package} (apt-get install {package})"


def _processor(recipe: Recipe, accelerator: Accelerator) -> list[str]:
    if not recipe.processor:
        return accelerator.arguments()
    # Another processor than this one: nothing can run it but QEMU.
    return ["-accel", "tcg,tb-size=128", "-cpu", recipe.processor]


def _signature_list(certificate: bytes) -> bytes:
    """As UEFI keeps certificates that it trusts: EFI_SIGNATURE_LIST (UEFI 2.10, 32.4.1)."""
    each = bytes(16) + certificate  # whoever owns it: nobody
    head = _X509.bytes_le + struct.pack("<III", 28 + len(each), 0, len(each))
    return head + each


def _environment(text: str) -> bytes:
    """A flash with U-Boot's variables: CRC-32 of what follows, then the text, then zeros."""
    data = text.encode("ascii").ljust(_ENVIRONMENT - 4, b"\0")
    return (zlib.crc32(data).to_bytes(4, "little") + data).ljust(_FLASH, b"\xff")


def _firmware(recipe: Recipe, files: Files) -> list[str]:
    arguments: list[str] = []
    if recipe.code is not None:
        code = recipe.code.find(files.root)
        arguments += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}"]
    if recipe.bios is not None:
        arguments += ["-bios", str(recipe.bios.find(files.root))]
    if recipe.variables is not None or recipe.environment:
        variables = files.directory / _VARIABLES
        arguments += ["-drive", f"if=pflash,format=raw,unit=1,file={variables}"]
    if recipe.kernel is not None:
        arguments += ["-kernel", str(recipe.kernel.find(files.root))]
        arguments += ["-initrd", str(files.directory / _SCRIPT)]
    for name, value in recipe.settings:
        arguments += ["-fw_cfg", f"name={name},string={value}"]
    return arguments


def _trusted(spec: Spec, files: Files) -> list[str]:
    if not spec.authority:
        return []
    return ["-fw_cfg", f"name=etc/edk2/https/cacerts,file={files.directory / _AUTHORITIES}"]


def _card(spec: Spec, recipe: Recipe) -> list[str]:
    # Empty: the firmware's own network stack must do the work, not a ROM.  A ROM is never named:
    # QEMU writes the card's identity only into its default one, and SeaBIOS runs no other.
    rom = ",romfile=" if recipe.card_rom is None else ""
    turn = len(_disks_of(spec)) + 1 if spec.disk_first else 1
    card = f"virtio-net-pci,id=card0,netdev=net0,mac={spec.mac}{rom}{recipe.card},bootindex={turn}"
    tap = f"tap,id=net0,ifname={spec.tap},script=no,downscript=no"
    return ["-netdev", tap, "-device", card]


def _disks(spec: Spec, files: Files) -> list[str]:
    arguments = []
    first = 1 if spec.disk_first else 2
    for number, disk in enumerate(_disks_of(spec)):
        drive = f"if=none,id=disk{number},format=raw,file={files.disk(number)}"
        serial, turn = f"serial={disk.serial}", f"bootindex={first + number}"
        device = f"virtio-blk-pci,drive=disk{number},{serial},{turn}"
        arguments += ["-drive", drive, "-device", device]
    return arguments


def _disc(spec: Spec) -> list[str]:
    if not spec.disc:
        return []
    drive = f"if=none,id=disc0,media=cdrom,readonly=on,format=raw,file={spec.disc}"
    device = "scsi-cd,drive=disc0,bootindex=0"
    return ["-drive", drive, "-device", "virtio-scsi-pci", "-device", device]

"""GRUB on a disk that need not be one yet: bytes into an image, no loop device, no probing.

What ``grub-bios-setup`` would write is two numbers in two sectors.  Where the early configuration
finds the root file system is told by its UUID, so the disk may be any of the machine's.
"""

import struct
from pathlib import Path

from boots.osie.errors import BuildError
from boots.osie.programs import host_output

LIBRARY = Path("/usr/lib/grub")
SIGNED = (
    (Path("/usr/lib/shim/shimx64.efi.signed"), "EFI/BOOT/BOOTX64.EFI", "shim-signed"),
    (
        Path("/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"),
        "EFI/BOOT/grubx64.efi",
        "grub-efi-amd64-signed",
    ),
)
FOLDER = "EFI/debian"
"""Where Debian's signed GRUB looks for its grub.cfg on the EFI system partition; ours, too."""

_PACKAGES = {"i386-pc": "grub-pc-bin", "x86_64-efi": "grub-efi-amd64-bin"}
_MODULES = (
    *("configfile", "echo", "ext2", "linux", "ls", "normal", "part_gpt", "reboot", "halt"),
    *("search", "search_fs_uuid", "serial", "sleep", "terminal", "test", "true"),
)
_MORE = {
    "i386-pc": ("biosdisk",),
    "x86_64-efi": ("efi_gop", "efi_uga", "fat", "all_video", "gfxterm"),
}

SECTOR = 512
_CODE = 440  # bytes of the first sector that are the boot loader's; then signature and table
# GRUB's include/grub/i386/pc/boot.h: where boot.img has the sector of core.img, and the jump that
# a disk's copy does without (it would take the drive's number for granted).
_KERNEL_SECTOR = 0x5C
_DRIVE_CHECK = 0x66
_NO_JUMP = b"\x90\x90"
# The end of core.img's first sector: where its rest is, in how many sectors, to which segment.
_BLOCKS = struct.Struct("<QHH")
_SEGMENT = 0x820

_EARLY = """\
search --no-floppy --fs-uuid --set=root {root}
set prefix=($root)/boot/grub
configfile $prefix/grub.cfg
"""

_MENU = """\
if serial --unit=0 --speed=115200; then
  terminal_input console serial
  terminal_output console serial
fi
set timeout=1
search --no-floppy --fs-uuid --set=root {root}
menuentry "Debian" {{
  linux /vmlinuz root=UUID={root} ro {arguments}
  initrd /initrd.img
}}
menuentry "Debian, the kernel before" {{
  linux /vmlinuz.old root=UUID={root} ro {arguments}
  initrd /initrd.img.old
}}
"""


def early(root: str) -> str:
    """What GRUB does before it has its menu: find the root file system by its UUID."""
    return _EARLY.format(root=root)


def menu(root: str, arguments: str) -> str:
    """``/boot/grub/grub.cfg``: Debian keeps the links to the newest kernel and the one before."""
    return _MENU.format(root=root, arguments=arguments)


def program(kind: str, prefix: str, to: Path, early: Path | None = None) -> bytes:
    """GRUB for ``i386-pc`` or ``x86_64-efi`` with all it needs in one file.

    Args:
        kind: One of the two.
        prefix: The folder of its grub.cfg, where there is no `early`.
        to: Where it is written.
        early: A configuration that it has in itself.

    Raises:
        BuildError: GRUB is not installed.
    """
    modules = there(LIBRARY / kind, _PACKAGES[kind])
    host_output(
        *("grub-mkimage", "-O", kind, "-d", str(modules), "-p", prefix, "-o", str(to)),
        *(("-c", str(early)) if early else ()),
        *_MODULES,
        *_MORE[kind],
    )
    return to.read_bytes()


def first_sector() -> bytes:
    """boot.img.

    Raises:
        BuildError: GRUB is not installed.
    """
    return there(LIBRARY / "i386-pc/boot.img", _PACKAGES["i386-pc"]).read_bytes()


def there(path: Path, package: str) -> Path:
    """A file of a package that must be installed.

    Raises:
        BuildError: It is not.
    """
    if not path.exists():
        raise BuildError(
            f"no {path}: install the Debian package {package} (apt-get install {package})"
        )
    return path


def boot_code(boot: bytes, core_at: int) -> bytes:
    """The first bytes of the disk: they load core.img from the sector `core_at`."""
    code = bytearray(boot[:_CODE])
    struct.pack_into("<Q", code, _KERNEL_SECTOR, core_at)
    code[_DRIVE_CHECK : _DRIVE_CHECK + len(_NO_JUMP)] = _NO_JUMP
    return bytes(code)


def placed(core: bytes, at: int) -> bytes:
    """core.img that knows at which sector it begins."""
    sectors = -(-len(core) // SECTOR)
    made = bytearray(core.ljust(sectors * SECTOR, b"\0"))
    _BLOCKS.pack_into(made, SECTOR - _BLOCKS.size, at + 1, sectors - 1, _SEGMENT)
    return bytes(made)

"""``syslinux``: SYSLINUX on a FAT partition and its code in the disk's first sector.

OSIE comes without SYSLINUX, so this works in one that was built with it, and says so elsewhere.
"""

import shutil

from boots_agent.actions.below import disks_below
from boots_agent.actions.context import ActionFailed, Context
from boots_agent.actions.making import run
from boots_agent.actions.writing import disk_to_write, partition_to_write

_CODE = 440  # bytes of the first sector before the table
_CODES = ("usr/lib/syslinux/mbr", "usr/share/syslinux", "usr/lib/syslinux")
_WANTED = "3.86"  # what templates ask for because Tinkerbell's action has nothing else


def syslinux(context: Context) -> None:
    """Install it.

    Raises:
        ActionFailed: This OSIE has no SYSLINUX, or it does not install.
    """
    disk, partition = context.required("DEST_DISK"), context.required("DEST_PARTITION")
    program, code = shutil.which("syslinux"), _code(context)
    if program is None or not code:
        raise ActionFailed(
            "this OSIE has no SYSLINUX; grub2disk installs GRUB, and ESXi is installed by the"
            " profile esxi, without a disk image"
        )
    version = context.environment.get("SYSLINUX_VERSION") or _WANTED
    context.say(f"SYSLINUX {version} was asked for; it is the one of this OSIE that is installed")
    below = disks_below(context, disk)
    with disk_to_write(context, disk) as (target, _):
        target.write(memoryview(bytearray(code[:_CODE])), 0)
        target.sync()
    if not disks_below(context, partition) <= below:
        partition_to_write(context, partition)
    run(context, [program, "--install", partition])


def _code(context: Context) -> bytes:
    files = (context.root / folder / "mbr.bin" for folder in _CODES)
    return next((file.read_bytes() for file in files if file.is_file()), b"")

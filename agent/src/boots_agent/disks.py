"""The machine's disks, as ``/sys/block`` tells them.  Disks are only ever read here."""

from pathlib import Path

from boots_agent.facts import names, number, raw, text
from boots_agent.images.signatures import signs_in

# Memory, files, flash chips, programs, CD drives, and what lies on top of disks.
_NO_DISKS = (
    *("bcache", "dm-", "drbd", "md", "zd"),
    *("fd", "loop", "mtdblock", "nbd", "nullb", "ram", "sr", "ublkb", "zram"),
)
_SECTOR = 512  # the unit of /sys/block/*/size, whatever the disk's own
_PROBED = 1 << 17
_TRANSPORTS = (
    ("/usb", "usb"),
    ("/ata", "ata"),
    ("/end_device-", "sas"),
    ("/rport-", "fc"),
    ("/session", "iscsi"),
    ("/virtio", "virtio"),
    ("/mmc_host/", "mmc"),
    ("/vmbus", "hyperv"),
    ("/vbd-", "xen"),
    ("/host", "scsi"),
)


def disks(root: Path) -> list[dict[str, object]]:
    """Every real disk, by name."""
    block = root / "sys/block"
    return [_disk(root, block / name) for name in names(block) if is_disk(block / name)]


def kind_of(start: bytes) -> str | None:
    """What a disk's first 128 KiB look like: a partition table, a file system, ``empty``.

    ``unknown`` is neither zeros nor anything known; None says that nothing could be read.
    """
    if not start:
        return None
    known = next(signs_in(start), None)
    if known is not None:
        return known.word
    return "unknown" if start.strip(b"\0") else "empty"


def is_disk(path: Path) -> bool:
    """Whether a directory of ``/sys/block`` is of a real disk."""
    name = path.name
    hidden = text(path / "hidden") == "1"  # one way of several to a multipath disk
    area = name.startswith("mmcblk") and ("boot" in name or "rpmb" in name)
    return not (name.startswith(_NO_DISKS) or hidden or area)


def _disk(root: Path, path: Path) -> dict[str, object]:
    return {
        "name": path.name,
        "path": f"/dev/{path.name}",
        "bytes": (number(path / "size") or 0) * _SECTOR,
        "model": model_of(path),
        "serial": serial_of(path),
        "wwn": wwn_of(path),
        "transport": transport_of(path),
        "rotational": text(path / "queue/rotational") == "1",
        "read_only": text(path / "ro") == "1",
        "partitions": sum((path / name / "partition").exists() for name in names(path)),
        "content": kind_of(_start(root / "dev" / path.name)),
    }


def model_of(path: Path) -> str | None:
    """What its maker calls it, for its directory below ``/sys``."""
    device = path / "device"
    model = text(device / "model") or text(device / "name")
    # What a virtio device has for a vendor is a number, and names nobody.
    vendor = text(device / "vendor")
    named = "" if vendor.startswith("0x") or vendor == "ATA" or model.startswith(vendor) else vendor
    return " ".join(f"{named} {model}".split()) or None


def wwn_of(path: Path) -> str | None:
    """The name that the disk's maker gave it alone, for its directory below ``/sys``."""
    return text(path / "wwid") or text(path / "device/wwid") or None


def serial_of(path: Path) -> str | None:
    """The disk's serial number, for its directory below ``/sys``."""
    told = text(path / "serial") or text(path / "device/serial")
    # SCSI's page 80 begins with four bytes of header.
    page = raw(path / "device/vpd_pg80")[4:].decode(errors="replace").strip("\0 ")
    if told or page or transport_of(path) != "usb":
        return told or page or None
    # A USB stick's number is its USB device's, some directories above.
    told_above = (text(above / "serial") for above in path.resolve().parents)
    return next((serial for serial in told_above if serial), None)


def transport_of(path: Path) -> str | None:
    """What the disk is attached by, for its directory below ``/sys``."""
    if path.name.startswith("nvme"):
        return "nvme"
    where = str(path.resolve())
    return next((transport for part, transport in _TRANSPORTS if part in where), None)


def _start(device: Path) -> bytes:
    try:
        with device.open("rb", buffering=0) as file:
            return file.read(_PROBED)
    except OSError:
        return b""

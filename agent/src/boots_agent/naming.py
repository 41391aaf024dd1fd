"""What udev would call a disk below ``/dev/disk/by-id`` and ``by-path``, told from ``/sys``."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from boots_agent.disks import serial_of, transport_of
from boots_agent.facts import raw, text

_UNSAFE = re.compile(r"[^0-9A-Za-z#+\-.:=@_]")
_PCI = re.compile(r"[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_ADDRESS = re.compile(r"\d+:\d+:\d+:\d+")
_NAA, _EUI, _VENDOR, _OTHER = 3, 2, 1, 0  # designator types (SPC-5, 7.7.6)
_IDENTIFY = 60  # where page 89h has what IDENTIFY DEVICE said (SAT-4, 12.4.2)


class Designator(NamedTuple):
    """One name of page 83h: of which type, and as udev's ``scsi_id`` writes it."""

    type: int
    text: str


def ids_of(block: Path) -> list[str]:
    """The names below ``by-id`` of a disk, for its directory below ``/sys``."""
    found = dict.fromkeys(_clean(each) for each in _ids(block))
    return [each for each in found if each]


def path_of(block: Path) -> str:
    """The name below ``by-path``; empty where the bus is none that is known."""
    parts = str(block.resolve()).split("/")
    slots = [at for at, part in enumerate(parts) if _PCI.fullmatch(part)]
    if not slots:
        return ""
    slot, below = f"pci-{parts[slots[-1]]}", parts[slots[-1] + 1 :]
    if block.name.startswith("nvme"):
        return f"{slot}-nvme-{text(block / 'nsid') or '1'}"
    tail = _tail(below, Path("/".join(parts[: slots[-1] + 1])))
    if tail:
        return f"{slot}-{tail}"
    return slot if any(part.startswith("virtio") for part in below) else ""


def _tail(below: list[str], controller: Path) -> str:
    """The way from a controller to a disk: the port of ATA or USB, or SCSI's address."""
    addresses = [part for part in below if _ADDRESS.fullmatch(part)]
    if not addresses:
        return ""
    ata = next((part for part in below if re.fullmatch(r"ata\d+", part)), "")
    if ata:
        # The name in /sys counts all of the machine's.
        return f"ata-{text(controller / ata / 'ata_port' / ata / 'port_no') or ata[3:]}"
    # The host's number changes from boot to boot; by-path leaves it out.
    scsi = "scsi-0:" + addresses[-1].partition(":")[2]
    ports = [part for part in below if re.fullmatch(r"\d+-[\d.]+:\d+\.\d+", part)]
    return f"usb-0:{ports[-1].partition('-')[2]}-{scsi}" if ports else scsi


def _ids(block: Path) -> Iterator[str]:
    name, serial = block.name, serial_of(block) or ""
    if name.startswith(("dm-", "md")):
        yield from _stacked(block)
    elif name.startswith("nvme"):
        yield from _nvme(block, serial)
    elif name.startswith("vd"):
        yield f"virtio-{serial}" if serial else ""
    elif name.startswith("mmcblk"):
        yield f"mmc-{text(block / 'device/name')}_{serial}" if serial else ""
    elif transport_of(block) == "usb":
        yield from _usb(block, serial)
    else:
        yield from _scsi(block)


def _nvme(block: Path, serial: str) -> Iterator[str]:
    wwid, model = text(block / "wwid"), text(block / "device/model")
    yield f"nvme-{wwid}" if wwid else ""
    if model and serial:
        yield f"nvme-{model}_{serial}"
        yield f"nvme-{model}_{serial}_{text(block / 'nsid') or '1'}"


def _stacked(block: Path) -> Iterator[str]:
    for kind in ("name", "uuid"):
        told = text(block / "dm" / kind)
        yield f"dm-{kind}-{told}" if told else ""


def _usb(block: Path, serial: str) -> Iterator[str]:
    device = block / "device"
    if serial:
        *_, target, lun = device.resolve().name.split(":")
        named = f"{text(device / 'vendor')}_{text(device / 'model')}_{serial}"
        yield f"usb-{named}-{target}:{lun}"


def _scsi(block: Path) -> Iterator[str]:
    device = block / "device"
    model, serial = ata_names(raw(device / "vpd_pg89"))
    if model and serial:
        yield f"ata-{model}_{serial}"
    found = designators(raw(device / "vpd_pg83"))
    best = next((each for kind in (_NAA, _EUI) for each in found if each.type == kind), None)
    if best is not None and best.type == _NAA:
        yield f"wwn-0x{best.text}"
    if not model:
        for each in [best] if best else found:
            vendor = _padded(device) if each.type == _OTHER else ""
            yield f"scsi-{each.type}{vendor}{each.text}"
        number = serial_of(block)
        yield f"scsi-S{_padded(device)}{number}" if number else ""


def _padded(device: Path) -> str:
    """Vendor and model as SCSI has them, in fields of 8 and 16."""
    return f"{text(device / 'vendor'):8}{text(device / 'model'):16}"


def designators(page: bytes) -> list[Designator]:
    """The names of the disk itself on page 83h."""
    found, at = [], 4
    while at + 4 <= len(page):
        length = page[at + 3]
        value = page[at + 4 : at + 4 + length]
        of_disk, kind = not page[at + 1] & 0x30, page[at + 1] & 0x0F
        in_letters = page[at] & 0x0F in {2, 3}
        at += 4 + length
        if of_disk and value and kind in {_NAA, _EUI, _VENDOR, _OTHER}:
            told = value.decode(errors="replace").strip("\0") if in_letters else value.hex()
            found.append(Designator(kind, told))
    return found


def ata_names(page: bytes) -> tuple[str, str]:
    """Model and serial number on page 89h, where SCSI translates for ATA."""
    identify = page[_IDENTIFY : _IDENTIFY + 512]
    if len(identify) < 512:
        return "", ""
    return _swapped(identify[54:94]), _swapped(identify[20:40])


def _swapped(raw_: bytes) -> str:
    """ATA's texts have each two bytes the other way round."""
    turned = bytes(raw_[at ^ 1] for at in range(len(raw_)))
    return turned.decode(errors="replace").strip("\0 ")


def _clean(name: str) -> str:
    """Blanks in a row are one ``_``, what is not safe in a path another."""
    return _UNSAFE.sub("_", re.sub(r"\s+", "_", name.strip()))

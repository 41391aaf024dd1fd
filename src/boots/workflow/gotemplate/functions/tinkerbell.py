"""What Tinkerbell adds to Go and Sprig, and we do."""

from ipaddress import IPv4Address

from boots.documents.hints import NoHint, parse
from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.functions.calling import Native
from boots.workflow.hints import unsettled


def format_partition(disk: str, number: int) -> str:
    """The name of a partition as the kernel (or udev, below /dev/disk) calls it."""
    if disk.startswith("/dev/disk/"):
        return f"{disk}-part{number}"
    return f"{disk}p{number}" if disk[-1:].isdecimal() else f"{disk}{number}"


def _prefix(netmask: str) -> int:
    try:
        bits = int(IPv4Address(netmask))
    except ValueError:
        raise Refused(f'"{netmask[:40]}" is not a netmask', "write it like 255.255.255.0") from None
    prefix = bits.bit_count()
    if bits != (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF:
        raise Refused(f'"{netmask}" is not a netmask', "write it like 255.255.255.0")
    return prefix


def _disk(text: str) -> str:
    """A path that stands for the disk, as long as nobody knows which disks there are."""
    if not text.startswith("/"):
        try:
            return unsettled(parse(text))
        except NoHint as wrong:
            raise Refused(str(wrong), wrong.advice) from None
    return text


DISK = Native("disk", "s", _disk, "the disk that a hint means (ours): size>=100G prefer=smallest")

TABLE = (
    DISK,
    Native(
        "formatPartition", "si", format_partition, "the name of a disk's partition: /dev/nvme0n1p1"
    ),
    Native("netmaskToPrefixLength", "s", _prefix, "24 of 255.255.255.0"),
)

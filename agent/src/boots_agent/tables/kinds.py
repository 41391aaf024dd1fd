"""What partitions are for: names that people give, and what tables have for them.

GUIDs: UEFI 5.3.3, the Discoverable Partitions Specification; bytes of MBRs: as Linux has them.
"""

from collections.abc import Mapping
from typing import NamedTuple

from boots_agent.tables.words import Form


class Kind(NamedTuple):
    """One purpose in both tables."""

    gpt: str
    mbr: str


_LINUX = Kind("0fc63daf-8483-4772-8e79-3d69d8477de4", "83")
_ESP = Kind("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "ef")
_BIOS = Kind("21686148-6449-6e6f-744e-656564454649", "83")  # an MBR needs none: a gap is enough
_SWAP = Kind("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "82")
_LVM = Kind("e6d6d379-f507-44c2-a23c-238f2a3df928", "8e")
_RAID = Kind("a19d880f-05fc-4d3b-a006-743f0f84911e", "fd")
_BASIC = Kind("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "07")

KINDS: Mapping[str, Kind] = {
    "linux": _LINUX,
    "data": _LINUX,
    "efi": _ESP,
    "esp": _ESP,
    "bios": _BIOS,
    "swap": _SWAP,
    "boot": Kind("bc13c2ff-59e6-4262-a352-b275fd6f7172", "ea"),
    "home": Kind("933ac7e1-2eb4-4f13-b844-0e14e2aef915", "83"),
    "srv": Kind("3b8f8425-20e0-4f3b-907f-1a25a76f98e8", "83"),
    "var": Kind("4d21b016-b534-45c2-a9fb-5c16e091fd2d", "83"),
    "lvm": _LVM,
    "raid": _RAID,
    "windows": _BASIC,
    "msr": Kind("e3c9e316-0b5c-4db8-817d-f92df00215ae", "0c"),
    "prep": Kind("9e1a2d38-c612-4316-aa26-8b49521e5a8b", "41"),
}
"""Purposes by the name that a layout has for them."""

_ROOTS: Mapping[str, str] = {
    "x86_64": "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
    "aarch64": "b921b045-1df0-41c3-af44-4c6f280d3fae",
    "riscv64": "72ec70a6-cf74-40e6-bd49-4bda08e8f224",
    "loongarch64": "77055800-792c-4f94-b39a-98c91b762bb6",
    "ppc64le": "c31c45e6-3f39-412e-80fb-4809c4980599",
}

SWAP, ESP, BIOS, LINUX = "swap", "efi", "bios", "linux"

MBR_OF_GPT = "ee"
MBR_EXTENDED = frozenset({"05", "0f", "85"})


def kind_of(name: str, form: Form, machine: str) -> str:
    """What a table has for a purpose; for a name that is none it is a Linux file system.

    Args:
        name: As in `KINDS`, or ``root``.
        form: Which table.
        machine: The CPU as ``uname -m`` has it; a root's GUID says for which it is.
    """
    word = name.lower()
    if form is Form.GPT and word == "root":
        return _ROOTS.get(machine, _LINUX.gpt)
    found = KINDS.get(word, _LINUX)
    return found.gpt if form is Form.GPT else found.mbr


def is_purpose(name: str) -> bool:
    """Whether a name says more than what the partition is called."""
    return name.lower() in KINDS or name.lower() == "root"


def is_kind(value: str, kind: str) -> bool:
    """Whether a partition's type, of whichever table, is this of `KINDS`."""
    return value in KINDS[kind]

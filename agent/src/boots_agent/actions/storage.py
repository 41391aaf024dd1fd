"""What a machine's record says of its disks (``metadata.instance.storage``), read and judged.

Records keep numbers and truths as text at times; old ones have ``wipeTable`` where new ones have
``wipe_table``.  Sizes are in sectors of 512 bytes, whatever the disk's own are.
"""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from boots_agent.actions.context import ActionFailed
from boots_agent.tables.kinds import BIOS, ESP, LINUX, SWAP
from boots_agent.tables.layout import In, Size, Wanted, read_size
from boots_agent.tables.words import TableError

_NAME = re.compile(r"[\w.+][\w.+-]*")  # lvm(8); what begins with a hyphen would be an option
_ARRAY = re.compile(r"/dev/md/?[\w.:-]+")
_SECTOR = 512
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


class DiskWish(NamedTuple):
    """A disk and its partitions; `wipe` is None where nobody says whether old ones may go."""

    device: str
    wipe: bool | None
    partitions: tuple[Wanted, ...]


class FileSystemWish(NamedTuple):
    """A file system: on which device, of which kind, and where it belongs in the system."""

    device: str
    kind: str
    point: str
    options: tuple[str, ...]


class RaidWish(NamedTuple):
    """An array."""

    name: str
    level: str
    devices: tuple[str, ...]
    spares: tuple[str, ...]


class VolumeWish(NamedTuple):
    """A logical volume; its size is as `lvcreate` takes it, or ``0`` for the rest."""

    name: str
    size: str
    options: tuple[str, ...]


class GroupWish(NamedTuple):
    """A volume group."""

    name: str
    devices: tuple[str, ...]
    volumes: tuple[VolumeWish, ...]


class Storage(NamedTuple):
    """All of it."""

    disks: tuple[DiskWish, ...]
    raids: tuple[RaidWish, ...]
    groups: tuple[GroupWish, ...]
    file_systems: tuple[FileSystemWish, ...]


def read_storage(said: Any, *, uefi: bool) -> Storage:
    """A record's storage.

    Args:
        said: As JSON has it.
        uefi: Whether the machine's firmware is: a partition BIOS is the firmware's then.

    Raises:
        ActionFailed: It says nothing, or something that makes no sense.
    """
    content = _mapping(said, "storage")
    found = Storage(
        tuple(_disk(each, uefi) for each in _list(content, "disks")),
        tuple(map(_raid, _list(content, "raid"))),
        tuple(map(_group, _list(content, "volume_groups"))),
        tuple(map(_file_system, _list(content, "filesystems"))),
    )
    if not any(found):
        raise ActionFailed("the record says nothing of storage: no disks, no filesystems")
    return found


def _disk(said: Any, uefi: bool) -> DiskWish:
    content = _mapping(said, "disks")
    device = _text(content, "device", "disks")
    wipe = content.get("wipe_table", content.get("wipeTable"))
    parts = tuple(
        _partition(each, order, device, uefi)
        for order, each in enumerate(_list(content, "partitions"), 1)
    )
    return DiskWish(device, None if wipe is None else _truth(wipe, device), parts)


def _partition(said: Any, order: int, device: str, uefi: bool) -> Wanted:
    where = f"{device}: partition {order}"
    content = _mapping(said, where)
    label = str(content.get("label") or "")
    number = _number(content.get("number") or order, where)
    start = _number(content.get("start") or 0, where)
    kind = str(content.get("type_guid") or content.get("typeGUID") or "") or _purpose(label, uefi)
    size = _size(content.get("size", 0), where)
    return Wanted(label, kind, size, number, start * _SECTOR or None)


def _purpose(label: str, uefi: bool) -> str:
    purposes = {"SWAP": SWAP, "EFI": ESP, "ESP": ESP, "BIOS": ESP if uefi else BIOS}
    return purposes.get(label.upper(), LINUX)


def _size(said: Any, where: str) -> Size:
    text = str(said).strip()
    if text in {"", "0"}:
        return Size(In.REST)
    if text.isdecimal():
        return Size(In.BYTES, Fraction(int(text) * _SECTOR))
    try:
        return read_size(text)
    except TableError as error:
        raise ActionFailed(f"{where}: {error}") from error


def _raid(said: Any) -> RaidWish:
    content = _mapping(said, "raid")
    name = _text(content, "name", "raid")
    path = name if name.startswith("/dev/") else f"/dev/{name.removeprefix('dev/')}"
    if not _ARRAY.fullmatch(path):
        raise ActionFailed(f"storage: raid {name!r} is no name of an array: write md0, or md/root")
    level = str(content.get("level", "")).lower().removeprefix("raid")
    spares = _texts(content, "spare") or _texts(content, "spares")
    return RaidWish(path, level, _devices(content, "devices", name), spares)


def _group(said: Any) -> GroupWish:
    content = _mapping(said, "volume_groups")
    name = _named(content, "volume_groups")
    volumes = tuple(_volume(each, name) for each in _list(content, "logical_volumes"))
    return GroupWish(name, _devices(content, "physical_volumes", name), volumes)


def _volume(said: Any, group: str) -> VolumeWish:
    content = _mapping(said, group)
    options = _texts(content, "opts") or _texts(content, "options")
    name = _named(content, group)
    return VolumeWish(name, str(content.get("size") or 0), options)


def _named(content: Mapping[str, Any], where: str) -> str:
    name = _text(content, "name", where)
    if not _NAME.fullmatch(name):
        raise ActionFailed(f"storage: {where}: {name!r} is no name for LVM")
    return name


def _file_system(said: Any) -> FileSystemWish:
    outer = _mapping(said, "filesystems")
    content = _mapping(outer.get("mount", outer), "filesystems")
    create = content.get("create") or {}
    options = create.get("options") if isinstance(create, Mapping) else None
    return FileSystemWish(
        _text(content, "device", "filesystems"),
        _text(content, "format", "filesystems"),
        str(content.get("point") or ""),
        tuple(map(str, options or ())),
    )


# --- plain values


def _mapping(said: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(said, Mapping):
        raise ActionFailed(f"storage: {where} should be an object, and is {said!r}")
    return said


def _list(content: Mapping[str, Any], key: str) -> Sequence[Any]:
    said = content.get(key) or []
    if not isinstance(said, list | tuple):
        raise ActionFailed(f"storage: {key} should be a list, and is {said!r}")
    return said


def _text(content: Mapping[str, Any], key: str, where: str) -> str:
    said = content.get(key)
    if not said or not isinstance(said, str):
        raise ActionFailed(f"storage: {where} lacks its {key}")
    return said


def _texts(content: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(map(str, _list(content, key)))


def _devices(content: Mapping[str, Any], key: str, name: str) -> tuple[str, ...]:
    found = _texts(content, key)
    if not found:
        raise ActionFailed(f"storage: {name} lacks its {key}")
    return found


def _number(said: Any, where: str) -> int:
    text = str(said)
    if not text.isdecimal():
        raise ActionFailed(f"storage: {where}: {said!r} is no number")
    return int(text)


def _truth(said: Any, where: str) -> bool:
    word = str(said).lower()
    if word not in _TRUE | _FALSE:
        raise ActionFailed(f"storage: {where}: wipe_table is true or false, not {said!r}")
    return word in _TRUE

"""Storage of a record in the short form, as Tinkerbell's rootio and templates know it (CPR)."""

from collections.abc import Mapping
from typing import Any

from boots.documents.hints import written
from boots.documents.layouts import Partition, parse
from boots.workflow.gotemplate.functions.tinkerbell import format_partition
from boots.workflow.hints import stand_ins

_SECTOR = 512  # what rootio counts in, whatever the disk


def as_cpr(storage: Any) -> Any:
    """A list of disks with layouts as a mapping of disks and file systems; a mapping as it is.

    Raises:
        NoHint: a disk is neither a path nor a hint.
        NoLayout: a layout is none.
    """
    if not isinstance(storage, list):
        return storage
    entries = [each for each in storage if isinstance(each, Mapping)]
    named = [_name(each.get("disk")) for each in entries]
    disks, file_systems = [], []
    for entry, name, stand_in in zip(entries, named, stand_ins(named), strict=True):
        partitions = parse(_layout(entry.get("layout")))
        disk: dict[str, Any] = {
            "device": name,
            "partitions": [
                {"label": each.name.upper(), "number": number, "size": each.size // _SECTOR}
                for number, each in enumerate(partitions, 1)
            ],
        }
        if entry.get("wipe") not in {None, ""}:  # nothing said is another thing than false
            disk["wipe_table"] = str(entry["wipe"]).lower() in {"true", "yes", "on", "y"}
        disks.append(disk)
        file_systems += [
            _mounted(each, format_partition(stand_in, number))
            for number, each in enumerate(partitions, 1)
            if each.file_system
        ]
    return {"disks": disks, "filesystems": file_systems}


def _name(disk: Any) -> str:
    return written(disk) if isinstance(disk, Mapping) else str(disk or "")


def _layout(layout: Any) -> str:
    return ", ".join(map(str, layout)) if isinstance(layout, list) else str(layout or "")


def _mounted(partition: Partition, device: str) -> dict[str, Any]:
    label = ["-n" if partition.file_system == "vfat" else "-L", partition.name.upper()]
    return {
        "mount": {
            "device": device,
            "format": partition.file_system,
            "point": partition.point or "none",
            "create": {"options": label},
        }
    }

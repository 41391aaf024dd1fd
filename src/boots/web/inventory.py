"""What a machine is made of, as tables.  It is what a machine said: anything may be missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boots.web.looks import size


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts; without `headings` the first cell of each row is its heading."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


_TOO_MANY = 1 << 63
_DISKS = ("disk", "size", "model", "serial", "WWN", "by", "kind", "holds")
_NICS = ("interface", "MAC", "driver", "link", "at", "switch", "port", "")


def tables(inventory: Any) -> tuple[Table, ...]:
    """The tables that have something in them."""
    told = _mapping(inventory)
    disks = [_disk(each) for each in _rows(told, "disks")]
    nics = [_nic(each) for each in _rows(told, "nics")]
    found = (
        Table("Machine", (), tuple(row for row in _machine(told) if row[1])),
        Table("Disks", _DISKS, tuple(disks)),
        Table("Interfaces", _NICS, tuple(nics)),
    )
    return tuple(table for table in found if table.rows)


def _machine(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    system, cpu = _mapping(told.get("system")), _mapping(told.get("cpu"))
    secure = _either(told.get("secure_boot"), "on", "off")
    return [
        ("made by", _together(system.get("manufacturer"), system.get("product"))),
        ("serial number", _text(system.get("serial"))),
        ("UUID", _text(system.get("uuid"))),
        ("CPU", " ".join(_text(cpu.get("model")).split())),
        ("cores", _cores(cpu)),
        ("memory", _bytes(_mapping(told.get("memory")).get("bytes"))),
        (
            "firmware",
            _together(
                _text(told.get("firmware")).upper(),
                system.get("bios_vendor"),
                system.get("bios_version"),
            ),
        ),
        ("Secure Boot", secure),
        ("architecture", _text(told.get("architecture"))),
        ("OSIE", _together(told.get("osie"), told.get("kernel"))),
    ]


def _cores(cpu: Mapping[str, Any]) -> str:
    told = [
        f"{count} {word}"
        for key, word in (("sockets", "sockets"), ("cores", "cores"), ("count", "threads"))
        if (count := _number(cpu.get(key)))
    ]
    return ", ".join(told)


def _disk(disk: Mapping[str, Any]) -> tuple[str, ...]:
    spins = _either(disk.get("rotational"), "rotating", "solid state")
    partitions = _number(disk.get("partitions"))
    holds = _text(disk.get("content"))
    if partitions:
        holds += f", {partitions} partitions"
    return (
        _text(disk.get("name")),
        _bytes(disk.get("bytes")),
        _text(disk.get("model")),
        _text(disk.get("serial")),
        _text(disk.get("wwn")),
        _text(disk.get("transport")),
        spins + (", read only" if disk.get("read_only") is True else ""),
        holds,
    )


def _nic(nic: Mapping[str, Any]) -> tuple[str, ...]:
    speed = _number(nic.get("speed_mbps"))
    lldp = _mapping(nic.get("lldp"))
    return (
        _text(nic.get("name")),
        _text(nic.get("mac")),
        _text(nic.get("driver")),
        _either(nic.get("link"), "up", "down"),
        f"{speed / 1000:g} Gbit/s" if speed > 0 else "",
        _text(lldp.get("switch")),
        _together(lldp.get("port"), lldp.get("port_description")),
        "it booted from this" if nic.get("boot") is True else "",
    )


def _either(value: object, yes: str, no: str) -> str:
    return (yes if value else no) if isinstance(value, bool) else ""


def _bytes(value: object) -> str:
    count = _number(value)
    return size(count) if count > 0 else ""


def _number(value: object) -> int:
    """A count of anything; 0 for what is none, or more than there can be of anything."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _TOO_MANY
    return value if is_number else 0  # type: ignore[return-value]


def _text(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and not _number(value):
        return "0" if value == 0 else ""  # to write thousands of digits is refused by Python
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _together(*parts: object) -> str:
    return ", ".join(text for part in parts if (text := _text(part)))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _rows(told: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    value = told.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []

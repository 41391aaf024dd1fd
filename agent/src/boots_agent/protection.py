"""Disks that the machine's record keeps from every workflow, by what the kernel says of them.

The server has judged them by what the machine once told; here it is the disk itself, at the moment
before it would be written, and the record as it is by now.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from boots_agent.disks import model_of, serial_of, transport_of, wwn_of
from boots_agent.facts import number, text

_SECTOR = 512  # the unit of /sys/block/*/size
_WWN = re.compile(r"(?:naa\.|wwn-0x|0x|3)?([0-9a-f]{16}|[0-9a-f]{32})")


class Facts(NamedTuple):
    """What hints may ask of a disk; empty where it does not say."""

    size: int = 0
    rotational: bool = False
    transport: str = ""
    model: str = ""
    serial: str = ""
    wwn: str = ""


def facts_of(block: Path) -> Facts:
    """Of a disk, for its directory below ``/sys``."""
    return Facts(
        size=(number(block / "size") or 0) * _SECTOR,
        rotational=text(block / "queue/rotational") == "1",
        transport=transport_of(block) or "",
        model=model_of(block) or "",
        serial=serial_of(block) or "",
        wwn=wwn_of(block) or "",
    )


def kept_by(protected: object, disk: Facts) -> str:
    """The hint that keeps a disk, in words; empty where none does.

    What makes no sense here keeps every disk: a newer server may ask what this agent cannot.
    """
    if not isinstance(protected, list):
        return "" if protected is None else "in words that this OSIE does not know"
    for each in protected:
        try:
            if all(_is_so(condition, disk) for condition in each["conditions"]):
                return str(each["hint"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return f"in words that this OSIE does not know ({each!r})"
    return ""


def _is_so(condition: Mapping[str, Any], disk: Facts) -> bool:
    asks = _FIELDS[condition["field"]]
    return asks(disk, str(condition["relation"]), str(condition["value"]), int(condition["bound"]))


def _size(disk: Facts, relation: str, _: str, bound: int) -> bool:
    return {
        ">=": disk.size >= bound,
        "<=": disk.size <= bound,
        ">": disk.size > bound,
        "<": disk.size < bound,
        "=": disk.size == bound,
    }[relation]


def _rotational(disk: Facts, _: str, value: str, __: int) -> bool:
    return disk.rotational is (value == "true")


def _transport(disk: Facts, relation: str, value: str, _: int) -> bool:
    return (disk.transport == value) is (relation == "=")


def _model(disk: Facts, relation: str, value: str, _: int) -> bool:
    if relation == "~":
        return value.lower() in disk.model.lower()
    return (disk.model == value) is (relation == "=")


def _serial(disk: Facts, _: str, value: str, __: int) -> bool:
    same_serial = bool(disk.serial) and value == disk.serial
    return same_serial or (bool(disk.wwn) and _plain(value) == _plain(disk.wwn))


def _wwn(disk: Facts, relation: str, value: str, bound: int) -> bool:
    return bool(disk.wwn) and _serial(disk, relation, value, bound)


def _plain(name: str) -> str:
    """A WWN however it is written; other names in small."""
    found = _WWN.fullmatch(name.lower())
    return found[1] if found else name.lower()


_FIELDS: Mapping[str, Callable[[Facts, str, str, int], bool]] = MappingProxyType(
    {
        "size": _size,
        "rotational": _rotational,
        "transport": _transport,
        "model": _model,
        "serial": _serial,
        "wwn": _wwn,
    }
)

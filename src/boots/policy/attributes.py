"""What rules may ask of a machine: its inventory, flat, and safe to name.

Inventories come from the network, from whoever says to be a machine: whatever is missing or is
not what it should be is empty here, texts are short and of one line, lists have an end.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from boots.model import mac as macs
from boots.model.mac import Mac, dashed

_LONGEST = 256  # characters of a text
_MOST = 64  # disks, and NICs
_MOST_BYTES = 1 << 60
# What firmware says in place of what nobody filled in.
_NOTHING = re.compile(
    r"to be filled.*|default string|system (serial|product|manufacturer|version).*|not (specified|"
    r"applicable|available)|none|null|unknown|n/?a|o\.?e\.?m\.?|empty|[0.x-]*|0?123456789a?",
    re.IGNORECASE,
)
# A network over USB leads to the machine's own BMC, and may have the same MAC in all machines.
_OF_BMC = {"cdc_eem", "cdc_ether", "cdc_ncm", "cdc_subset", "rndis_host"}


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk that a system may be installed on."""

    name: str
    path: str
    bytes: int
    model: str
    serial: str
    transport: str
    rotational: bool


@dataclass(frozen=True, slots=True)
class Plugged:
    """What the switch at one NIC says; `vlan` is 0 where it says none."""

    nic: Mac
    switch: str
    chassis: str
    port: str
    port_description: str
    vlan: int


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is known of one machine; what is not known is empty, 0 or None.

    `told` is whether it has told what it is made of at all.
    `mac` is the NIC that boots, and the first of `macs`.  `memory` is what is plugged in, in
    bytes (see `plugged_in`).  `address` is the one it has now, `prefix` that of its network, 0
    where none is known.
    """

    mac: Mac
    macs: tuple[Mac, ...]
    told: bool = False
    manufacturer: str = ""
    product: str = ""
    serial: str = ""
    uuid: str = ""
    cpu: str = ""
    cpu_model: str = ""
    cpus: int = 0
    memory: int = 0
    firmware: str = ""
    secure_boot: bool | None = None
    disks: tuple[Disk, ...] = ()
    plugged: tuple[Plugged, ...] = ()
    address: IPv4Address | None = None
    prefix: int = 0

    @property
    def largest_disk(self) -> int:
        """The bytes of the largest disk."""
        return max((disk.bytes for disk in self.disks), default=0)


def attributes(
    inventory: Any, mac: Mac, address: IPv4Address | None = None, prefix: int = 0
) -> Attributes:
    """Flatten an inventory, or whatever came in its place; `mac` is the NIC that booted."""
    nics = [nic for nic in _mappings(inventory, "nics") if _text(nic, "driver") not in _OF_BMC]
    found = {own: nic for nic in nics if (own := _mac(nic)) is not None}
    others = sorted(own for own in found if own != mac)
    in_order = [own for own in (mac, *others) if own in found]
    system, cpu = _mapping(inventory, "system"), _mapping(inventory, "cpu")
    return Attributes(
        mac=mac,
        macs=(mac, *others),
        told=isinstance(inventory, dict),
        manufacturer=_filled_in(system, "manufacturer"),
        product=_filled_in(system, "product"),
        serial=_filled_in(system, "serial"),
        uuid=_filled_in(system, "uuid").lower(),
        cpu=_text(_whole(inventory), "architecture"),
        cpu_model=_text(cpu, "model"),
        cpus=_number(cpu, "count"),
        memory=plugged_in(_number(_mapping(inventory, "memory"), "bytes")),
        firmware=_text(_whole(inventory), "firmware"),
        secure_boot=_truth(_whole(inventory), "secure_boot"),
        disks=tuple(_disks(inventory)),
        plugged=tuple(
            _plugged(own, found[own]) for own in in_order if _mapping(found[own], "lldp")
        ),
        address=address,
        prefix=prefix,
    )


def plugged_in(given: int) -> int:
    """How much memory is plugged in where an OS is given so much: the firmware and it take some.

    Rounded up to the next eighth of the power of two below: 62.5 GiB are 64, and 94 are 96.
    """
    step = max(1, (1 << given.bit_length()) >> 4)
    return -(-given // step) * step


def variables(known: Attributes, plugged: Plugged | None) -> dict[str, Any]:
    """What templates of a rule may name; ``docs/reference/enrol.md`` explains each.

    `plugged` is the NIC that the rule is about, None where no switch was heard.
    """
    whole = known.address is not None and known.prefix
    return {
        "mac": known.mac,
        "dashed": dashed(known.mac),
        "macs": list(known.macs),
        "manufacturer": known.manufacturer,
        "product": known.product,
        "serial": known.serial,
        "uuid": known.uuid,
        "cpu": known.cpu,
        "cpu_model": known.cpu_model,
        "cpus": known.cpus,
        "memory": known.memory,
        "firmware": known.firmware,
        "secure_boot": known.secure_boot,
        "disks": [
            {name: getattr(disk, name) for name in Disk.__dataclass_fields__}
            for disk in known.disks
        ],
        "switch": plugged.switch if plugged else "",
        "chassis": plugged.chassis if plugged else "",
        "port": plugged.port if plugged else "",
        "port_description": plugged.port_description if plugged else "",
        "vlan": plugged.vlan or "" if plugged else "",
        "address": f"{known.address}/{known.prefix}" if whole else "",
        "ip": str(known.address or ""),
    }


OF_SWITCH = frozenset({"switch", "chassis", "port", "port_description", "vlan"})
"""Those of them that a switch tells."""

NAMES = frozenset(variables(Attributes(mac=Mac(""), macs=()), None))
"""The names of `variables`."""


def _disks(inventory: Any) -> Iterator[Disk]:
    """Those that a system could be on: no sticks, which BMCs make up, too, and nothing empty."""
    for disk in _mappings(inventory, "disks"):
        size, transport = _number(disk, "bytes"), _text(disk, "transport")
        if size and transport != "usb" and not _truth(disk, "read_only"):
            yield Disk(
                name=_text(disk, "name"),
                path=_text(disk, "path"),
                bytes=size,
                model=_text(disk, "model"),
                serial=_text(disk, "serial"),
                transport=transport,
                rotational=bool(_truth(disk, "rotational")),
            )


def _plugged(own: Mac, nic: Mapping[str, Any]) -> Plugged:
    said = _mapping(nic, "lldp")
    return Plugged(
        nic=own,
        switch=_text(said, "switch"),
        chassis=_text(said, "chassis"),
        port=_text(said, "port"),
        port_description=_text(said, "port_description"),
        vlan=_number(said, "vlan"),
    )


def _mac(nic: Mapping[str, Any]) -> Mac | None:
    """The MAC of a NIC, if it is one that a NIC can have."""
    found = macs.parse(_text(nic, "mac"))
    return found if found and not int(found[1], 16) & 1 and found.strip("0:") else None


# --- whatever somebody sent


def _whole(inventory: Any) -> Mapping[str, Any]:
    return inventory if isinstance(inventory, dict) else {}


def _mapping(value: Any, key: str) -> Mapping[str, Any]:
    return _whole(_whole(value).get(key))


def _mappings(value: Any, key: str) -> list[Mapping[str, Any]]:
    found = _whole(value).get(key)
    entries = found[:_MOST] if isinstance(found, list) else []
    return [each for each in entries if isinstance(each, dict)]


def _text(value: Mapping[str, Any], key: str) -> str:
    """A short text of one line, without what would begin a template if it were read as one."""
    found = value.get(key)
    if not isinstance(found, str):
        return ""
    plain = "".join(letter for letter in found[:_LONGEST] if letter.isprintable())
    return re.sub("[{}]", "?", plain).strip()


def _filled_in(value: Mapping[str, Any], key: str) -> str:
    found = _text(value, key)
    return "" if _NOTHING.fullmatch(found) else found


def _number(value: Mapping[str, Any], key: str) -> int:
    found = value.get(key)
    fit = isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= _MOST_BYTES
    return found if fit and isinstance(found, int) else 0


def _truth(value: Mapping[str, Any], key: str) -> bool | None:
    found = value.get(key)
    return found if isinstance(found, bool) else None

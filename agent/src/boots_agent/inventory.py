"""What the machine is made of, from ``/proc`` and ``/sys``; the contract with the server.

The result is plain JSON.  Whatever the machine does not tell is null or empty, never an error.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from boots_agent.disks import disks
from boots_agent.facts import boot_mac, kernel_arguments, names, number, raw, release, text
from boots_agent.lldp import Neighbour

VERSION = 1
_PCI = re.compile(r"/([0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])(?=/|$)")
_SECURE_BOOT = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_DMI = {
    "manufacturer": "sys_vendor",
    "product": "product_name",
    "serial": "product_serial",
    "uuid": "product_uuid",
    "bios_vendor": "bios_vendor",
    "bios_version": "bios_version",
}


_NOBODY: Mapping[str, Neighbour] = MappingProxyType({})


def collect(
    root: Path, architecture: str, heard: Mapping[str, Neighbour] = _NOBODY
) -> dict[str, object]:
    """The whole inventory; `architecture` is as ``uname -m`` tells it.

    `heard` is who is at the other end of the NICs' cables, by their names.
    """
    variables = release(root)
    return {
        "version": VERSION,
        "architecture": architecture,
        "firmware": "uefi" if (root / "sys/firmware/efi").exists() else "bios",
        "secure_boot": secure_boot(root),
        "cpu": cpu(root),
        "memory": {"bytes": memory(root)},
        "disks": disks(root),
        "nics": nics(root, boot_mac(kernel_arguments(root)), heard),
        "system": {key: text(root / "sys/class/dmi/id" / name) for key, name in _DMI.items()},
        "kernel": text(root / "proc/sys/kernel/osrelease"),
        "osie": " ".join(
            variables[key] for key in ("VERSION_ID", "VARIANT_ID") if key in variables
        ),
    }


def secure_boot(root: Path) -> bool | None:
    """Whether the firmware enforces signatures; None when it does not say."""
    variable = raw(root / "sys/firmware/efi/efivars" / _SECURE_BOOT)
    # Four bytes of attributes, then the value.
    return variable[4] == 1 if len(variable) == 5 else None


def cpu(root: Path) -> dict[str, object]:
    """Model, logical processors, cores and sockets."""
    processors = [_fields(block) for block in text(root / "proc/cpuinfo").split("\n\n")]
    processors = [fields for fields in processors if "processor" in fields]
    sockets = {fields.get("physical id", "0") for fields in processors}
    cores = {
        (fields.get("physical id", "0"), fields.get("core id", fields["processor"]))
        for fields in processors
    }
    return {
        "model": processors[0].get("model name", "") if processors else "",
        "count": len(processors),
        "cores": len(cores),
        "sockets": len(sockets),
    }


def memory(root: Path) -> int:
    """What the kernel has to give, in bytes: a little less than what is plugged in."""
    words = _fields(text(root / "proc/meminfo")).get("MemTotal", "0").split()
    return int(words[0]) * 1024 if words and words[0].isdecimal() else 0


def nics(
    root: Path, boot: str, heard: Mapping[str, Neighbour] = _NOBODY
) -> list[dict[str, object]]:
    """Every network interface with a device behind it; `boot` is the boot interface's MAC."""
    network = root / "sys/class/net"
    found = [network / name for name in names(network)]
    return [_nic(path, boot, heard.get(path.name)) for path in found if (path / "device").exists()]


def _nic(path: Path, boot: str, neighbour: Neighbour | None) -> dict[str, object]:
    mac = text(path / "address").lower()
    speed = number(path / "speed")  # refused or -1 while there is no link
    device = (path / "device").resolve()
    slots = _PCI.findall(str(device))
    driver = path / "device/driver"
    return {
        "name": path.name,
        "mac": mac,
        "driver": driver.resolve().name if driver.exists() else None,
        "link": text(path / "carrier") == "1",
        "speed_mbps": speed if speed is not None and speed > 0 else None,
        "boot": bool(mac) and mac == boot,
        "pci": slots[-1] if slots else None,
        "lldp": neighbour.told() if neighbour else None,
    }


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}

"""The inventory in one line for people."""

from typing import Any


def summary(inventory: dict[str, Any]) -> str:
    """``1 CPU, 488 MiB, 1 disk (vda 1.0 GiB), 1 NIC``."""
    disks = inventory["disks"]
    sizes = ", ".join(f"{disk['name']} {size_text(disk['bytes'])}" for disk in disks)
    return ", ".join(
        (
            count_text(inventory["cpu"]["count"], "CPU"),
            size_text(inventory["memory"]["bytes"]),
            count_text(len(disks), "disk") + (f" ({sizes})" if sizes else ""),
            count_text(len(inventory["nics"]), "NIC") + _places(inventory["nics"]),
        )
    )


def _places(nics: list[dict[str, Any]]) -> str:
    """`` (eth0 at leaf1 Ethernet1/7)``: the switches that were heard."""
    heard = [(nic["name"], nic["lldp"]) for nic in nics if nic.get("lldp")]
    told = [f"{name} at {at['switch'] or at['chassis']} {at['port']}" for name, at in heard]
    return f" ({', '.join(told)})" if told else ""


def size_text(size: int) -> str:
    """A size in the largest binary unit that it fills: ``488 MiB``, ``1.0 GiB``."""
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB" if value < 1024 else f"{value / 1024:.1f} TiB"


def count_text(number: int, thing: str) -> str:
    """``1 disk``, ``2 disks``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"

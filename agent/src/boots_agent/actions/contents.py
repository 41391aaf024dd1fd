"""What a file says that an action makes out of what the server knows of the machine.

The forms are those that EKS Anywhere's templates ask of their ``writefile``.  Pure.
"""

import ipaddress
import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from boots_agent.actions.context import ActionFailed
from boots_agent.actions.yaml import dumped

_MAGIC = b"#BOOTCONFIG\n"
_NAMED = 15  # letters that Linux takes for an interface


def netplan(machine: Mapping[str, Any]) -> bytes:
    """The machine's addresses as netplan reads them; interfaces are known by their MACs."""
    return dumped({"network": _network(machine)}).encode()


def bottlerocket(machine: Mapping[str, Any], name: str) -> bytes:
    """The addresses of the machine's first interface as Bottlerocket's ``net.toml`` has them.

    Version 2 is the oldest with static addresses; name servers belong to the user data there.

    Raises:
        ActionFailed: There is no such interface, or its name is none.
    """
    if not name or len(name) > _NAMED or set(name) & set('./"\\\n\t ]['):
        raise ActionFailed(f"IFNAME must be the name of an interface, like eno1; it is {name!r}")
    nics = list(_network(machine)["ethernets"].values())
    if not nics:
        raise ActionFailed("the machine's record has no interface")
    return "".join(f"{line}\n" for line in _toml(nics[0], f'"{name}"')).encode()


def bootconfig(text: str) -> bytes:
    """An initrd that holds nothing but a boot configuration (Linux: admin-guide/bootconfig)."""
    content = text.encode() + b"\0"
    content += bytes(-len(content) % 4)
    return content + struct.pack("<II", len(content), sum(content) & 0xFFFFFFFF) + _MAGIC


def user_data(machine: Mapping[str, Any]) -> bytes:
    """The machine's user data: what a metadata service would be asked for is at hand.

    Raises:
        ActionFailed: Its record has none.
    """
    said = machine.get("user_data") or ""
    if not said:
        raise ActionFailed(f"the record of {machine.get('name')} has no user data")
    return str(said).encode()


def _network(machine: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(machine.get("network_config") or "")
    except ValueError:
        raise ActionFailed("the server tells no network configuration of this machine") from None
    if not isinstance(found, dict) or not isinstance(found.get("ethernets"), dict):
        raise ActionFailed("the network configuration of this machine has no interfaces")
    return found


def _toml(nic: Mapping[str, Any], name: str) -> Iterator[str]:
    yield "version = 2"
    yield ""
    addresses = [str(each) for each in nic.get("addresses", ())]
    yield f"[{name}]"
    yield "primary = true"
    if not addresses:
        yield "dhcp4 = true"
        return
    for version in (4, 6):
        own = [each for each in addresses if ipaddress.ip_interface(each).version == version]
        if own:
            yield f"[{name}.static{version}]"
            yield f"addresses = {json.dumps(own)}"
    for route in nic.get("routes", ()):
        to = str(route["to"])
        yield f"[[{name}.route]]"
        yield f"to = {json.dumps('default' if to in {'0.0.0.0/0', '::/0'} else to)}"
        yield f"via = {json.dumps(str(route['via']))}"

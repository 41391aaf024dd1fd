"""Metadata: what the system that runs next may ask about its machine, as cloud-init reads it.

Three trees hold the same facts: EC2's of 2009-04-04 with the names that Tinkerbell's Hegel and
Tootles gave it, NoCloud's four files, and ``metadata``, the JSON that Tinkerbell's disk actions
read.  They are for machines with a record, whether netboot is on or off: an installed system reads
them at every start.  Who asks must be known by a token or an address, never by a MAC it names.
"""

import json
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import msgspec

from boots.model.machine import Interface, Known, Machine
from boots.model.site import Site
from boots.policy.as_yaml import as_yaml
from boots.policy.got import Ground, Refusal, Rendered

SOURCE = "metadata"
_VERSIONS = ("2009-04-04", "latest")
_NOCLOUD = "nocloud"
_WHOLE = "metadata"
PHONE_HOME = "phone-home"
"""What the installed system posts to when it is up."""

_TOPS = {*_VERSIONS, _NOCLOUD, _WHOLE, PHONE_HOME}
_BY_ID = "tootles/instanceID/"
_JSON = "application/json"

# Numbers and truths of Tinkerbell's storage, which YAML's reader left as text.
_NUMBERS = {"number", "size", "start", "mode", "uid", "gid"}
_TRUTHS = {"wipe_table", "force"}


def is_name(name: str) -> bool:
    """Whether a name is one of metadata."""
    return name.startswith(_BY_ID) or name.partition("/")[0] in _TOPS


def give(name: str, known: Known | None, site: Site) -> Rendered | Refusal:
    """What the machine `known` gets for a name of metadata.

    `known` is the machine by its token or by its address.
    """
    if not site.token_key:
        return Refusal(Ground.MISSING, "metadata is off")
    if known is None or known.stranger:
        return Refusal(Ground.STRANGER, "neither a token nor its address says whose metadata")
    machine = known.machine
    plain = _without_id(name, machine)
    if plain is None:
        return Refusal(Ground.FORBIDDEN, "the instance is another machine's; use its token's URL")
    top, _, rest = plain.partition("/")
    if top in _VERSIONS:
        made = _listed(_ec2(machine), rest)
    elif top == _NOCLOUD:
        made = _listed(_nocloud(machine), rest)
    else:
        wanted = plain == _WHOLE
        made = json.dumps(_whole(machine), ensure_ascii=False) if wanted else None
    if made is None:
        return Refusal(Ground.MISSING, f'there is no metadata "{plain}"')
    media = _JSON if top == _WHOLE else "text/plain; charset=utf-8"
    return Rendered(name, made.encode(), SOURCE, media)


def _without_id(name: str, machine: Machine) -> str | None:
    """The name without Tootles' ``tootles/instanceID/ID``; None if the ID is not the machine's."""
    if not name.startswith(_BY_ID):
        return name
    own, _, rest = name.removeprefix(_BY_ID).partition("/")
    return rest if own.lower() == instance_id(machine).lower() else None


Tree = Mapping[str, "str | Tree"]


def _listed(tree: Tree, path: str) -> str | None:
    """What stands at a path of a tree: a text, or the names in a folder, those of folders with /.

    None if there is nothing.
    """
    found: str | Tree = tree
    for part in filter(None, path.split("/")):
        if isinstance(found, str) or part not in found:
            return None
        found = found[part]
    if isinstance(found, str):
        return found
    return "\n".join(
        name if isinstance(each, str) else f"{name}/" for name, each in sorted(found.items())
    )


# --- EC2


def _ec2(machine: Machine) -> Tree:
    instance = _instance(machine)
    system = _mapping(instance, "operating_system")
    host = host_name(machine)
    tree: dict[str, str | Tree] = {
        "instance-id": instance_id(machine),
        "hostname": host,
        "local-hostname": host,
        "iqn": _text(instance, "iqn"),
        "plan": machine.metadata.plan,
        "facility": machine.facility,
        "tags": "\n".join(machine.metadata.tags),
        # Plain lines, as with Tootles; cloud-init reads them so, too.
        "public-keys": "\n".join(machine.metadata.ssh_keys),
        "operating-system": {
            **{name: _text(system, name) for name in ("slug", "distro", "version", "image_tag")},
            "license_activation": {"state": _text(_mapping(system, "license_activation"), "state")},
        },
        **_addresses(machine, instance),
    }
    return {"meta-data": tree, "user-data": machine.metadata.user_data}


def _addresses(machine: Machine, instance: Mapping[str, Any]) -> dict[str, str]:
    """The first public and private addresses: those of the record's list, else the reserved."""
    listed = instance.get("ips")
    entries = listed if isinstance(listed, list) else []
    texts = [_text(each, "address") for each in entries if isinstance(each, dict)]
    reserved = [each.reservation.address for each in machine.interfaces if each.reservation]
    found: list[IPv4Address | IPv6Address] = []
    for text in texts:
        try:
            found.append(ip_address(text))
        except ValueError:
            continue
    found = found or [*reserved]
    public = [each for each in found if each.version == 4 and not each.is_private]
    private = [each for each in found if each.version == 4 and each.is_private]
    six = [each for each in found if each.version == 6]
    kinds = (("public-ipv4", public), ("local-ipv4", private), ("public-ipv6", six))
    return {name: str(each[0]) if each else "" for name, each in kinds}


# --- NoCloud


def seed(machine: Machine) -> Mapping[str, str]:
    """NoCloud's four files."""
    return {name: text for name, text in _nocloud(machine).items() if isinstance(text, str)}


def _nocloud(machine: Machine) -> Tree:
    return {
        "meta-data": _yaml(_about(machine)),
        "user-data": machine.metadata.user_data,
        "vendor-data": machine.metadata.vendor_data,
        "network-config": _yaml(_network_config(machine)),
    }


def _about(machine: Machine) -> dict[str, Any]:
    found: dict[str, Any] = {"instance-id": instance_id(machine)}
    if host_name(machine):
        found["local-hostname"] = host_name(machine)
    if machine.metadata.ssh_keys:
        found["public-keys"] = list(machine.metadata.ssh_keys)
    return found


def _network_config(machine: Machine) -> dict[str, Any]:
    """Network configuration version 2; interfaces are known by their MACs."""
    return {
        "version": 2,
        "ethernets": {
            f"nic{number}": _ethernet(each) for number, each in enumerate(machine.interfaces)
        },
    }


def _ethernet(interface: Interface) -> dict[str, Any]:
    found: dict[str, Any] = {"match": {"macaddress": interface.mac}}
    own = interface.reservation
    if own is None:
        return {**found, "dhcp4": interface.dhcp, "optional": True}
    found["addresses"] = [f"{own.address}/{own.prefix}"]
    routes = [{"to": str(each.network), "via": str(each.router)} for each in own.routes]
    if own.gateway is not None:
        # Not "default": cloud-init of 2022 does not know that word.
        routes.append({"to": "0.0.0.0/0", "via": str(own.gateway)})
    if routes:
        found["routes"] = routes
    names = {
        "addresses": [str(each) for each in own.name_servers],
        "search": list(own.search) or ([own.domain] if own.domain else []),
    }
    servers = {key: value for key, value in names.items() if value}
    if servers:
        found["nameservers"] = servers
    return found


def _yaml(value: Mapping[str, Any]) -> str:
    """With a line for each thing."""
    return as_yaml(value, indent=2) + "\n"


# --- the JSON of Hegel and Tootles


def _whole(machine: Machine) -> dict[str, Any]:
    """The record's metadata under Tinkerbell's names, whatever form the record has."""
    written = _record_metadata(machine)
    instance = {
        "id": instance_id(machine),
        "hostname": host_name(machine),
        "ssh_keys": list(machine.metadata.ssh_keys),
        "tags": list(machine.metadata.tags),
        "userdata": machine.metadata.user_data,
        **_instance(machine),
    }
    if "storage" in instance:
        instance["storage"] = _typed(instance["storage"])
    return {"id": instance_id(machine), "metadata": {**written, "instance": instance}}


def _typed(value: Any, key: str = "") -> Any:
    """Storage with numbers where Tinkerbell's readers want numbers."""
    if isinstance(value, dict):
        return {name: _typed(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_typed(each) for each in value]
    if key in _NUMBERS and isinstance(value, str) and value.isdecimal():
        return int(value)
    if key in _TRUTHS and isinstance(value, str):
        return value.lower() in {"true", "yes", "on"}
    return value


# --- facts


def instance_id(machine: Machine) -> str:
    """What cloud-init knows the machine by: its record's word, else its first MAC.

    It must not change while the system lives, as a name may.
    """
    return machine.metadata.instance_id or machine.interfaces[0].mac


def host_name(machine: Machine) -> str:
    """The host name: that of the record's instance, else that of the first reservation."""
    named = _text(_instance(machine), "hostname")
    reserved = [each.reservation.host_name for each in machine.interfaces if each.reservation]
    return named or next(filter(None, reserved), "")


def _record_metadata(machine: Machine) -> Mapping[str, Any]:
    """``metadata`` of Tinkerbell's records; of Hardware it is in the spec."""
    record = msgspec.json.decode(bytes(machine.record) or b"{}")
    if not isinstance(record, dict):
        return {}
    return _mapping(_mapping(record, "spec") if "spec" in record else record, "metadata")


def _instance(machine: Machine) -> Mapping[str, Any]:
    return _mapping(_record_metadata(machine), "instance")


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return "" if found is None or isinstance(found, dict | list) else str(found)

"""What templates see of a machine: Tinkerbell's Hardware, whatever form its record has.

``.Hardware`` has the names of Go's fields, and what is not given is empty; ``.hardware`` is the
object as Kubernetes has it, without what is not given.  Records keep scalars as they were
written: the shapes below say which are numbers and booleans.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from boots.documents.hints import Hint, parse, written
from boots.model.machine import Interface, Machine, Reservation, Route
from boots.workflow.shapes import SPEC
from boots.workflow.storage import as_cpr

_ONE_OF = {"true": True, "yes": True, "on": True, "y": True}
_OLD_NAMES = {
    "allow_pxe": "allowPXE",
    "allow_workflow": "allowWorkflow",
    "base_url": "baseURL",
    "disable_dhcp": "disableDhcp",
}


def as_object(machine: Machine) -> dict[str, Any]:
    """A machine as a Hardware object, with the names of JSON."""
    record = _record(machine)
    meta: dict[str, Any] = {}
    if isinstance(record.get("spec"), dict) and "kind" in record:
        spec = record["spec"]
        meta = record["metadata"] if isinstance(record.get("metadata"), dict) else {}
    elif isinstance(record.get("network"), dict):
        spec = _of_2020(record)
    else:
        spec = _spec(machine, record)
    found: dict[str, Any] = {
        "apiVersion": "tinkerbell.org/v1alpha1",
        "kind": "Hardware",
        "metadata": {"name": machine.name, **meta},
        "spec": _typed(spec, SPEC),
    }
    if isinstance(record.get("status"), dict):
        found["status"] = record["status"]
    return found


def in_go(hardware: Mapping[str, Any]) -> dict[str, Any]:
    """The ``spec`` of a Hardware object with the names of Go's fields."""
    spec = hardware["spec"]
    found: dict[str, Any] = _named(spec, SPEC)
    found["Disks"] = [each.get("device", "") for each in spec.get("disks", ())]
    return found


def protected(machine: Machine) -> tuple[Hint, ...]:
    """The disks that a record keeps from every workflow."""
    given = _record(machine).get("protect")
    entries = given if isinstance(given, list) else [given]
    texts = [written(each) if isinstance(each, dict) else each for each in entries]
    return tuple(parse(each) for each in texts if isinstance(each, str) and each)


def storage_of(hardware: Mapping[str, Any]) -> Any:
    """What the record says of disks, partitions and file systems; None where it says nothing."""
    value: Any = hardware
    for step in ("spec", "metadata", "instance", "storage"):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _record(machine: Machine) -> dict[str, Any]:
    record = msgspec.json.decode(bytes(machine.record) or b"{}")
    return record if isinstance(record, dict) else {}


# --- kinds and names


def _typed(value: Any, shape: Any) -> Any:
    """A value of a record as what its shape says; what is of another kind stays as it is."""
    match shape:
        case "s":
            return value if isinstance(value, dict | list) else _text(value)
        case "i":
            word = str(value)
            return int(word) if word.lstrip("+-").isdecimal() and len(word) < 19 else value
        case "b":
            return value if isinstance(value, bool) else str(value).lower() in _ONE_OF
        case list():
            values = value if isinstance(value, list) else [value]
            return [_typed(each, shape[0]) for each in values]
        case Mapping() if isinstance(value, dict):
            return {
                key: _typed(each, shape[key][1]) if key in shape else each
                for key, each in value.items()
                if each is not None
            }
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _named(value: Any, shape: Any) -> Any:
    """A value with Go's names; what is not given is empty, and a whole part of it is nil."""
    match shape:
        case list():
            return [_named(each, shape[0]) for each in value or ()]
        case Mapping():
            if not isinstance(value, Mapping):
                return None
            return {name: _named(value.get(key), own) for key, (name, own) in shape.items()}
        case "s":
            return "" if value is None else value
        case "i":
            return 0 if value is None else value
        case "b":
            return bool(value)
    return value


# --- records of other forms


def _of_2020(record: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {"interfaces": _renamed(record["network"].get("interfaces") or [])}
    if isinstance(record.get("metadata"), dict):
        spec["metadata"] = record["metadata"]
    if record.get("id"):
        spec["agentID"] = record["id"]
    return spec


def _renamed(value: Any) -> Any:
    if isinstance(value, list):
        return [_renamed(each) for each in value]
    if isinstance(value, dict):
        return {_OLD_NAMES.get(key, key): _renamed(each) for key, each in value.items()}
    return value


def _spec(machine: Machine, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record of ours as it would be written for Tinkerbell."""
    own = machine.metadata
    disks = record.get("disks")
    named = disks if isinstance(disks, list) else [disks]
    names = [written(each) if isinstance(each, dict) else each for each in named]
    instance = {
        "id": own.instance_id or next((each.mac for each in machine.interfaces), ""),
        "hostname": machine.name,
        "tags": list(own.tags),
        "ssh_keys": list(own.ssh_keys),
        "storage": as_cpr(record.get("storage")),
    }
    metadata = {
        "instance": _given(instance),
        "facility": _given({"plan_slug": own.plan, "facility_code": machine.facility}),
        "custom": dict(own.values),
    }
    return _given(
        {
            "agentID": machine.agent_id,
            "disks": [{"device": each} for each in names if isinstance(each, str) and each],
            "interfaces": [_interface(each, machine.cpu) for each in machine.interfaces],
            "metadata": _given(metadata),
            "userData": own.user_data,
            "vendorData": own.vendor_data,
        }
    )


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty."""
    return {key: value for key, value in values.items() if value not in ("", [], {}, None, 0)}


def _interface(interface: Interface, cpu: str) -> dict[str, Any]:
    own, netboot = interface.reservation, interface.netboot
    dhcp = {"mac": str(interface.mac), "arch": cpu, "vlan_id": interface.vlan}
    osie = {
        "baseURL": netboot.osie_url,
        "kernel": netboot.kernel,
        "initrd": netboot.initrd,
        "kernelParams": list(netboot.kernel_args),
    }
    ipxe = {"url": netboot.script_url, "contents": netboot.script, "binary": netboot.boot_file}
    found = {
        "dhcp": _given({**dhcp, **(_reserved(own) if own else {})}),
        "netboot": {
            "allowPXE": netboot.allowed,
            "allowWorkflow": netboot.allowed,
            **_given({"ipxe": _given(ipxe), "osie": _given(osie)}),
        },
    }
    return found if interface.dhcp else {**found, "disableDhcp": True}


def _reserved(own: Reservation) -> dict[str, Any]:
    return {
        "hostname": own.host_name,
        "domain_name": own.domain,
        "lease_time": own.lease_time,
        "name_servers": list(map(str, own.name_servers)),
        "time_servers": list(map(str, own.ntp_servers)),
        "classless_static_routes": list(map(_route, own.routes)),
        "tftp_server_name": own.boot_server,
        "boot_file_name": own.boot_file,
        "ip": _given(
            {
                "address": str(own.address),
                "netmask": str(own.netmask),
                "gateway": str(own.gateway) if own.gateway else "",
                "family": 4,
            }
        ),
    }


def _route(route: Route) -> dict[str, str]:
    return {"destination_descriptor": str(route.network), "router": str(route.router)}

"""Our own form of a record: a machine in five lines.

::

    machines:
      - name: node-1
        mac: 52:54:00:12:34:56
        address: 192.168.1.10/24
        gateway: 192.168.1.1
        name_servers: [192.168.1.1]

Everything an interface can have may stand at the machine itself, which then has that one
interface; a machine of several lists them under ``interfaces``.  ``defaults`` beside ``machines``
holds what all of them share.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from boots.documents import hints, layouts
from boots.documents.fault import Wrong
from boots.documents.node import Node
from boots.documents.parsing import Mapping
from boots.machines import bmc, extra
from boots.machines.architectures import boot_files
from boots.model.machine import (
    Interface,
    Machine,
    Metadata,
    Netboot,
    Place,
    RaspberryPi,
    Reservation,
    Route,
    Then,
)

_NETBOOT_KEYS = {
    "netboot",
    "profile",
    "script",
    "script_url",
    "boot_file",
    "boot_files",
    "kernel_args",
    "console",
    "pxelinux",
    "raspberry_pi",
}
_ADDRESS_KEYS = {
    "address",
    "gateway",
    "broadcast",
    "name_servers",
    "ntp_servers",
    "host_name",
    "domain",
    "search",
    "lease_time",
    "routes",
    "options",
}
INTERFACE_KEYS = _NETBOOT_KEYS | _ADDRESS_KEYS | {"mac", "dhcp", "vlan"}
_METADATA_KEYS = {
    "instance_id",
    "user_data",
    "vendor_data",
    "ssh_keys",
    "tags",
    "plan",
    "values",
}
MACHINE_KEYS = _METADATA_KEYS | {
    "name",
    "cpu",
    "then",
    "facility",
    "bmc",
    "disks",
    "storage",
    "protect",
    "interfaces",
    "notes",
}
CPR_KEYS = {"disks", "raid", "filesystems", "volume_groups"}
FILE_KEYS = {"machines", "defaults", "notes"}
NO_DEFAULT = {"name", "mac", "address", "interfaces", "raspberry_pi", "instance_id"}

_SERIAL = re.compile(r"[0-9a-fA-F]{8}(?:[0-9a-fA-F]{8})?")
_NOWHERE = IPv4Interface("0.0.0.0/0")
_ANY = {"mac": "02:00:00:00:00:00", "address": "192.0.2.1/24"}  # stands in for a machine's own


def machines(top: Node) -> Iterator[Node]:
    """The machines of a file in the short form, with the file's defaults filled in."""
    top.refuse_unknown(FILE_KEYS)
    defaults = top.at("defaults")
    if defaults.value is None:
        yield from top.at("machines").items()
        return
    if not isinstance(defaults.value, dict):
        raise defaults.wrong(
            "a mapping is wanted here", "write what all machines share, key by key"
        )
    defaults.refuse_unknown((INTERFACE_KEYS | MACHINE_KEYS) - NO_DEFAULT)
    # Read once by themselves, so that a mistake in them is told once and where it stands.
    whole = {**_ANY, **defaults.value, "bmc": bmc.of_all(defaults.value.get("bmc"))}
    machine(Node(whole, defaults.path), Place(file="", line=0), b"")
    for node in top.at("machines").items():
        yield _with(defaults.value, node)


def _with(defaults: dict[str, Any], node: Node) -> Node:
    if not isinstance(node.value, dict):
        return node
    merged = Mapping({**defaults, **node.value})
    shared, own = defaults.get("values"), node.value.get("values")
    if isinstance(shared, dict) and isinstance(own, dict):
        merged["values"] = {**shared, **own}
    if "bmc" in defaults:
        merged["bmc"] = bmc.joined(defaults["bmc"], node.value)
    merged.line = node.line
    return Node(merged, node.path)


def machine(node: Node, place: Place, record: bytes) -> Machine:
    """One machine in the short form.

    Raises:
        Wrong: a key nobody knows, a value of the wrong kind, no MAC.
    """
    if not isinstance(node.value, dict):
        raise node.wrong("a machine is a mapping", "write mac: … and address: … below it")
    if node.at("interfaces").value is None:
        node.refuse_unknown(MACHINE_KEYS | INTERFACE_KEYS)
        interfaces: tuple[Interface, ...] = (_interface(node, node.at("name")),)
    else:
        interfaces = _interfaces(node)
    _disks(node.at("disks"))  # for workflows, which read both of the record
    _storage(node.at("storage"))
    _protected(node.at("protect"))
    return Machine(
        name=node.at("name").text(interfaces[0].mac),
        interfaces=interfaces,
        place=place,
        cpu=node.at("cpu").choice(("x86_64", "aarch64"), "x86_64"),
        then=Then(node.at("then").choice(tuple(then.value for then in Then), Then.IDLE.value)),
        facility=node.at("facility").text(),
        metadata=_metadata(node),
        bmc=bmc.read(node.at("bmc")),
        record=record,
    )


def _disks(node: Node) -> None:
    """Paths, or hints, which may be mappings."""
    for each in _list(node) if isinstance(node.value, str | list) else [node]:
        _disk(each)


def _disk(node: Node) -> None:
    text = ""
    if isinstance(node.value, dict):
        node.refuse_unknown(hints.KEYS)
        text = hints.written({key: node.at(key).text() for key in node.value})
    elif hints.is_hint(node.text()):
        text = node.text()
    try:
        if text:
            hints.parse(text)
    except hints.NoHint as wrong:
        advice = f"{wrong.advice}; or a path, like /dev/sda"
        raise node.wrong(str(wrong), advice) from None


def _protected(node: Node) -> None:
    """Hints alone: another boot may give a path to another disk."""
    for each in _list(node) if isinstance(node.value, str | list) else [node]:
        if isinstance(each.value, str) and not hints.is_hint(each.value):
            problem = f'"{each.value}" may be another disk at the next boot'
            raise each.wrong(problem, "write serial=… and its serial number")
        _disk(each)


def _storage(node: Node) -> None:
    """Disks with layouts; or the mapping that Tinkerbell has, which is kept as it is."""
    if isinstance(node.value, dict):
        node.refuse_unknown(CPR_KEYS)
        return
    for each in node.items():
        if not isinstance(each.value, dict):
            raise each.wrong("a disk is a mapping here", "write disk: … and layout: … below it")
        each.refuse_unknown({"disk", "wipe", "layout"})
        if each.at("disk").value is None:
            raise each.at("disk").wrong("no disk is named", "write disk: and a path or a hint")
        _disk(each.at("disk"))
        each.at("wipe").flag(False)
        try:
            layouts.parse(", ".join(each.at("layout").texts()))
        except layouts.NoLayout as wrong:
            raise each.at("layout").wrong(str(wrong), wrong.advice) from None


def _metadata(node: Node) -> Metadata:
    values = node.at("values")
    if values.value is not None and not isinstance(values.value, dict):
        raise values.wrong("a mapping is wanted here", "write a word and its value below it")
    return Metadata(
        instance_id=node.at("instance_id").text(),
        user_data=node.at("user_data").text(),
        vendor_data=node.at("vendor_data").text(),
        ssh_keys=node.at("ssh_keys").texts(),
        tags=node.at("tags").texts(),
        plan=node.at("plan").text(),
        values={str(key): values.at(key).text() for key in values.value or {}},
    )


def _interfaces(node: Node) -> tuple[Interface, ...]:
    """The interfaces a machine lists; what stands at the machine itself they share."""
    for key in ("mac", "address"):
        if key in node.value:
            advice = f"write {key}: within one of the interfaces"
            raise node.at(key).wrong(
                "this belongs to one interface, and several are listed", advice
            )
    node.refuse_unknown(MACHINE_KEYS | INTERFACE_KEYS)
    shared = {key: node.value[key] for key in INTERFACE_KEYS if key in node.value}
    found = []
    for own in node.at("interfaces").items():
        if not isinstance(own.value, dict):
            raise own.wrong("an interface is a mapping", "write mac: … and address: … below it")
        own.refuse_unknown(INTERFACE_KEYS)
        found.append(_interface(Node({**shared, **own.value}, own.path), node.at("name")))
    if not found:
        raise node.at("interfaces").wrong("a machine needs an interface", "write - mac: … below it")
    return tuple(found)


def _interface(own: Node, name: Node) -> Interface:
    return Interface(
        mac=own.at("mac").mac(),
        reservation=_reservation(own, name),
        netboot=Netboot(
            allowed=own.at("netboot").flag(True),
            profile=own.at("profile").text(),
            script=own.at("script").text(),
            script_url=own.at("script_url").url("http", "https", "tftp"),
            boot_file=own.at("boot_file").text(),
            boot_files=boot_files(own.at("boot_files")),
            kernel_args=own.at("kernel_args").texts(),
            console=own.at("console").text(),
            pxelinux=own.at("pxelinux").text(),
            raspberry_pi=_raspberry_pi(own.at("raspberry_pi")),
        ),
        dhcp=own.at("dhcp").flag(True),
        vlan=own.at("vlan").text(),
    )


def _raspberry_pi(node: Node) -> RaspberryPi | None:
    if node.value is None:
        return None
    if not isinstance(node.value, dict):
        raise node.wrong("a mapping is wanted here", "write serial: … below it")
    node.refuse_unknown({"serial", "folder", "config"})
    serial = node.at("serial").text()
    if not _SERIAL.fullmatch(serial):
        problem = f'"{serial}" is not the serial number of a Raspberry Pi'
        raise node.at("serial").wrong(
            problem if serial else "the serial number is missing",
            "write its 8 or 16 hex digits, as its screen or /proc/cpuinfo shows them",
        )
    return RaspberryPi(
        serial=serial, folder=node.at("folder").text(), config=node.at("config").text()
    )


def _reservation(node: Node, name: Node) -> Reservation | None:
    """What is written about DHCP: all of it is read, though without an address it is not used."""
    has_address = bool(node.at("address").text())
    interface = _address(node.at("address")) if has_address else _NOWHERE
    reservation = Reservation(
        address=interface.ip,
        prefix=interface.network.prefixlen,
        gateway=node.at("gateway").address(),
        broadcast=node.at("broadcast").address(),
        name_servers=node.at("name_servers").addresses(),
        ntp_servers=node.at("ntp_servers").addresses(),
        host_name=node.at("host_name").host_name() or host_name_of(name),
        domain=node.at("domain").host_name(),
        search=tuple(filter(None, (each.host_name() for each in _list(node.at("search"))))),
        lease_time=node.at("lease_time").number(0, 60, 0xFFFFFFFF),
        routes=tuple(
            Route(network=route.at("to").network(), router=_router(route))
            for route in node.at("routes").items()
        ),
        options=extra.options(node.at("options")),
    )
    return reservation if has_address else None


def _list(node: Node) -> list[Node]:
    return [node] if isinstance(node.value, str) else list(node.items())


def _router(route: Node) -> IPv4Address:
    route.refuse_unknown({"to", "via"})
    router = route.at("via").address()
    if router is None:
        raise route.at("via").wrong("a route needs a router", "write via: and its address")
    return router


def host_name_of(name: Node) -> str:
    """A machine's name is its host name too, where it can be one."""
    try:
        return name.host_name()
    except Wrong:
        return ""


def _address(node: Node) -> IPv4Interface:
    word = node.text()
    advice = "write address and prefix, like 192.168.1.10/24"
    if "/" not in word:
        raise node.wrong(f'"{word}" has no prefix', advice)
    try:
        return IPv4Interface(word)
    except ValueError:
        raise node.wrong(f'"{word}" is not an address with its prefix', advice) from None

"""Tinkerbell's records: ``Hardware`` v1alpha1 objects, and the hardware JSON of 2020.

Both describe an interface alike; they differ in where the interfaces stand and in how some
names are spelt.  Read so that what worked with the ancestors works here: fields unknown to us
are kept in the record and not complained of.
"""

from ipaddress import IPv4Address

from boots.machines.node import Node
from boots.model.machine import Interface, Machine, Netboot, Place, Reservation, Route

GROUP = "tinkerbell.org/"


def hardware(node: Node, place: Place, record: bytes) -> Machine:
    """One ``kind: Hardware`` object.

    Raises:
        Wrong: a value of the wrong kind, no interface, no MAC.
    """
    spec, meta = node.at("spec"), node.at("metadata")
    return _machine(
        spec.at("interfaces"),
        spec.at("metadata"),
        name=meta.at("name").text(),
        agent_id=spec.at("agentID").text(),
        place=place,
        record=record,
    )


def is_hardware_json(value: dict[str, object]) -> bool:
    """Whether a document is in the form of 2020, which has no kind written on it."""
    network = value.get("network")
    return isinstance(network, dict) and "interfaces" in network


def hardware_json(node: Node, place: Place, record: bytes) -> Machine:
    """One object in the form of 2020 (data model v1).

    Raises:
        Wrong: as `hardware`.
    """
    return _machine(
        node.at("network").at("interfaces"),
        node.at("metadata"),
        name=node.at("id").text(),
        agent_id=node.at("id").text(),
        place=place,
        record=record,
    )


def _machine(
    interfaces: Node, metadata: Node, *, name: str, agent_id: str, place: Place, record: bytes
) -> Machine:
    facility = metadata.at("facility").at("facility_code").text()
    found = tuple(_interface(node) for node in interfaces.items())
    if not found:
        raise interfaces.wrong("the machine has no interface", "write one with dhcp.mac")
    first = next(iter(interfaces.items())).at("dhcp")
    return Machine(
        name=name or found[0].mac,
        interfaces=found,
        place=place,
        # Smee's default, and what "x86_64" and an empty value come to (its script handler).
        cpu=first.at("arch").text() or "x86_64",
        agent_id=agent_id,
        facility=facility,
        record=record,
    )


def _interface(node: Node) -> Interface:
    dhcp, netboot = node.at("dhcp"), node.at("netboot")
    osie, ipxe = netboot.at("osie"), netboot.at("ipxe")
    return Interface(
        mac=dhcp.at("mac").mac(),
        reservation=_reservation(dhcp),
        dhcp=not node.at("disableDhcp", "disable_dhcp").flag(False),
        vlan=dhcp.at("vlan_id").text(),
        netboot=Netboot(
            # Absent is off, as it was for the ancestors: nothing boots that nobody allowed.
            allowed=netboot.at("allowPXE", "allow_pxe").flag(False),
            script=ipxe.at("contents").text(),
            script_url=ipxe.at("url").url("http", "https", "tftp"),
            boot_file=ipxe.at("binary").text(),
            osie_url=osie.at("baseURL", "base_url").url("http", "https", "tftp"),
            kernel=osie.at("kernel").text(),
            initrd=osie.at("initrd").text(),
            kernel_args=osie.at("kernelParams").texts(),
        ),
    )


def _reservation(dhcp: Node) -> Reservation | None:
    ip = dhcp.at("ip")
    address = ip.at("address").address() if ip.at("family").text() != "6" else None
    if address is None:
        return None
    domain = dhcp.at("domain_name").text()
    return Reservation(
        address=address,
        prefix=prefix_of(ip.at("netmask")),
        gateway=ip.at("gateway").address(),
        name_servers=lenient_addresses(dhcp.at("name_servers")),
        ntp_servers=lenient_addresses(dhcp.at("time_servers")),
        host_name=dhcp.at("hostname").text(),
        domain=domain,
        search=(domain,) if domain else (),
        lease_time=dhcp.at("lease_time").number(0, 0, 0xFFFFFFFF),
        routes=tuple(_route(route) for route in dhcp.at("classless_static_routes").items()),
        boot_server=dhcp.at("tftp_server_name").text(),
        boot_file=dhcp.at("boot_file_name").text(),
    )


def _route(node: Node) -> Route:
    router = node.at("router").address()
    if router is None:
        raise node.at("router").wrong("a route needs a router", "write its address")
    return Route(network=node.at("destination_descriptor").network(), router=router)


def prefix_of(netmask: Node) -> int:
    """The prefix length of a dotted netmask; the netmask cannot be absent."""
    word = netmask.text()
    if not word:
        raise netmask.wrong("an address without its netmask", "write it like 255.255.255.0")
    try:
        bits = int(IPv4Address(word))
    except ValueError:
        bits = 1
    prefix = bits.bit_count()
    if bits != (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF:
        raise netmask.wrong(f'"{word}" is not a netmask', "write it like 255.255.255.0")
    return prefix


def lenient_addresses(node: Node) -> tuple[IPv4Address, ...]:
    """A list of addresses without those that are names or IPv6: DHCPv4 cannot carry them."""
    found = []
    for word in node.texts():
        try:
            found.append(IPv4Address(word))
        except ValueError:
            continue
    return tuple(found)

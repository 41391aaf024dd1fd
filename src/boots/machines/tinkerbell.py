"""Tinkerbell's records: ``Hardware`` v1alpha1 objects, and the hardware JSON of 2020.

Both describe an interface alike; they differ in where the interfaces stand and in how some
names are spelt.  Read so that what worked with the ancestors works here: fields unknown to us
are kept in the record and not complained of, and what they passed over in silence is passed over
here: name servers that are names or IPv6, IPv6 addresses, interfaces that nobody filled in yet.
"""

from ipaddress import IPv4Address, IPv6Address

from boots.documents.fault import Wrong
from boots.documents.node import Node
from boots.model.machine import (
    Interface,
    Machine,
    Metadata,
    Netboot,
    Place,
    RaspberryPi,
    Reservation,
    Route,
)

GROUP = "tinkerbell.org/"
VERSION = f"{GROUP}v1alpha1"

_SCHEMES = ("http", "https", "tftp", "ftp", "nfs")  # that iPXE can be built with


def hardware(node: Node, place: Place, record: bytes) -> Machine:
    """One ``kind: Hardware`` object.

    Names are unique within a namespace only, so it is part of the machine's name, unless it is
    the one that goes without saying.

    Raises:
        Wrong: a value of the wrong kind, an address without its netmask or MAC.
    """
    spec, meta = node.at("spec"), node.at("metadata")
    namespace, name = meta.at("namespace").text(), meta.at("name").text()
    return _machine(
        spec.at("interfaces"),
        spec.at("metadata"),
        name=f"{namespace}/{name}" if name and namespace not in {"", "default"} else name,
        agent_id=spec.at("agentID").text(),
        user_data=spec.at("userData").text(),
        vendor_data=spec.at("vendorData").text(),
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
    interfaces: Node,
    metadata: Node,
    *,
    name: str,
    agent_id: str,
    place: Place,
    record: bytes,
    user_data: str = "",
    vendor_data: str = "",
) -> Machine:
    found = tuple(_interface(node) for node in interfaces.items() if _is_filled_in(node))
    if not found and not name:
        raise interfaces.wrong(
            "neither a name nor a MAC says whose record this is", "write dhcp.mac"
        )
    archs = (node.at("dhcp").at("arch").text() for node in interfaces.items())
    # The form of 2020 travels with its metadata as one text, too.
    meta = Node(None) if isinstance(metadata.value, str) else metadata
    return Machine(
        name=name or found[0].mac,
        interfaces=found,
        place=place,
        # Smee's default, and what "x86_64" and an empty value come to (its script handler).
        cpu=next(filter(None, archs), "x86_64"),
        agent_id=agent_id,
        facility=meta.at("facility").at("facility_code").text(),
        metadata=_metadata(meta, user_data, vendor_data),
        record=record,
    )


def _metadata(meta: Node, user_data: str, vendor_data: str) -> Metadata:
    """What the system that runs next may ask for; a value of the wrong kind is passed over."""
    instance, custom = _mapping(meta.at("instance")), _mapping(meta.at("custom"))
    return Metadata(
        instance_id=_calm(instance.at("id")),
        user_data=user_data or _calm(instance.at("userdata")),
        vendor_data=vendor_data,
        ssh_keys=_calm_list(instance.at("ssh_keys")),
        tags=_calm_list(instance.at("tags")),
        plan=_calm(_mapping(meta.at("facility")).at("plan_slug")),
        values={
            str(key): text for key in custom.value or {} if (text := _calm(custom.at(str(key))))
        },
    )


def _mapping(node: Node) -> Node:
    return node if isinstance(node.value, dict) else Node(None, node.path)


def _calm(node: Node) -> str:
    return "" if isinstance(node.value, dict | list) else node.text()


def _calm_list(node: Node) -> tuple[str, ...]:
    if not isinstance(node.value, list):
        return tuple(filter(None, (_calm(node),)))
    return tuple(filter(None, map(_calm, node.items())))


def _is_filled_in(interface: Node) -> bool:
    """Whether anything is said about DHCP.  Without that nobody can ask for this interface.

    An object may be in the cluster before its interfaces are known; it must not keep all others
    from being served.
    """
    dhcp = interface.at("dhcp").value
    return any(dhcp.values()) if isinstance(dhcp, dict) else dhcp is not None


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
            script_url=lenient_url(ipxe.at("url")),
            boot_file=ipxe.at("binary").text(),
            osie_url=lenient_url(osie.at("baseURL", "base_url")),
            kernel=osie.at("kernel").text(),
            initrd=osie.at("initrd").text(),
            kernel_args=osie.at("kernelParams").texts(),
            pxelinux=netboot.at("pxelinux").at("config").text(),
            raspberry_pi=_raspberry_pi(netboot.at("rpi")),
        ),
    )


def _raspberry_pi(node: Node) -> RaspberryPi | None:
    serial = node.at("serialNum").text()
    if not serial:
        return None
    return RaspberryPi(
        serial=serial,
        folder=node.at("firmwarePath").text(),
        config=node.at("configTxt").text(),
    )


def _reservation(dhcp: Node) -> Reservation | None:
    ip = dhcp.at("ip")
    if ip.at("family").text() == "6" or _is_ipv6(ip.at("address").text()):
        return None
    address = ip.at("address").address()
    if address is None:
        return None
    return Reservation(
        address=address,
        prefix=prefix_of(ip.at("netmask")),
        gateway=ip.at("gateway").address(),
        name_servers=lenient_addresses(dhcp.at("name_servers")),
        ntp_servers=lenient_addresses(dhcp.at("time_servers")),
        host_name=dhcp.at("hostname").text(),
        domain=dhcp.at("domain_name").text(),
        search=lenient_names(dhcp.at("domain_name")),
        lease_time=dhcp.at("lease_time").number(0, 0, 0xFFFFFFFF),
        routes=tuple(_route(route) for route in dhcp.at("classless_static_routes").items()),
        boot_server=dhcp.at("tftp_server_name").text(),
        boot_file=dhcp.at("boot_file_name").text(),
    )


def _route(node: Node) -> Route:
    router = node.at("router").address()
    if router is None:
        raise node.at("router").wrong("a route needs a router", "write its address")
    return Route(network=node.at("destination_descriptor").network(strict=False), router=router)


def _is_ipv6(word: str) -> bool:
    if ":" not in word:
        return False
    try:
        IPv6Address(word)
    except ValueError:
        return False
    return True


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


def lenient_url(node: Node) -> str:
    """A URL; blanks in it are written as Go's parser understood them."""
    return Node(node.text().strip().replace(" ", "%20"), node.path).url(*_SCHEMES)


def lenient_names(node: Node) -> tuple[str, ...]:
    """Domain names without those that option 119 cannot carry."""
    found = []
    for word in node.texts():
        try:
            found.append(Node(word.removesuffix("."), node.path).host_name())
        except Wrong:
            continue
    return tuple(filter(None, found))


def lenient_addresses(node: Node) -> tuple[IPv4Address, ...]:
    """A list of addresses without those that are names or IPv6: DHCPv4 cannot carry them."""
    found = []
    for word in node.texts():
        try:
            found.append(IPv4Address(word))
        except ValueError:
            continue
    return tuple(found)

"""The file of a stand-alone Smee: a mapping of MACs to what each of them gets."""

from boots.machines.node import Node
from boots.machines.tinkerbell import lenient_addresses, prefix_of
from boots.model import mac as macs
from boots.model.machine import Interface, Machine, Netboot, Place, Reservation


def is_smee(value: dict[str, object]) -> bool:
    """Whether every key is a MAC and every value a mapping."""
    return bool(value) and all(
        macs.parse(key) is not None and isinstance(item, dict) for key, item in value.items()
    )


def machine(node: Node, place: Place, record: bytes) -> Machine:
    """One entry, which stands behind its MAC; its names are taken without regard to case.

    Raises:
        Wrong: a value of the wrong kind, no address.
    """
    own = _folded(node)
    netboot = _folded(own.at("netboot"))
    address = own.at("ipaddress").address()
    if address is None:
        raise own.at("ipaddress").wrong("an address is missing", "write ipAddress: 192.168.1.10")
    mac = Node(node.path[-1], node.path).mac()
    return Machine(
        name=own.at("hostname").text() or mac,
        place=place,
        cpu=own.at("arch").text() or "x86_64",
        facility=netboot.at("facility").text(),
        record=record,
        interfaces=(
            Interface(
                mac=mac,
                dhcp=not own.at("disabled").flag(False),
                vlan=own.at("vlanid").text(),
                reservation=Reservation(
                    address=address,
                    prefix=prefix_of(own.at("subnetmask")),
                    gateway=own.at("defaultgateway").address(),
                    broadcast=own.at("broadcastaddress").address(),
                    name_servers=lenient_addresses(own.at("nameservers")),
                    ntp_servers=lenient_addresses(own.at("ntpservers")),
                    host_name=own.at("hostname").text(),
                    domain=own.at("domainname").text(),
                    search=own.at("domainsearch").texts(),
                    lease_time=own.at("leasetime").number(0, 0, 0xFFFFFFFF),
                ),
                netboot=Netboot(
                    allowed=netboot.at("allowpxe").flag(False),
                    script=netboot.at("ipxescript").text(),
                    script_url=netboot.at("ipxescripturl").url("http", "https", "tftp"),
                    console=netboot.at("console").text(),
                ),
            ),
        ),
    )


def _folded(node: Node) -> Node:
    if not isinstance(node.value, dict):
        return node
    return Node({key.lower(): value for key, value in node.value.items()}, node.path)

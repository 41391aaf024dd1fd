"""The file of a stand-alone Smee: a mapping of MACs to what each of them gets."""

from collections import Counter
from typing import Any

from boots.documents.node import Node
from boots.machines.tinkerbell import lenient_addresses, lenient_names, lenient_url, prefix_of
from boots.model import mac as macs
from boots.model.machine import Interface, Machine, Netboot, Place, Reservation


class Entry(Node):
    """One entry, or a mapping within it: its names are taken without regard to case."""

    __slots__ = ("_written", "nameless")

    def __init__(self, value: Any, path: tuple[str | int, ...]) -> None:
        super().__init__(value, path)
        self._written = {key.lower(): key for key in value} if isinstance(value, dict) else {}
        self.nameless = False

    def at(self, *keys: str) -> Node:
        """The value behind a key, in whatever case it is written."""
        return super().at(*(self._written.get(key.lower(), key) for key in keys))


def is_smee(value: dict[str, Any]) -> bool:
    """Whether a key is a MAC, or what stands behind one has Smee's name for an address."""
    return any(
        macs.parse(key) is not None
        or (isinstance(item, dict) and any(name.lower() == "ipaddress" for name in item))
        for key, item in value.items()
    )


def entries(top: Node) -> list[Entry]:
    """The entries of a file, one for each MAC.

    Smee lets entries share a host name, as two cards of one machine may; it is then no name to
    know a machine by, and each of these goes by its MAC.
    """
    found = [Entry(top.value[key], (*top.path, key)) for key in top.value]
    mappings = [entry for entry in found if isinstance(entry.value, dict)]
    host_names = Counter(str(entry.at("hostname").value) for entry in mappings)
    for entry in mappings:
        entry.nameless = host_names[str(entry.at("hostname").value)] > 1
    return found


def machine(own: Entry, place: Place, record: bytes) -> Machine:
    """One entry, which stands behind its MAC.

    Raises:
        Wrong: a value of the wrong kind, no address.
    """
    mac = Node(own.path[-1], own.path).mac()
    netboot = Entry(own.at("netboot").value, own.at("netboot").path)
    reservation = _reservation(own)
    return Machine(
        name=mac if own.nameless else reservation.host_name or mac,
        place=place,
        cpu=own.at("arch").text() or "x86_64",
        facility=netboot.at("facility").text(),
        record=record,
        interfaces=(
            Interface(
                mac=mac,
                dhcp=not own.at("disabled").flag(False),
                vlan=own.at("vlanID").text(),
                reservation=reservation,
                netboot=Netboot(
                    allowed=netboot.at("allowPxe").flag(False),
                    script=netboot.at("ipxeScript").text(),
                    script_url=lenient_url(netboot.at("ipxeScriptUrl")),
                    console=netboot.at("console").text(),
                ),
            ),
        ),
    )


def _reservation(own: Entry) -> Reservation:
    address = own.at("ipAddress").address()
    if address is None:
        raise own.at("ipAddress").wrong("an address is missing", "write ipAddress: 192.168.1.10")
    return Reservation(
        address=address,
        prefix=prefix_of(own.at("subnetMask")),
        gateway=own.at("defaultGateway").address(),
        broadcast=own.at("broadcastAddress").address(),
        name_servers=lenient_addresses(own.at("nameServers")),
        ntp_servers=lenient_addresses(own.at("ntpServers")),
        host_name=own.at("hostname").text(),
        domain=own.at("domainName").text(),
        search=lenient_names(own.at("domainSearch")),
        lease_time=own.at("leaseTime").number(0, 0, 0xFFFFFFFF),
    )

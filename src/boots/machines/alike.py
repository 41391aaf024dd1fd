"""Machines that differ from one read before in name, MAC, address and BMC only.

Most records of a large site do.  What they share was read and found right then, so the rest is a
tenth of the work.
"""

from ipaddress import IPv4Address

import msgspec
from msgspec.structs import replace

from boots.documents.node import Node
from boots.machines import bmc, short
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Machine, Place

_OWN = {"name", "mac", "address"}
_APART = _OWN | {"bmc"}  # which is read in the usual way
_MANY = 4_096  # kinds; with more than these nothing is alike
_PREFIXES = set(map(str, range(33)))
_json = msgspec.json.Encoder().encode


class Alike:
    """Reads machines in the short form, those of one file."""

    def __init__(self) -> None:
        self._read: dict[bytes, Machine] = {}

    def machine(self, node: Node, place: Place, record: bytes) -> Machine:
        """As `short.machine`."""
        value = node.value
        if not isinstance(value, dict) or not value.keys() >= _OWN or len(self._read) > _MANY:
            return short.machine(node, place, record)
        kind = _json({key: each for key, each in value.items() if key not in _APART})
        like = self._read.get(kind)
        made = like and _filled(like, node, place, record)
        if made:
            return made
        made = short.machine(node, place, record)
        if like is None and not value.keys() & {"interfaces", "host_name"}:
            self._read[kind] = made
        return made


def _filled(like: Machine, node: Node, place: Place, record: bytes) -> Machine | None:
    """A machine like another one; None where something must be complained of, or may have to."""
    value = node.value
    name, written, address = value["name"], value["mac"], value["address"]
    if not (isinstance(name, str) and isinstance(written, str) and isinstance(address, str)):
        return None
    mac, at = _mac(written), _address(address)
    interface = like.interfaces[0]
    if not name or mac is None or at is None or interface.reservation is None:
        return None
    host_name = short.host_name_of(Node(name))
    reservation = replace(interface.reservation, address=at[0], prefix=at[1], host_name=host_name)
    interfaces = (replace(interface, mac=mac, reservation=reservation),)
    own = bmc.read(node.at("bmc"))
    return replace(like, name=name, interfaces=interfaces, place=place, bmc=own, record=record)


def _mac(text: str) -> Mac | None:
    mac = macs.parse(text)
    return None if mac is None or int(mac[1], 16) & 1 else mac


def _address(text: str) -> tuple[IPv4Address, int] | None:
    """Address and prefix, where they are written as most do."""
    address, _, prefix = text.partition("/")
    if prefix not in _PREFIXES:
        return None
    try:
        return IPv4Address(address), int(prefix)
    except ValueError:
        return None

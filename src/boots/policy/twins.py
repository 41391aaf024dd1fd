"""Twins: a machine and its request, made up after another one's to differ wherever they may.

What holds for both holds for all of their kind; see `boots.policy.prepared`.
"""

from ipaddress import IPv4Address

import msgspec

from boots.model import mac as macs
from boots.model.machine import Reservation
from boots.policy.destination import is_host
from boots.policy.forms import Filling, Near
from boots.wire import options
from boots.wire.options import END, PAD, RELAY_AGENT
from boots.wire.skim import OWN, Skimmed, skim, wishes

_TURNED = 0x5A
_OPTIONS_AT = 240
_XID, _CIADDR, _MAC = slice(4, 8), slice(12, 16), slice(28, 34)
_NOWHERE = bytes(4)


def machine(filling: Filling, near: Near, kept: int) -> Filling:
    """Another machine of the same kind in the same network; `kept` octets of its MAC are alike."""
    known = filling.known
    own = known.interface.reservation
    if own is None:
        return filling
    address = _another(own, near)
    name = ("y" if own.host_name.startswith("x") else "x") * len(filling.host_name)
    octets = macs.to_bytes(known.mac)
    interface = msgspec.structs.replace(
        known.interface,
        mac=macs.from_bytes(octets[:kept] + _turned(octets[kept:])),
        reservation=msgspec.structs.replace(own, address=address, host_name=name),
    )
    return Filling(
        filling.kind,
        str(address),
        address.packed,
        int(address),
        name.encode(),
        msgspec.structs.replace(known, interface=interface),
    )


def _another(own: Reservation, near: Near) -> IPv4Address:
    """Another address of the network; the same one where there is none."""
    for bit in range(32 - own.prefix):
        address = IPv4Address(int(own.address) ^ 1 << bit)
        inside = near is None or near[0] <= int(address) <= near[1]
        if inside and is_host(address, own):
            return address
    return own.address


def request(asked: Skimmed, of: Filling, twin: Filling) -> Skimmed | None:
    """What the twin asks, if it asks the same; None if it cannot."""
    data = bytearray(asked.data)
    data[_XID] = _turned(data[_XID])
    data[_MAC] = macs.to_bytes(twin.known.mac)
    if data[_CIADDR] != _NOWHERE:
        data[_CIADDR] = twin.address
    at = _OPTIONS_AT
    while data[at] != END:
        if data[at] == PAD:
            at += 1
            continue
        code, start = data[at], at + 2
        at = start + data[start - 1]
        if code == options.REQUESTED_ADDRESS.code and data[start:at] == of.address:
            data[start:at] = twin.address
        elif code == RELAY_AGENT:
            if start < at and not wishes(bytes(data[start:at])):
                data[at - 1] ^= 0x80  # no more, as it is made up of parts
        elif code in OWN:
            data[start:at] = _turned(data[start:at])
    like = skim(bytes(data))
    return like if like is not None and like.shape == asked.shape else None


def _turned(octets: bytes | bytearray) -> bytes:
    return bytes(octet ^ _TURNED for octet in octets)

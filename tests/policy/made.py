"""A site, machines and clients, made up for the facts that are told of them."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

import msgspec

from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Architecture, Interface, Known, Machine, Netboot, Place, Reservation
from boots.model.site import Site
from boots.policy import client as clients
from boots.policy.answer import Answer, answer
from boots.policy.client import Client
from boots.wire import dhcp, options, pxe
from boots.wire.dhcp import Message
from boots.wire.options import MessageType
from boots.wire.pxe import UserClass

MAC = Mac("52:54:00:12:34:56")
ADDRESS = IPv4Address("192.168.1.10")
SERVER = IPv4Address("192.168.1.1")
OTHER = IPv4Address("192.168.1.99")
NOWHERE = IPv4Address(0)
EVERYONE = IPv4Address("255.255.255.255")

FILES = {
    name: f"/srv/{name}"
    for name in (
        "undionly.kpxe",
        "snponly.efi",
        "snponly-i386.efi",
        "snponly-arm64.efi",
        "own.efi",
        "grub/grubx64.efi",
        "osie/vmlinuz-x86_64",
        "osie/initramfs-x86_64",
        "osie/vmlinuz-aarch64",
        "osie/initramfs-aarch64",
    )
}
SITE = Site(
    server=SERVER,
    http_url="http://192.168.1.1:8080",
    tftp=SERVER,
    boot_files={
        Architecture.BIOS: "undionly.kpxe",
        Architecture.X64_UEFI: "snponly.efi",
        Architecture.IA32_UEFI: "snponly-i386.efi",
        Architecture.ARM64_UEFI: "snponly-arm64.efi",
    },
    files=FILES,
)
RESERVATION = Reservation(address=ADDRESS, prefix=24, gateway=SERVER)


def site(**changes: Any) -> Site:
    return msgspec.structs.replace(SITE, **changes)


def reservation(**changes: Any) -> Reservation:
    return msgspec.structs.replace(RESERVATION, **changes)


def known(
    netboot: Netboot | None = None,
    *,
    reserved: Reservation | None = RESERVATION,
    dhcp: bool = True,
    vlan: str = "",
    **machine: Any,
) -> Known:
    interface = Interface(
        mac=MAC, reservation=reserved, netboot=netboot or Netboot(), dhcp=dhcp, vlan=vlan
    )
    about = {"name": "node-1", "place": Place(file="machines.yaml", line=1)}
    return Known(machine=Machine(interfaces=(interface,), **about, **machine), interface=interface)


def request(
    kind: MessageType | None = MessageType.DISCOVER,
    *,
    vendor_class: str = "",
    architecture: int | None = None,
    user_class: bytes = b"",
    more: Mapping[int, bytes] | None = None,
    **header: Any,
) -> Message:
    values: dict[int, bytes] = {}
    if kind is not None:
        values[options.MESSAGE_TYPE.code] = bytes([kind])
    if vendor_class:
        values[options.VENDOR_CLASS.code] = vendor_class.encode()
    if architecture is not None:
        values[pxe.ARCHITECTURES.code] = architecture.to_bytes(2)
    if user_class:
        values[pxe.USER_CLASS.code] = user_class
    values |= more or {}
    head = {"op": dhcp.BOOTREQUEST, "xid": 0x1234, "chaddr": macs.to_bytes(MAC), **header}
    return Message(options=values, **head)


def rom(kind: MessageType = MessageType.DISCOVER, architecture: int = 0, **more: Any) -> Message:
    vendor_class = f"PXEClient:Arch:{architecture:05}:UNDI:003000"
    return request(kind, vendor_class=vendor_class, architecture=architecture, **more)


def http_firmware(
    kind: MessageType = MessageType.DISCOVER, architecture: int = 16, **more: Any
) -> Message:
    vendor_class = f"HTTPClient:Arch:{architecture:05}:UNDI:003000"
    return request(kind, vendor_class=vendor_class, architecture=architecture, **more)


def ipxe(
    kind: MessageType = MessageType.DISCOVER, *, features: str = "http", **more: Any
) -> Message:
    """Stock iPXE in a BIOS; `features` of "" says none at all (no option 175)."""
    own = dict(more.pop("more", None) or {})
    if features:
        codes = [code for code, name in pxe.FEATURES.items() if name in features.split()]
        own[pxe.IPXE.code] = pxe.IPXE.write(dict.fromkeys(codes, b"\x01"))
    more.setdefault("user_class", b"iPXE")
    return rom(kind, more=own, **more)


def system(kind: MessageType = MessageType.DISCOVER, **more: Any) -> Message:
    """An operating system's DHCP client."""
    return request(kind, **more)


def client_of(message: Message) -> Client:
    client = clients.from_dhcp(message)
    assert client is not None
    return client


def answered(message: Message, known: Known | None, where: Site = SITE) -> Answer:
    return answer(message, clients.from_dhcp(message), known, where)


def replied(message: Message, known: Known | None, where: Site = SITE) -> Message:
    reply = answered(message, known, where).reply
    assert reply is not None
    return reply


def listed(*names: bytes) -> bytes:
    """A user class as RFC 3004 wants it."""
    return pxe.USER_CLASS.write(UserClass(names, bare=False))

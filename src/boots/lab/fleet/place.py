"""The simulator's place on a network: addresses that are its own while it runs, and routes.

A leased address becomes ours by a route of type ``local`` to it alone: then the kernel answers
ARP for it, hands its packets to us and lets us send from it.  That costs some microseconds, where
an address of the interface costs more the more of them there are.  All routes carry a protocol
number of ours, so that what a killed run left behind is found and removed by the next.
"""

import contextlib
import errno
import os
import resource
import socket
import struct
from ipaddress import IPv4Address, IPv4Network
from types import TracebackType
from typing import Self

from pyroute2 import IPRoute  # type: ignore[import-untyped]

from boots.lab.errors import LabError
from boots.lab.fleet.dhcp import Lease

_PROTOCOL = 178  # of /etc/iproute2/rt_protos none has it
_NEW, _DELETE = 24, 25  # RTM_NEWROUTE, RTM_DELROUTE
_REQUEST_WITH_ANSWER, _CREATE = 0x5, 0x600  # NLM_F_REQUEST|ACK, NLM_F_CREATE|EXCL
_MAIN, _LOCAL = 254, 255  # tables
_TO_US, _UNICAST = 2, 1  # RTN_LOCAL, RTN_UNICAST
_HOST, _LINK, _EVERYWHERE = 254, 253, 0  # scopes
_ON_LINK = 4  # RTNH_F_ONLINK: the gateway is on the interface, whatever its addresses say
_HEADER = struct.Struct("=IHHII")
_ROUTE = struct.Struct("=BBBBBBBBI")
_SPARE_DESCRIPTORS = 64


class PlaceError(LabError):
    """The simulator cannot work here; the text says why and what to do."""


class Place:
    """What is ours on `interface` while the ``with`` lasts."""

    def __init__(self, interface: str) -> None:
        self.interface = interface
        try:
            self.index = socket.if_nametoindex(interface)
        except OSError:
            there = ", ".join(sorted(name for _, name in socket.if_nameindex()))
            raise PlaceError(
                f'there is no interface "{interface}"; this machine has {there}'
            ) from None
        self._made: dict[bytes, bytes] = {}

    def __enter__(self) -> Self:
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self._netlink.bind((0, 0))
        self._remove_leftovers()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for route in self._made.values():
            with contextlib.suppress(PlaceError):
                self._ask(_DELETE, 0, route)
        self._netlink.close()

    def claim(self, address: IPv4Address) -> str:
        """Make an address ours; returns why it cannot be, and nothing when it is."""
        if address.packed in self._made:
            return ""
        route = _body(address, _LOCAL, _HOST, _TO_US, index=self.index)
        try:
            self._ask(_NEW, _CREATE, route)
        except PlaceError as error:
            return f"{address} cannot be ours: {error}"
        self._made[address.packed] = route
        return ""

    def reach(self, server: IPv4Address, lease: Lease) -> None:
        """See that a server is reached by the interface, as the machine with this lease does."""
        network = IPv4Network((lease.address, lease.prefix), strict=False)
        near = server in network or lease.router is None
        gateway = None if near else lease.router
        scope = _LINK if near else _EVERYWHERE
        route = _body(server, _MAIN, scope, _UNICAST, index=self.index, gateway=gateway)
        key = b"to " + server.packed
        if key not in self._made:
            with contextlib.suppress(PlaceError):  # there is one already, of somebody else's
                self._ask(_NEW, _CREATE, route)
                self._made[key] = route

    def _ask(self, kind: int, flags: int, route: bytes) -> None:
        size = _HEADER.size + len(route)
        head = _HEADER.pack(size, kind, _REQUEST_WITH_ANSWER | flags, 0, 0)
        self._netlink.send(head + route)
        answer = self._netlink.recv(4096)
        (failed,) = struct.unpack_from("=i", answer, _HEADER.size)
        if -failed in {errno.EPERM, errno.EACCES}:
            raise PlaceError("only root may, or who has CAP_NET_ADMIN")
        if failed:
            raise PlaceError(os.strerror(-failed))

    def _remove_leftovers(self) -> None:
        with IPRoute() as ip:
            for table in (_LOCAL, _MAIN):
                ip.flush_routes(table=table, proto=_PROTOCOL, oif=self.index)


def _body(
    to: IPv4Address,
    table: int,
    scope: int,
    kind: int,
    *,
    index: int,
    gateway: IPv4Address | None = None,
) -> bytes:
    """A route to one address, as rtnetlink(7) wants it."""
    flags = 0 if gateway is None else _ON_LINK
    message = _ROUTE.pack(socket.AF_INET, 32, 0, 0, table, _PROTOCOL, scope, kind, flags)
    message += struct.pack("=HH4s", 8, 1, to.packed) + struct.pack("=HHI", 8, 4, index)
    if gateway is not None:
        message += struct.pack("=HH4s", 8, 5, gateway.packed)
    return message


def allow_sockets(count: int) -> None:
    """See that so many sockets can be open at once.

    Raises:
        PlaceError: the system allows for fewer.
    """
    needed = count + _SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if needed <= soft:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(hard, needed)))
    except (ValueError, OSError):
        raise PlaceError(
            f"{count} machines need {needed} open files, and {hard} are allowed: "
            "raise the limit (ulimit -n), or simulate fewer machines"
        ) from None

"""Bridges, taps, veth pairs and named namespaces, each for as long as its `with` lasts.

All of it happens in the network namespace of the caller unless a namespace is named.
"""

import array
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from subprocess import run

from pyroute2 import IPRoute  # type: ignore[import-untyped]

from boots.lab import isolation

_CLONE_NEWNET = 0x40000000

_SIOCETHTOOL = 0x8946
_ETHTOOL_STXCSUM = 0x17

_TUNSETIFF = 0x400454CA
_TUNSETPERSIST = 0x400454CB
_IFF_TAP = 0x0002
_IFF_NO_PI = 0x1000
_IFF_VNET_HDR = 0x4000


def in_namespace(namespace: str | None) -> tuple[str, ...]:
    """The words to put before a command so that it runs in a named namespace (none: ours).

    It gets its own ``/sys`` too, whose ``class/net`` shows that namespace; it keeps its process id.
    """
    if namespace is None:
        return ()
    enter = ("nsenter", f"--net={isolation.NAMED / namespace}", "unshare", "--mount")
    return (*enter, "sh", "-c", 'mount -t sysfs sysfs /sys && exec "$@"', "sh")


def quieten(namespace: str | None = None) -> None:
    """Bring ``lo`` up; no waiting for IPv6 duplicate address detection; no IPv6 multicast noise."""
    settings = {"accept_dad": "0", "accept_ra": "0", "router_solicitations": "0"}
    for scope in ("default", "all"):
        for key, value in settings.items():
            set_sysctl(f"net/ipv6/conf/{scope}/{key}", value, namespace)
    with within(namespace), IPRoute() as ip:
        ip.link("set", index=_index(ip, "lo"), state="up")


def set_sysctl(name: str, value: str, namespace: str | None = None) -> None:
    """Set a kernel setting, named by its path below ``/proc/sys``; a missing one is left alone."""
    with within(namespace), contextlib.suppress(FileNotFoundError):
        (Path("/proc/sys") / name).write_text(value, encoding="ascii")


def forward(namespace: str | None = None) -> None:
    """Let the namespace route IPv4 packets between its interfaces."""
    set_sysctl("net/ipv4/ip_forward", "1", namespace)


@contextlib.contextmanager
def within(namespace: str | None) -> Iterator[None]:
    """Be in the named network namespace for a while; only this thread is (None: stay here)."""
    if namespace is None:
        yield
        return
    with Path("/proc/thread-self/ns/net").open("rb") as here:
        with (isolation.NAMED / namespace).open("rb") as there:
            _set_namespace(there.fileno())
        try:
            yield
        finally:
            _set_namespace(here.fileno())


@contextlib.contextmanager
def named(namespace: str) -> Iterator[str]:
    """A network namespace of this name, quiet and with ``lo`` up."""
    place = isolation.NAMED / namespace
    place.touch()
    try:
        run(["unshare", f"--net={place}", "true"], check=True)
        quieten(namespace)
        yield namespace
    finally:
        run(["umount", str(place)], check=False, capture_output=True)
        place.unlink()


@contextlib.contextmanager
def bridge(name: str, address: IPv4Interface | None = None) -> Iterator[str]:
    """A bridge that forwards from the first moment (no spanning tree), with an address or none."""
    with IPRoute() as ip:
        ip.link("add", ifname=name, kind="bridge", br_stp_state=0, br_forward_delay=0)
    try:
        plain_checksums(name)
        bring_up(name, address)
        yield name
    finally:
        _remove(name)


@contextlib.contextmanager
def tap(name: str, on: str) -> Iterator[str]:
    """A tap for one virtual machine, as a port of the bridge `on`.  One queue."""
    _make_tap(name)
    try:
        bring_up(name, on=on)
        yield name
    finally:
        _remove(name)


@contextlib.contextmanager
def cable(
    near: str, near_address: IPv4Interface, far: str, far_address: IPv4Interface, namespace: str
) -> Iterator[str]:
    """A veth pair: `near` here, `far` in the namespace, both up and addressed."""
    _pair(near, far, namespace)
    try:
        bring_up(near, near_address)
        with within(namespace):
            bring_up(far, far_address)
        yield near
    finally:
        _remove(near)


@contextlib.contextmanager
def plug(port: str, on: str, far: str, far_address: IPv4Interface, namespace: str) -> Iterator[str]:
    """A cable from the bridge `on` here to a namespace: `port` is a port of it, `far` addressed."""
    _pair(port, far, namespace)
    try:
        bring_up(port, on=on)
        with within(namespace):
            bring_up(far, far_address)
        yield far
    finally:
        _remove(port)


def route(to: IPv4Network, via: IPv4Address, namespace: str | None = None) -> None:
    """Add a route; it goes with the interface it leaves by."""
    with within(namespace), IPRoute() as ip:
        ip.route("add", dst=str(to), gateway=str(via))


def plain_checksums(interface: str) -> None:
    """Have UDP checksums computed before packets leave, so that captures show the real ones.

    Some drivers refuse; then the checksum in a capture is only a part of it, and nothing else.
    """
    value = array.array("B", struct.pack("II", _ETHTOOL_STXCSUM, 0))
    pointer, _ = value.buffer_info()
    request = struct.pack("16sP", interface.encode("ascii"), pointer)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door,
        contextlib.suppress(OSError),
    ):
        fcntl.ioctl(door, _SIOCETHTOOL, request)


def open_tap(name: str, more: int = 0) -> int:
    """A tap that is there as long as its descriptor is open: each read or write is one frame.

    `more` are further flags of ``TUNSETIFF``.

    Raises:
        NotPermittedError: it cannot be made here.
    """
    try:
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise isolation.NotPermittedError(
            f"cannot make a tap: {error}; load the kernel module `tun`, or run it as root"
        ) from None
    try:
        flags = _IFF_TAP | _IFF_NO_PI | more
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode("ascii"), flags))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def bring_up(name: str, address: IPv4Interface | None = None, on: str | None = None) -> None:
    """Bring an interface up, with an address, as a port of the bridge `on`, or neither."""
    with IPRoute() as ip:
        index = _index(ip, name)
        if address is not None:
            prefix = address.network.prefixlen
            ip.addr("add", index=index, address=str(address.ip), prefixlen=prefix)
        if on is not None:
            ip.link("set", index=index, master=_index(ip, on))
        ip.link("set", index=index, state="up")


def set_mac(name: str, mac: str) -> None:
    """Give an interface a MAC."""
    with IPRoute() as ip:
        ip.link("set", index=_index(ip, name), address=mac)


def _make_tap(name: str) -> None:
    descriptor = open_tap(name, _IFF_VNET_HDR)
    try:
        fcntl.ioctl(descriptor, _TUNSETPERSIST, 1)
    finally:
        os.close(descriptor)


def _pair(near: str, far: str, namespace: str) -> None:
    """A veth pair with its far end in the namespace, both ends down still."""
    with IPRoute() as ip:
        ip.link("add", ifname=near, kind="veth", peer={"ifname": far})
        plain_checksums(near)
        plain_checksums(far)
        with (isolation.NAMED / namespace).open("rb") as there:
            ip.link("set", index=_index(ip, far), net_ns_fd=there.fileno())


def _remove(name: str) -> None:
    with IPRoute() as ip:
        ip.link("del", index=_index(ip, name))


def _index(ip: IPRoute, name: str) -> int:
    found = ip.link_lookup(ifname=name)
    if not found:
        raise LookupError(f"no interface {name} in this network namespace")
    return int(found[0])


def _set_namespace(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))

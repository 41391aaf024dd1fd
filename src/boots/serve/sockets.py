"""Sockets, bound as we need them or handed over by systemd; errors name who is in the way."""

import contextlib
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from boots.wire.ndp import ROUTER_SOLICITATION

_SIOCGIFADDR = 0x8915
_SIOCGIFNETMASK = 0x891B
_ROUTE_UP = 1  # RTF_UP
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33  # asm-generic/socket.h
_KEPT = 4 << 20  # bytes that the kernel keeps for us


class StartError(Exception):
    """A door cannot be opened; the text says what is in the way and what to do."""


class PortTaken(StartError):
    """A port is held by somebody; the text says by whom, as far as we may see that."""

    def __init__(self, what: str, protocol: str, port: int) -> None:
        self._what, self._protocol, self._port = what, protocol, port
        super().__init__(self.looked())

    def looked(self) -> str:
        """The text, with who holds it now; for who may see more by now."""
        holders = sorted(set(_holders(self._protocol, self._port, Path("/proc"))))
        who = f"held by {' and '.join(holders)}" if holders else "in use"
        return f"{self._what} is {who}; stop it, or choose another port in the settings"


def interface_address(name: str) -> IPv4Interface:
    """The primary IPv4 address of an interface, with its network.

    Raises:
        StartError: there is no such interface, or it has no address.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            answer = fcntl.ioctl(sock, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
        except OSError as error:
            if error.errno == errno.ENODEV:
                there = ", ".join(sorted(each for _, each in socket.if_nameindex()))
                raise StartError(
                    f'there is no interface "{name}"; this machine has {there}'
                ) from None
            raise StartError(
                f"{name} has no IPv4 address; give it one (ip address add …), or wait for it"
            ) from None
        mask = fcntl.ioctl(sock, _SIOCGIFNETMASK, struct.pack("256s", name.encode()[:15]))
    return IPv4Interface((answer[20:24], int.from_bytes(mask[20:24]).bit_count()))


def default_route(table: Path = Path("/proc/net/route")) -> str:
    """The interface of the IPv4 default route, of several the one preferred; empty without one."""
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return ""
    # Columns of /proc/net/route: interface, destination, gateway, flags, …, metric (6), mask (7).
    found = [
        (int(row[6]), row[0])
        for row in rows
        if row[1] == row[7] == "00000000" and int(row[3], 16) & _ROUTE_UP
    ]
    return min(found)[1] if found else ""


def is_ours(address: IPv4Address) -> bool:
    """Whether an interface of this machine has the address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((str(address), 0))
        except OSError:
            return False
    return True


def source_to(to: tuple[str, int], interface: str) -> IPv4Address:
    """The address that the kernel lets datagrams to somewhere leave from; 0.0.0.0 for no way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.connect(to)
        except OSError:
            return IPv4Address(0)
        return IPv4Address(sock.getsockname()[0])


def interface_mtu(name: str) -> int:
    """The MTU of an interface in bytes; 1500 where it cannot be found out."""
    try:
        return int(Path(f"/sys/class/net/{name}/mtu").read_text())
    except (OSError, ValueError):
        return 1500


def neighbours_kept(
    limit: Path = Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3"),
) -> int | None:
    """How many neighbours the kernel keeps, of all networks; None where that is not shown.

    In a container it is not.
    """
    try:
        return int(limit.read_text())
    except (OSError, ValueError):
        return None


def udp(
    address: IPv4Address, port: int, interface: str | None = None, *, shared: bool = False
) -> socket.socket:
    """A non-blocking UDP socket; with `interface` it hears and reaches that interface only.

    Of `shared` ones there can be several, and the kernel deals clients out to them.

    Raises:
        StartError: the port is taken, or needs more rights than we have.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if interface is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        make_room(sock)
        sock.bind((str(address), port))
    except OSError as error:
        sock.close()
        raise _cannot_bind(error, "udp", port, interface or str(address)) from None
    sock.setblocking(False)
    return sock


def make_room(sock: socket.socket) -> None:
    """Have the kernel keep a boot storm, which arrives within milliseconds, and our answers."""
    for option, forced in (
        (socket.SO_RCVBUF, _SO_RCVBUFFORCE),
        (socket.SO_SNDBUF, _SO_SNDBUFFORCE),
    ):
        sock.setsockopt(socket.SOL_SOCKET, option, _KEPT)
        with contextlib.suppress(OSError):  # beyond net.core.[rw]mem_max with CAP_NET_ADMIN only
            sock.setsockopt(socket.SOL_SOCKET, forced, _KEPT)


def tcp(address: IPv4Address, port: int, *, shared: bool = False) -> socket.socket:
    """A non-blocking listening TCP socket; `shared` is as for `udp`.

    Raises:
        StartError: the port is taken, or needs more rights than we have.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((str(address), port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        raise _cannot_bind(error, "tcp", port, str(address)) from None
    sock.setblocking(False)
    return sock


def keep_to_this_machine(sock: socket.socket) -> None:
    """Have a listener at a loopback address hear this machine alone, where the kernel lets us.

    Beside kube-proxy packets to 127.0.0.0/8 come in from the link, too (CVE-2020-8558).
    """
    with contextlib.suppress(OSError):  # before Linux 5.7 that needs CAP_NET_RAW
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")


_ICMP6_FILTER = 1  # linux/icmpv6.h
_ALL_ROUTERS = socket.inet_pton(socket.AF_INET6, "ff02::2")


def icmpv6(interface: str) -> socket.socket | None:
    """A non-blocking socket that hears router solicitations on one interface.

    None where IPv6 is off or raw sockets are not ours to open: it only saves clients a wait.
    """
    try:
        sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    except OSError:
        return None
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        passed = bytearray(b"\xff" * 32)  # a set bit blocks a type
        passed[ROUTER_SOLICITATION // 8] &= ~(1 << ROUTER_SOLICITATION % 8)
        sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, bytes(passed))
        _hear_solicitations(sock, interface)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)  # RFC 4861 §6.1.2
    except OSError:
        sock.close()
        return None
    sock.setblocking(False)
    return sock


def _hear_solicitations(sock: socket.socket, interface: str) -> None:
    group = _ALL_ROUTERS + struct.pack("@I", socket.if_nametoindex(interface))
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)


def interface_number(name: str) -> int:
    """The kernel's number of an interface; 0 where there is none of that name."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return 0


def _cannot_bind(error: OSError, protocol: str, port: int, where: str) -> StartError:
    what = f"port {port}/{protocol} on {where}"
    if error.errno == errno.EADDRINUSE:
        return PortTaken(what, protocol, port)
    if error.errno in {errno.EACCES, errno.EPERM}:
        return StartError(
            f"{what} needs root, CAP_NET_BIND_SERVICE and CAP_NET_RAW, or systemd's sockets"
        )
    return StartError(f"{what} cannot be opened: {error.strerror}")


def _holders(protocol: str, port: int, proc: Path) -> Iterator[str]:
    """The processes that have a port open, as ``dnsmasq, pid 812``."""
    inodes = set()
    for table in (proc / "net" / protocol, proc / "net" / f"{protocol}6"):
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port and fields[9] != "0":
                inodes.add(f"socket:[{fields[9]}]")
    for process in proc.glob("[0-9]*"):
        try:
            if any(str(fd.readlink()) in inodes for fd in (process / "fd").iterdir()):
                yield f"{(process / 'comm').read_text().strip()}, pid {process.name}"
        except OSError:
            continue  # it ended, or is not ours to look into


def from_systemd(environment: Mapping[str, str], pid: int) -> dict[str, list[socket.socket]]:
    """Sockets that systemd opened for us, by their FileDescriptorName (sd_listen_fds(3)).

    Raises:
        StartError: one of them is no IPv4 socket.
    """
    if environment.get("LISTEN_PID") != str(pid):
        return {}
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    found: dict[str, list[socket.socket]] = {}
    for number in range(int(environment.get("LISTEN_FDS", "0"))):
        name = names[number] if number < len(names) and names[number] else "unknown"
        found.setdefault(name, []).append(_handed_over(3 + number, name))
    return found


def _handed_over(fd: int, name: str) -> socket.socket:
    try:
        sock = socket.socket(fileno=fd)
    except OSError as error:
        raise StartError(
            f'what systemd hands over as "{name}" is no socket: {error.strerror}'
        ) from None
    sock.setblocking(False)
    os.set_inheritable(sock.fileno(), False)
    if sock.family != socket.AF_INET:
        sock.close()
        raise StartError(
            f'systemd\'s socket "{name}" is not for IPv4 alone; write an address before its port, '
            "like ListenDatagram=0.0.0.0:67"
        )
    if sock.type == socket.SOCK_DGRAM:
        make_room(sock)
    return sock


def hold_to(sock: socket.socket, interface: str) -> None:
    """Make a UDP socket of systemd's hear and reach one interface only, by broadcast too.

    Raises:
        StartError: it is held to another interface already.
    """
    device = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0")
    if device not in {b"", interface.encode()}:
        raise StartError(f"systemd's socket for {interface} is held to {device.decode()}")
    if not device:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)


def hold_again(sock: socket.socket, interface: str) -> None:
    """Hold a socket to an interface that came back: the kernel knows it by another number.

    Raises:
        OSError: it is gone again, or that needs CAP_NET_RAW, which we have not.
    """
    if sock.family == socket.AF_PACKET:
        sock.bind((interface, sock.getsockname()[1]))
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    if sock.family == socket.AF_INET6:
        _hear_solicitations(sock, interface)


def notify(environment: Mapping[str, str], state: str) -> None:
    """Tell systemd ``READY=1``, ``RELOADING=1``, ``STOPPING=1`` … (sd_notify(3)), if it listens."""
    where = environment.get("NOTIFY_SOCKET", "")
    if not where.startswith(("/", "@")):
        return
    # Nobody is waiting for the news, or no descriptor is left.
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock,
    ):
        sock.sendto(state.encode(), where.replace("@", "\0", 1))

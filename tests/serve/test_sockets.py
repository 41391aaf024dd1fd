"""Sockets: start-up errors that name what is in the way, and what systemd hands over."""

import errno
import os
import resource
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
from tests.serve.bench import LOOPBACK

from boots.serve import sockets
from boots.serve.sockets import StartError

HERE = IPv4Address(LOOPBACK)


@pytest.fixture
def name() -> str:
    return Path("/proc/self/comm").read_text().strip()


# --- interfaces


def test_an_interface_has_its_address() -> None:
    assert sockets.interface_address("lo") == IPv4Interface(f"{HERE}/8")


def test_an_interface_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(StartError, match=r'there is no interface "lan7"; this machine has .*lo'):
        sockets.interface_address("lan7")


def test_an_interface_without_an_address_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

    monkeypatch.setattr(sockets.fcntl, "ioctl", none)
    with pytest.raises(StartError, match="lan0 has no IPv4 address; give it one"):
        sockets.interface_address("lan0")


def test_an_address_is_ours_or_not() -> None:
    assert sockets.is_ours(IPv4Address("127.0.0.5"))
    assert not sockets.is_ours(IPv4Address("192.0.2.77"))


def test_the_mtu_is_what_the_interface_has() -> None:
    assert sockets.interface_mtu("lo") == int(Path("/sys/class/net/lo/mtu").read_text())
    assert sockets.interface_mtu("lan7") == 1500


# --- ports that are taken


def test_whoever_holds_a_udp_port_is_named(name: str) -> None:
    with sockets.udp(HERE, 0) as held:
        port = held.getsockname()[1]
        with pytest.raises(StartError) as refused:
            sockets.udp(HERE, port)

    assert str(refused.value) == (
        f"port {port}/udp on 127.0.0.1 is held by {name}, pid {os.getpid()}; "
        "stop it, or choose another port in the settings"
    )


def test_whoever_holds_a_tcp_port_is_named(name: str) -> None:
    with sockets.tcp(HERE, 0) as held:
        port = held.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port}/tcp .* held by {name}, pid"):
            sockets.tcp(HERE, port)


def test_a_holder_that_cannot_be_seen_is_not_made_up(tmp_path: Path) -> None:
    assert list(sockets._holders("udp", 67, tmp_path)) == []


def test_holders_come_from_the_tables_of_the_kernel(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "udp6").write_text(
        "  sl  local_address\n"
        "  12: 00000000000000000000000000000000:0043 0:0000 07 0:0 00:0 0 0 0 4711 2 0 0\n"
    )
    (tmp_path / "812" / "fd").mkdir(parents=True)
    (tmp_path / "812" / "comm").write_text("dnsmasq\n")
    (tmp_path / "812" / "fd" / "4").symlink_to("socket:[4711]")
    (tmp_path / "813").mkdir()

    assert list(sockets._holders("udp", 67, tmp_path)) == ["dnsmasq, pid 812"]
    assert list(sockets._holders("udp", 69, tmp_path)) == []


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (
            errno.EACCES,
            (
                "port 67/udp on lan0 needs root, CAP_NET_BIND_SERVICE and CAP_NET_RAW, "
                "or systemd's sockets"
            ),
        ),
        (
            errno.EPERM,
            (
                "port 67/udp on lan0 needs root, CAP_NET_BIND_SERVICE and CAP_NET_RAW, "
                "or systemd's sockets"
            ),
        ),
        (errno.ENODEV, "port 67/udp on lan0 cannot be opened: No such device"),
    ],
)
def test_other_obstacles_are_named(number: int, message: str) -> None:
    error = OSError(number, os.strerror(number))

    assert str(sockets._cannot_bind(error, "udp", 67, "lan0")) == message


def test_a_udp_socket_has_room_for_a_storm() -> None:
    with sockets.udp(HERE, 0) as sock:
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            # At least what everybody may have; the kernel counts its own cost by doubling.
            assert sock.getsockopt(socket.SOL_SOCKET, option) >= 2 * min(most(), 4 << 20)


def most() -> int:
    names = ("rmem_max", "wmem_max")
    return min(int(Path(f"/proc/sys/net/core/{name}").read_text()) for name in names)


def test_how_many_neighbours_the_kernel_keeps_is_read_or_not_known(tmp_path: Path) -> None:
    limit = tmp_path / "gc_thresh3"
    assert sockets.neighbours_kept(limit) is None
    limit.write_text("1024\n")
    assert sockets.neighbours_kept(limit) == 1024


def test_a_socket_held_to_an_interface_may_broadcast() -> None:
    with sockets.udp(IPv4Address(0), 0, "lo") as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST) == 1
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16) == b"lo\0"
        assert not sock.getblocking()


# --- systemd


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, str]]]:
    """The file descriptors that were asked for, each in place of a real socket."""
    asked: list[tuple[int, str]] = []
    made: list[socket.socket] = []

    def hand_over(fd: int, name: str) -> socket.socket:
        asked.append((fd, name))
        made.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        return made[-1]

    monkeypatch.setattr(sockets, "_handed_over", hand_over)
    yield asked
    for sock in made:
        sock.close()


def test_sockets_are_known_by_their_names(handed_over: list[tuple[int, str]]) -> None:
    found = sockets.from_systemd(
        {"LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "dhcp:tftp:dhcp"}, 7
    )

    assert handed_over == [(3, "dhcp"), (4, "tftp"), (5, "dhcp")]
    assert {name: len(each) for name, each in found.items()} == {"dhcp": 2, "tftp": 1}


def test_sockets_without_a_name_are_unknown(handed_over: list[tuple[int, str]]) -> None:
    assert list(sockets.from_systemd({"LISTEN_PID": "7", "LISTEN_FDS": "1"}, 7)) == ["unknown"]


def test_sockets_for_another_process_are_not_ours(handed_over: list[tuple[int, str]]) -> None:
    assert sockets.from_systemd({"LISTEN_PID": "6", "LISTEN_FDS": "1"}, 7) == {}
    assert sockets.from_systemd({}, 7) == {}
    assert handed_over == []


def test_a_socket_that_is_handed_over_is_made_ready() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        os.set_inheritable(sock.fileno(), True)
        ours = sockets._handed_over(os.dup(sock.fileno()), "tftp")
        with ours:
            assert (ours.getblocking(), ours.get_inheritable()) == (False, False)
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) >= 2 * min(most(), 4 << 20)


def test_a_socket_for_ipv6_is_refused_with_advice() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        fd = os.dup(sock.fileno())
        with pytest.raises(StartError, match=r'"dhcp" is not for IPv4 alone; .*0\.0\.0\.0:67'):
            sockets._handed_over(fd, "dhcp")


def test_what_is_no_socket_is_refused() -> None:
    with (
        Path(os.devnull).open("rb") as file,
        pytest.raises(StartError, match='"tftp" is no socket'),
    ):
        sockets._handed_over(file.fileno(), "tftp")


def test_a_socket_of_systemds_is_held_to_its_interface() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sockets.hold_to(sock, "lo")
        sockets.hold_to(sock, "lo")

        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16) == b"lo\0"
        with pytest.raises(StartError, match="socket for lan0 is held to lo"):
            sockets.hold_to(sock, "lan0")


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_news_reach_systemd(kind: str, tmp_path: Path) -> None:
    name = str(tmp_path / "notify") if kind == "path" else f"@boots-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1))
        sockets.notify({"NOTIFY_SOCKET": name}, "READY=1")

        assert manager.recv(100) == b"READY=1"


def test_where_nobody_waits_for_news_nothing_happens(tmp_path: Path) -> None:
    sockets.notify({}, "READY=1")
    sockets.notify({"NOTIFY_SOCKET": "vsock:2"}, "READY=1")
    sockets.notify({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, "READY=1")


def test_news_for_systemd_are_left_out_where_no_descriptor_is_left(tmp_path: Path) -> None:
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, most))
    try:
        sockets.notify({"NOTIFY_SOCKET": str(tmp_path / "notify")}, "READY=1")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))


ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth2\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth1\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth3\t00000000\t0100000A\t0002\t0\t0\t1\t00000000\t0\t0\t0
"""


def test_the_default_route_is_the_preferred_one_that_is_up(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(ROUTES)
    assert "eth1" == sockets.default_route(table)

    table.write_text("".join(ROUTES.splitlines(keepends=True)[:2]))
    assert "" == sockets.default_route(table)
    assert "" == sockets.default_route(tmp_path / "gone")

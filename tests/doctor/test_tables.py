"""The kernel's table of sockets."""

import os
import socket
from ipaddress import IPv4Address
from pathlib import Path

from boots.doctor.tables import holder, open_ports


def test_an_open_port_is_found_with_its_address_and_its_program() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        (found,) = [each for each in open_ports() if (each.protocol, each.port) == ("udp", port)]
        assert (IPv4Address("127.0.0.1"), 0) == (found.address, found.index)
        assert holder(found.inode).endswith(f", pid {os.getpid()}")
    assert port not in [each.port for each in open_ports() if each.protocol == "udp"]


def test_a_tcp_port_counts_when_somebody_listens() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        assert port not in [each.port for each in open_ports() if each.protocol == "tcp"]
        sock.listen()
        assert port in [each.port for each in open_ports() if each.protocol == "tcp"]


def test_a_socket_of_nobody_has_no_program(tmp_path: Path) -> None:
    assert "" == holder(4711, tmp_path)

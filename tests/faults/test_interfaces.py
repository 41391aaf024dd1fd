"""Interfaces that go down, are made anew, and lose their addresses, while machines ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.faults.steady import steady
from tests.peers.conftest import (
    CLIENT,
    LAN,
    MAC,
    NIC,
    SERVER,
    Lan,
    boots,
    lan_with,
    need,
    run,
    set_mac,
)
from tests.peers.fair import Fair, servers_in

from boots.journal import events

pytestmark = pytest.mark.peers

URL = f"http://{SERVER.ip}:8080/auto.ipxe"
TFTP = f"tftp://{SERVER.ip}/auto.ipxe"
POOL = f"""\
state = "state"
[dhcp]
mode = "pool"
[[subnets]]
network = "{SERVER.network}"
gateway = "{SERVER.ip}"
pool = ["192.168.70.100-192.168.70.120"]
"""


@pytest.fixture(name="lan")
def _lan() -> Iterator[Lan]:
    with lan_with() as made:
        yield made


def ip(namespace: str, *words: str) -> None:
    done = run(namespace, need("ip"), *words)
    assert done.returncode == 0, done.stderr


@contextmanager
def taken_away(lan: Lan) -> Iterator[None]:
    """The server's card is pulled out, and another is put in, called as the first was."""
    ip(lan.server, "link", "delete", LAN)
    yield
    ip(lan.server, "link", "add", LAN, "type", "veth", "peer", "name", NIC, "netns", lan.client)
    set_mac(lan.client, NIC, MAC)
    for namespace, own, name in ((lan.server, SERVER, LAN), (lan.client, CLIENT, NIC)):
        ip(namespace, "address", "add", str(own), "dev", name)
        ip(namespace, "link", "set", name, "up")


def fetched(lan: Lan) -> list[bool]:
    """Whether a script comes by HTTP, and by TFTP."""
    curl = (need("curl"), "-s", "-m", "5")
    return ["#!ipxe" in run(lan.client, *curl, url).stdout for url in (URL, TFTP)]


@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.wide)])
def test_an_interface_that_is_made_anew_is_served_again(
    lan: Lan, tmp_path: Path, rounds: int
) -> None:
    config = tmp_path / "boots.toml"
    config.write_text(POOL)
    longest = 0.0
    with boots(lan.server, tmp_path, "--config", config) as server, steady(lan) as machine:
        machine.until(10)
        clock = Fair(servers_in(lan.server))
        for times in range(rounds):
            with taken_away(lan):
                why = "there is no such interface any more"
                server.until(events.InterfaceTroubled, why=why)
            back = clock()
            assert server.until(events.InterfaceReturned, interface=LAN)
            machine.until(1)
            longest = max(longest, clock() - back)
            assert longest < 3
            machine.until(9)
            assert [True, True] == fetched(lan), f"round {times}"
            server.mark()
        script = tmp_path / "bound"
        script.write_text('#!/bin/sh\n[ "$1" = bound ] && echo "$ip"\n')
        script.chmod(0o755)
        set_mac(lan.client, NIC, "52:54:00:70:00:99")
        words = ("udhcpc", "-f", "-q", "-n", "-t", "5", "-T", "1", "-i", NIC, "-s", script)
        assert "192.168.70.100" in run(lan.client, need("busybox"), *words).stdout
    print(f"interface made anew: served {longest:.2f} s after it was back; {machine.said}")


@pytest.mark.wide
def test_an_interface_that_is_made_anew_at_once_is_served_again(lan: Lan, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path) as server, steady(lan) as machine:
        machine.until(10)
        with taken_away(lan):
            pass
        server.until(events.InterfaceReturned, interface=LAN)
        machine.until(10)
        assert [True, True] == fetched(lan)
    print(f"interface made anew at once: {machine.said}")
    assert machine.longest < 3


@pytest.mark.wide
def test_one_that_goes_down_and_up_is_served_as_it_is_up(lan: Lan, tmp_path: Path) -> None:
    with boots(lan.server, tmp_path), steady(lan) as machine:
        machine.until(10)
        for _ in range(5):
            ip(lan.server, "link", "set", LAN, "down")
            ip(lan.server, "link", "set", LAN, "up")
            machine.until(10)
        assert [True, True] == fetched(lan)
    print(f"down and up: {machine.said}")
    assert machine.longest < 3


def test_an_address_that_is_gone_is_told_and_served_again_when_it_is_back(
    lan: Lan, tmp_path: Path
) -> None:
    with boots(lan.server, tmp_path) as server, steady(lan) as machine:
        machine.until(10)
        ip(lan.server, "address", "delete", str(SERVER), "dev", LAN)
        assert server.until(events.InterfaceTroubled).why.endswith("the address 192.168.70.1")
        ip(lan.server, "address", "add", str(SERVER), "dev", LAN)
        server.until(events.InterfaceReturned)
        machine.until(10)
        assert [True, True] == fetched(lan)


@pytest.mark.wide
def test_a_default_route_that_goes_changes_nothing(lan: Lan, tmp_path: Path) -> None:
    ip(lan.server, "route", "add", "default", "via", str(CLIENT.ip))
    with boots(lan.server, tmp_path), steady(lan) as machine:
        machine.until(10)
        ip(lan.server, "route", "delete", "default")
        machine.until(10)
        assert [True, True] == fetched(lan)
    assert machine.longest < 0.5

"""The agent's ears on a real cable: what a switch says is heard, and nobody waits for silence."""

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from socket import AF_PACKET, SOCK_RAW, socket

import pytest
from pyroute2 import IPRoute
from tests.peers.conftest import LAN, NIC, Lan

from boots.lab import network
from boots_agent import inventory
from boots_agent.listening import Ears

pytestmark = pytest.mark.peers

VECTORS = Path(__file__).parent.parent / "vectors" / "lldp"


def vector(name: str) -> tuple[bytes, dict[str, object]]:
    found = json.loads((VECTORS / f"{name}.json").read_text())
    return bytes.fromhex(found["frame"]), found["neighbour"]


def _carries(ip: IPRoute, index: int) -> bool:
    return bool(ip.get_links(index)[0].get_attr("IFLA_OPERSTATE") == "UP")


def say(lan: Lan, *names: str) -> None:
    """Frames of these vectors from the server's end of the cable, once it has a carrier."""
    for place, name in ((lan.server, LAN), (lan.client, NIC)):
        with network.within(place), IPRoute() as ip:
            (index,) = ip.link_lookup(ifname=name)
            until = time.monotonic() + 10
            while not _carries(ip, index):
                assert time.monotonic() < until, f"{name} has no carrier"
                time.sleep(0.01)
    with network.within(lan.server), socket(AF_PACKET, SOCK_RAW, 0) as mouth:
        mouth.bind((LAN, 0))
        for name in names:
            mouth.send(vector(name)[0])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree that shows the client's end of the cable as a NIC with a link."""
    place = tmp_path / "sys/class/net" / NIC
    (place / "device").mkdir(parents=True)
    (place / "carrier").write_text("1\n")
    (place / "address").write_text("52:54:00:70:00:10\n")
    return tmp_path


@contextlib.contextmanager
def ears(lan: Lan, root: Path) -> Iterator[Ears]:
    with network.within(lan.client), contextlib.closing(Ears(root)) as made:
        yield made


@pytest.mark.parametrize("name", ["lldpd", "vlan", "lldpd-cdp", "cdp-vlan"])
def test_a_switch_is_heard_and_listening_ends(lan: Lan, root: Path, name: str) -> None:
    with ears(lan, root) as made:
        say(lan, name)
        assert made.listen(20) < 5
        [nic] = inventory.nics(root, "", made.heard)
    assert vector(name)[1] == nic["lldp"]


def test_what_came_before_anybody_listened_is_heard_without_waiting(lan: Lan, root: Path) -> None:
    with ears(lan, root) as made:
        say(lan, "lldpd")
        assert made.listen(0) < 1
        assert [NIC] == list(made.heard)


def test_nobody_waits_for_the_nic_of_a_bmc(lan: Lan, root: Path) -> None:
    other = root / "sys/class/net/usb0"
    (root / "sys/devices/usb1/1-1").mkdir(parents=True)
    other.mkdir()
    (other / "device").symlink_to(root / "sys/devices/usb1/1-1")
    (other / "carrier").write_text("1\n")
    with ears(lan, root) as made:
        say(lan, "lldpd")
        assert made.listen(20) < 5


def test_a_silent_cable_takes_the_time_that_was_given(lan: Lan, root: Path) -> None:
    with ears(lan, root) as made:
        say(lan, "no-port", "lldpd-ends")
        assert 0.3 <= made.listen(0.3) < 2
        assert {} == made.heard


def test_a_program_beside_the_switch_is_not_taken_for_it(lan: Lan, root: Path) -> None:
    with ears(lan, root) as made:
        say(lan, "lldpd", "least")
        made.listen(0)
        assert "leaf1.example.net" == made.heard[NIC].switch


def test_a_nic_that_comes_late_is_heard(lan: Lan, root: Path) -> None:
    device = root / "sys/class/net" / NIC / "device"
    device.rename(root / "device")
    with ears(lan, root) as made:
        (root / "device").rename(device)
        made.listen(0)
        say(lan, "lldpd")
        made.listen(5)
        assert [NIC] == list(made.heard)


def test_a_nic_that_is_not_there_any_more_is_no_error(lan: Lan, root: Path) -> None:
    (root / "sys/class/net/gone0/device").mkdir(parents=True)
    with ears(lan, root) as made:
        began = time.monotonic()
        made.listen(0.2)
        assert time.monotonic() - began < 2
        assert {} == made.heard

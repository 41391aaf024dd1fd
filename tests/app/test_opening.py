"""Where doors listen: where clients are told they are, as far as the addresses are ours."""

import asyncio
from ipaddress import IPv4Address, IPv4Interface
from socket import socket
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from tests.policy import made
from tests.serve.test_ndp_door import Wire

from boots.app import fairness
from boots.app import opening as openings
from boots.app.answers import Answers
from boots.app.opening import Opening
from boots.app.world import World
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.machines.index import Index, build
from boots.model import limits
from boots.model.limits import Limit
from boots.serve import sockets
from boots.serve.dhcp import DhcpDoor
from boots.serve.ear import Ear
from boots.serve.http import HttpDoor
from boots.serve.ndp import NdpDoor
from boots.serve.syslog import SyslogDoor
from boots.serve.tftp import TftpDoor
from boots.settings import Dhcp, Http, Settings, Syslog, Tftp
from boots.wire import ndp, tftp

FIRST, SECOND = IPv4Address("127.0.0.1"), IPv4Address("127.0.0.2")


def opening(address: str) -> Opening:
    addresses = {"lan0": IPv4Interface(FIRST), "lan1": IPv4Interface(SECOND)}
    answers = Answers(World(Index(), {}))
    return Opening(Settings(address=address), addresses, answers, lambda _: None, lambda: None)


def test_an_address_given_for_several_interfaces_is_taken_once() -> None:
    told = opening("127.0.0.7")

    assert IPv4Address("127.0.0.7") == told.listens_at("http", "", FIRST)
    assert SECOND == told.listens_at("http", "", SECOND)
    assert IPv4Address("127.0.0.7") == told.listens_at("tftp", "", FIRST)


def test_the_address_of_another_interface_is_left_to_it() -> None:
    told = opening("127.0.0.2")

    assert [FIRST, SECOND] == [told.listens_at("http", "", each) for each in (FIRST, SECOND)]


def test_an_address_that_is_not_this_machines_is_only_told() -> None:
    told = opening("192.0.2.1")

    assert FIRST == told.listens_at("http", "", FIRST)


@pytest.fixture(autouse=True)
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where we have no right to packet sockets; root has it."""
    monkeypatch.setattr(openings, "listening", lambda *_, **__: None)


def dhcp_doors(**dhcp: Any) -> tuple[list[str], list[type]]:
    """What is listened at, and the doors behind it, with DHCP alone on loopback."""
    settings = Settings(
        router_advertisements=False,
        dhcp=Dhcp(port=0, proxy_port=0, **dhcp),
        tftp=Tftp(enabled=False),
        http=Http(enabled=False),
        syslog=Syslog(enabled=False),
    )
    answers = Answers(World(Index(), {}))
    own = {"lo": IPv4Interface("127.0.0.1/8")}
    made = Opening(settings, own, answers, lambda _: None, lambda: None)
    doors = list(made.doors())
    loop = asyncio.new_event_loop()
    for door in doors:
        assert not isinstance(door, HttpDoor)
        door.close(loop)
    loop.close()
    return [each.split()[0] for each in made.listeners], [type(door) for door in doors]


@pytest.mark.parametrize(
    ("mode", "listeners"),
    [
        ("reservation", ["dhcp"]),
        ("proxy", ["dhcp", "dhcp-proxy"]),
        ("auto-proxy", ["dhcp", "dhcp-proxy"]),
        ("off", []),
    ],
)
def test_port_4011_is_opened_in_the_proxy_modes_alone(mode: str, listeners: list[str]) -> None:
    assert listeners == dhcp_doors(mode=mode)[0]


@pytest.mark.parametrize("shadow", [False, True])
def test_where_we_may_other_servers_are_listened_to(
    monkeypatch: pytest.MonkeyPatch, shadow: bool
) -> None:
    asked = []

    def listening(interface: str, deaf_to: set[IPv4Address], *, promiscuous: bool) -> socket:
        asked.append((interface, sorted(map(str, deaf_to)), promiscuous))
        return sockets.udp(FIRST, 0)

    monkeypatch.setattr(openings, "listening", listening)

    assert [Ear, DhcpDoor] == dhcp_doors(shadow=shadow, friends=["192.0.2.9"])[1]
    friends = [] if shadow else ["192.0.2.9"]
    assert [("lo", ["127.0.0.1", *friends], shadow)] == asked


def test_without_the_right_to_listen_shadow_mode_says_so_and_goes_on() -> None:
    with structlog.testing.capture_logs() as logs:
        assert [DhcpDoor] == dhcp_doors(shadow=True)[1]

    assert ["warning"] == [each["log_level"] for each in logs]


def test_without_the_right_to_listen_nothing_is_said_in_other_modes() -> None:
    with structlog.testing.capture_logs() as logs:
        assert [DhcpDoor] == dhcp_doors()[1]

    assert [] == logs


# --- whom the doors take up, and how many a second

OURS, THEIRS = made.ADDRESS, IPv4Address("192.168.1.99")
LIMITS = {
    "tftp": (limits.TFTP_OF_ONE, limits.TFTP_STRANGERS.of(4), events.FetchRefused),
    "syslog": (limits.SYSLOG_OF_ONE, limits.SYSLOG_STRANGERS, events.ConsoleLine),
    "ndp": (limits.NDP_OF_ONE, limits.NDP_STRANGERS, events.AdvertisementSent),
}


def says(door: Any, *, ours: bool) -> None:
    """One datagram of the machine with a record, or of a stranger."""
    peer = (str(OURS if ours else THEIRS), 1069)
    match door:
        case TftpDoor():
            door._hear(tftp.encode(tftp.Request("none", "octet")), peer)
        case SyslogDoor():
            door.handle(b"<13>hello", peer)
        case NdpDoor():
            mac = made.MAC if ours else "52:54:00:ff:ff:ff"
            option = bytes([1, 1]) + bytes.fromhex(mac.replace(":", ""))
            door.handle(bytes([ndp.ROUTER_SOLICITATION, *bytes(7)]) + option, ("fe80::1", 0, 0, 2))


@pytest.mark.parametrize("name", LIMITS)
def test_strangers_share_what_is_theirs_and_each_machine_has_its_own(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    of_one, strangers, heard = LIMITS[name]
    monkeypatch.setattr(fairness, "time", SimpleNamespace(monotonic=lambda: 1000.0))
    monkeypatch.setattr(sockets, "icmpv6", lambda _: Wire())
    told: list[AnyEvent] = []

    async def flooded() -> None:
        settings = Settings(
            tftp=Tftp(port=0, strangers=4), syslog=Syslog(port=0), http=Http(enabled=False)
        )
        answers = Answers(World(build([made.known().machine])[0], {"lo": made.site()}))
        own = {"lo": IPv4Interface("127.0.0.1/8")}
        opened = Opening(settings, own, answers, told.append, lambda: None, only={name})
        [door] = opened.doors()
        assert not isinstance(door, HttpDoor)
        for _ in range((strangers.burst or strangers.most) + 1):
            says(door, ours=False)
        assert [_named(strangers)] == beyond(told)
        told.clear()
        for _ in range(of_one.most):
            says(door, ours=True)
        assert [] == beyond(told)
        assert of_one.most == sum(isinstance(each, heard) for each in told)
        says(door, ours=True)
        assert [_named(of_one)] == beyond(told)
        door.close(asyncio.get_running_loop())

    asyncio.run(flooded())


def beyond(told: list[AnyEvent]) -> list[tuple[str, str]]:
    """The doors and names of the limits that were reached."""
    return [(each.door, each.limit) for each in told if isinstance(each, events.LimitReached)]


def _named(limit: Limit) -> tuple[str, str]:
    return limit.door, limit.name

"""Which doors of a server are open."""

from ipaddress import IPv4Address, IPv4Interface

from tests.policy.made import SITE

from boots.doctor.doors import Door, is_open, judge
from boots.doctor.place import Place
from boots.doctor.tables import Open
from boots.doctor.words import Finding

ANY, OURS = IPv4Address(0), IPv4Address("192.168.1.1")
ETH1, ETH2 = 2, 3
PLACE = Place("eth1", IPv4Interface("192.168.1.1/24"), SITE, here=True)
DHCP = Door("DHCP", "udp", 67)
TFTP = Door("TFTP", "udp", 69, OURS)
HTTP = Door("HTTP", "tcp", 8080, OURS)
OPEN = [
    Open("udp", ANY, 67, ETH1, 11),
    Open("udp", OURS, 69, 0, 12),
    Open("tcp", ANY, 8080, 0, 13),
]


def found(*ports: Open, who: str = "boots, pid 7") -> list[Finding]:
    return list(judge(PLACE, [DHCP, TFTP, HTTP], ETH1, ports, lambda _: who))


def test_a_server_with_all_doors_open_is_as_it_should_be() -> None:
    assert [] == found(*OPEN)


def test_a_server_with_no_door_open_does_not_run() -> None:
    (finding,) = found()
    assert "not-running" == finding.code
    assert "TFTP: 69/udp of 192.168.1.1 is closed" in finding.seen


def test_a_closed_door_is_named() -> None:
    (finding,) = found(*OPEN[:2])
    assert ("closed-port", "HTTP is closed on eth1: 8080/tcp of 192.168.1.1") == (
        finding.code,
        finding.title,
    )


def test_a_door_that_is_open_on_another_interface_is_told_so() -> None:
    elsewhere = Open("udp", ANY, 67, ETH2, 11)
    (finding,) = found(elsewhere, *OPEN[1:])
    assert ("not-on-interface", "DHCP is open elsewhere, not on eth1: 67/udp") == (
        finding.code,
        finding.title,
    )


def test_a_door_at_another_address_is_not_this_one() -> None:
    assert is_open(TFTP, ETH1, [Open("udp", IPv4Address("10.0.0.1"), 69, 0, 1)]) is None
    assert is_open(TFTP, ETH1, [Open("tcp", OURS, 69, 0, 1)]) is None


def test_another_program_at_our_door_is_named() -> None:
    findings = found(*OPEN, who="dnsmasq, pid 812")
    assert {"foreign-program"} == {each.code for each in findings}
    assert "67/udp is held by dnsmasq, pid 812" in findings[0].title


def test_where_the_program_is_not_shown_nothing_is_said_of_it() -> None:
    assert [] == found(*OPEN, who="")

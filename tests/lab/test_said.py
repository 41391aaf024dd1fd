"""Links and ends as people write them."""

from ipaddress import IPv4Interface

import pytest

from boots.lab import said
from boots.lab.emulator import End
from boots.lab.link import PERFECT, Link

LINKS = {
    "": PERFECT,
    " drop=2% , delay=20ms": Link(drop=0.02, delay=0.02),
    "drop=0.02": Link(drop=0.02),
    "drop=1": Link(drop=1),
    "burst=1%,burst-time=100ms": Link(burst=0.01, burst_time=0.1),
    "double=5%,copies=20": Link(double=0.05, copies=20),
    "reorder=10%,behind=500us": Link(reorder=0.1, behind=0.0005),
    "jitter=1.5s,stale=1%,late=2m": Link(jitter=1.5, stale=0.01, late=120),
    "damage=1%,unnoticed,unsummed": Link(damage=0.01, unnoticed=True, unsummed=True),
    "mtu=1400": Link(mtu=1400),
    "down=10s-25s,down=1m-2m": Link(down=((10, 25), (60, 120))),
}


@pytest.mark.parametrize("text", LINKS)
def test_a_text_says_a_link(text: str) -> None:
    assert LINKS[text] == said.link(text)


def test_both_ways_are_alike_unless_a_semicolon_says_otherwise() -> None:
    bad = Link(drop=0.5)

    assert (bad, bad) == said.links("drop=50%")
    assert (bad, PERFECT) == said.links("drop=50%;")
    assert (PERFECT, bad) == said.links(";drop=50%")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lose=1%", 'lose=1%: no link has "lose"; it has drop, burst'),
        ("drop=much", "drop=much: write a share: 2% or 0.02"),
        ("drop=-1", "drop=-1: write a share"),
        ("drop=200%", "drop = 2.0: odds are a number from 0 to 1"),
        ("delay=20", "delay=20: write a time with its unit: 500us, 20ms, 1.5s or 2m"),
        ("down=10s", "down=10s: write from when until when: 10s-25s"),
        ("down=9s-1s", "down = 9.0-1.0: a link is down from a time to a later one"),
        ("copies=1", "copies = 1: of what is doubled there are at least 2"),
        ("mtu=big", "mtu=big: write a whole number"),
        ("unsummed=1", 'unsummed=1: no link has "unsummed"'),
        ("drop", "drop: write a share"),
    ],
)
def test_a_mistake_is_told_with_what_to_write_instead(text: str, told: str) -> None:
    with pytest.raises(said.SaidError) as error:
        said.link(text)

    assert str(error.value).startswith(told)


def test_a_text_says_an_end() -> None:
    text = "nic0, namespace=client, address=192.168.70.10/24, mac=52:54:00:70:00:10"
    address = IPv4Interface("192.168.70.10/24")

    assert End("nic0", address, "client", mac="52:54:00:70:00:10") == said.end(text)
    assert End("port0", bridge="br0") == said.end("port0,bridge=br0")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", '"" is no name for an interface'),
        ("a/b", '"a/b" is no name for an interface'),
        ("sixteen-letters-", '"sixteen-letters-" is no name'),
        ("nic0,vlan=3", 'nic0,vlan=3: an end has namespace, address, bridge, mac, but no "vlan"'),
        ("nic0,address=here", "address=here: write 192.168.70.1/24"),
        ("nic0,mac=5254", "mac=5254: write 52:54:00:70:00:10"),
    ],
)
def test_an_end_that_is_none_is_told(text: str, told: str) -> None:
    with pytest.raises(said.SaidError) as error:
        said.end(text)

    assert str(error.value).startswith(told)

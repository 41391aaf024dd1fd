"""Boards whose loaders say in the path who they are."""

from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from boots.app.answers import Answers
from boots.app.world import build
from boots.machines.files import Cache
from boots.policy.got import Ground, Refusal, Rendered
from boots.serve.doors import Fetch
from boots.settings import Boot, Settings

PI = "dc:a6:32:01:36:c2"
OTHER = "52:54:00:12:34:57"
RECORDS = f"""\
machines:
  - mac: {PI}
    address: 10.0.0.10/24
    kernel_args: [quiet]
    raspberry_pi: {{serial: 100000001234ABCD, folder: rpi, config: a=1}}
  - {{mac: "{OTHER}", address: 10.0.0.11/24, pxelinux: DEFAULT own}}
  - mac: dc:a6:32:01:36:c3
    netboot: false
    raspberry_pi: {{serial: deadbeef, config: a=1}}
"""


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    (tmp_path / "a.yaml").write_text(RECORDS)
    settings = Settings(machines=[str(tmp_path / "a.yaml")], boot=Boot(osie=str(tmp_path)))
    world = build(settings, {"eth0": IPv4Interface("10.0.0.1/24")}, Cache())
    return Answers(world).fetch("eth0", tftp=True)


@pytest.mark.parametrize("peer", ["10.0.0.10", "10.0.0.11", "10.0.0.99"])
def test_a_raspberry_pi_is_known_by_its_serial_number_from_wherever_it_asks(
    fetch: Fetch, peer: str
) -> None:
    name = "1234abcd/cmdline.txt"
    given = fetch(name, IPv4Address(peer))

    assert given.known is not None
    assert (given.known.mac, given.what) == (PI, Rendered(name, b"quiet", "record"))


@pytest.mark.parametrize("peer", ["10.0.0.11", "10.0.0.99"])
def test_the_text_in_its_record_is_for_its_own_address(fetch: Fetch, peer: str) -> None:
    own = fetch("1234abcd/config.txt", IPv4Address("10.0.0.10")).what
    given = fetch("1234abcd/config.txt", IPv4Address(peer))

    assert own == Rendered("1234abcd/config.txt", b"a=1", "record", private=True)
    assert given.known is not None
    assert given.known.mac == PI
    assert isinstance(given.what, Refusal)


def test_a_raspberry_pi_is_known_by_its_address_as_well(fetch: Fetch) -> None:
    given = fetch("config.txt", IPv4Address("10.0.0.10"))

    assert given.known is not None
    assert (given.known.mac, given.what) == (
        PI,
        Rendered("config.txt", b"a=1", "record", private=True),
    )


def test_a_serial_number_that_nobody_has_is_a_strangers(fetch: Fetch) -> None:
    what = fetch("99999999/config.txt", IPv4Address("10.0.0.99")).what

    assert isinstance(what, Refusal)
    assert what.ground is Ground.STRANGER


def test_the_gate_holds_for_serial_numbers(fetch: Fetch) -> None:
    what = fetch("deadbeef/config.txt", IPv4Address("10.0.0.99")).what

    assert what == Refusal(Ground.FORBIDDEN, "netboot is off for this machine")


@pytest.mark.parametrize("name", ["pxelinux.cfg/01-52-54-00-12-34-57", "pxelinux.cfg/default"])
def test_pxelinux_is_known_by_the_mac_of_the_name_or_by_its_address(
    fetch: Fetch, name: str
) -> None:
    given = fetch(name, IPv4Address("10.0.0.11"))

    assert given.known is not None
    assert (given.known.mac, given.what) == (
        OTHER,
        Rendered(name, b"DEFAULT own", "record", private=True),
    )


def test_the_mac_of_the_name_counts_at_another_address_and_opens_nothing_of_its_own(
    fetch: Fetch,
) -> None:
    given = fetch("pxelinux.cfg/01-52-54-00-12-34-57", IPv4Address("10.0.0.10"))

    assert given.known is not None
    assert given.known.mac == OTHER
    assert isinstance(given.what, Refusal)

"""The words of the model."""

from ipaddress import IPv4Address

import msgspec
import pytest

from boots.model.mac import Mac
from boots.model.machine import Interface, Known, Machine, Place, Reservation, from_plain, to_plain

MACHINE = Machine(
    name="a",
    place=Place(file="machines/a.yaml", line=3),
    interfaces=(
        Interface(
            mac=Mac("02:00:00:00:00:01"),
            reservation=Reservation(address=IPv4Address("10.0.0.1"), prefix=8),
        ),
        Interface(mac=Mac("02:00:00:00:00:02")),
    ),
)


@pytest.mark.parametrize(
    ("prefix", "netmask"),
    [(0, "0.0.0.0"), (8, "255.0.0.0"), (23, "255.255.254.0"), (32, "255.255.255.255")],
)
def test_a_prefix_is_a_netmask(prefix: int, netmask: str) -> None:
    reservation = Reservation(address=IPv4Address("10.0.0.1"), prefix=prefix)
    assert IPv4Address(netmask) == reservation.netmask


def test_a_place_reads_as_editors_take_it() -> None:
    assert "machines/a.yaml:3" == str(MACHINE.place)


def test_the_interface_that_asks_has_the_mac() -> None:
    assert "02:00:00:00:00:02" == Known(machine=MACHINE, interface=MACHINE.interfaces[1]).mac


def test_a_machine_survives_being_written() -> None:
    raw = msgspec.msgpack.encode(MACHINE, enc_hook=to_plain)
    assert MACHINE == msgspec.msgpack.decode(raw, type=Machine, dec_hook=from_plain)


def test_values_do_not_change() -> None:
    with pytest.raises(AttributeError):
        MACHINE.name = "b"  # type: ignore[misc]


def test_what_is_left_at_its_default_is_not_written() -> None:
    assert b'{"file":"a","line":1}' == msgspec.json.encode(Place(file="a", line=1))
    assert b'{"mac":"02:00:00:00:00:02"}' == msgspec.json.encode(MACHINE.interfaces[1])

"""Which frames a capture keeps."""

from ipaddress import IPv4Address

import pytest

from boots.doctor.picking import Picker
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.wire import arp, dhcp, ip, tftp
from boots.wire.dhcp import Message

MAC, OTHER = Mac("52:54:00:00:00:01"), Mac("52:54:00:00:00:02")
ROUTER = Mac("52:54:00:00:00:99")
SERVER, CLIENT = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.10")
NOBODY, EVERYONE = IPv4Address(0), IPv4Address("255.255.255.255")


def frame(
    source: tuple[IPv4Address, int], target: tuple[IPv4Address, int], data: bytes, by: Mac = MAC
) -> bytes:
    return bytes(6) + macs.to_bytes(by) + b"\x08\0" + ip.udp(source, target, data)


def discover(mac: Mac = MAC) -> bytes:
    message = Message(op=1, xid=1, chaddr=macs.to_bytes(mac), options={53: b"\1"})
    return frame((NOBODY, 68), (EVERYONE, 67), dhcp.encode(message), mac)


def ack(mac: Mac = MAC, address: IPv4Address = CLIENT, by: Mac = ROUTER) -> bytes:
    message = Message(op=2, xid=1, chaddr=macs.to_bytes(mac), yiaddr=address, options={53: b"\5"})
    return frame((SERVER, 67), (EVERYONE, 68), dhcp.encode(message), by)


def request(port: int = 2000, by: Mac = MAC) -> bytes:
    data = tftp.encode(tftp.Request("snponly.efi"))
    return frame((CLIENT, port), (SERVER, 69), data, by)


def block(number: int, port: int = 2000) -> bytes:
    return frame((SERVER, 3000), (CLIENT, port), tftp.encode(tftp.Data(number, b"x")), ROUTER)


@pytest.mark.parametrize(
    "packet",
    [discover(), discover(OTHER), request(), frame((CLIENT, 9999), (SERVER, 514), b"<13>hello")],
    ids=["DHCP", "another's DHCP", "TFTP", "syslog"],
)
def test_of_all_machines_all_that_belongs_to_boots_is_kept(packet: bytes) -> None:
    assert Picker().wants(packet)


@pytest.mark.parametrize(
    "packet",
    [frame((CLIENT, 5353), (EVERYONE, 5353), b"mdns"), b"", bytes(60)],
    ids=["another service", "nothing", "no IPv4"],
)
def test_what_does_not_belong_to_boots_is_not_kept(packet: bytes) -> None:
    assert not Picker().wants(packet)


def test_of_one_machine_only_its_own_messages_are_kept() -> None:
    picker = Picker(MAC)
    assert picker.wants(discover())
    assert not picker.wants(discover(OTHER))
    assert picker.wants(ack())


def test_behind_a_relay_a_machine_is_known_by_the_address_it_got() -> None:
    picker = Picker(MAC)
    assert not picker.wants(request(by=ROUTER))
    picker.wants(ack())
    assert picker.wants(request(by=ROUTER))


def test_of_a_transfer_the_first_packets_are_kept_and_its_errors() -> None:
    picker = Picker()
    assert not picker.wants(block(1))
    picker.wants(request())
    kept = [picker.wants(block(number)) for number in range(1, 31)]
    assert [True] * 16 + [False] * 14 == kept
    error = tftp.encode(tftp.Error(0, "no answer"))
    assert picker.wants(frame((SERVER, 3000), (CLIENT, 2000), error, ROUTER))


def test_a_second_transfer_counts_anew() -> None:
    picker = Picker()
    for port in (2000, 2001):
        picker.wants(request(port))
        assert [True] * 16 == [picker.wants(block(number, port)) for number in range(1, 17)]


def test_arp_is_kept_of_the_machine_that_asks() -> None:
    def asks(mac: Mac) -> bytes:
        own = macs.to_bytes(mac)
        return b"\xff" * 6 + own + b"\x08\x06" + arp.probe(own, CLIENT)

    assert Picker().wants(asks(OTHER))
    assert Picker(MAC).wants(asks(MAC))
    assert not Picker(MAC).wants(asks(OTHER))


def test_what_claims_to_be_dhcp_and_is_not_is_kept_of_its_sender() -> None:
    garbage = frame((NOBODY, 68), (EVERYONE, 67), b"garbage")
    assert Picker(MAC).wants(garbage)
    assert not Picker(OTHER).wants(garbage)

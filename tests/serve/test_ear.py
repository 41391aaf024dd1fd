"""What the ear hears: replies of other servers, and nothing else that comes by."""

import socket
import struct
from ipaddress import IPv4Address

import pytest

from boots.serve.ear import Ear, Instruction, filter_for
from boots.wire import dhcp, ip
from boots.wire.dhcp import BOOTREPLY, BOOTREQUEST, Message

US, THEM = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
EVERYONE = IPv4Address("255.255.255.255")
CHADDR = bytes.fromhex("525400123456")


def message(op: int = BOOTREPLY) -> bytes:
    return dhcp.encode(Message(op=op, xid=1, chaddr=CHADDR, options={53: b"\2"}))


def packet(payload: bytes, source: IPv4Address = THEM, ports: tuple[int, int] = (67, 68)) -> bytes:
    return ip.udp((source, ports[0]), (EVERYONE, ports[1]), payload)


def changed(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def with_ip_options(data: bytes) -> bytes:
    return bytes([0x46]) + data[1:20] + bytes(4) + data[20:]


class Bench:
    def __init__(self, most: int = 0) -> None:
        self.now = 100.0
        self.heard: list[tuple[int, IPv4Address]] = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            self.ear = Ear(sock, [self.hear], lambda: self.now, most)

    def hear(self, reply: Message, source: IPv4Address) -> None:
        self.heard.append((reply.xid, source))


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (packet(message()), 1),
        (packet(message(), ports=(67, 67)), 1),
        (packet(message(), ports=(68, 67)), 0),
        (packet(message(BOOTREQUEST), ports=(67, 67)), 0),
        (changed(packet(message()), 9, b"\6"), 0),
        (packet(b"no DHCP"), 0),
        (b"", 0),
    ],
    ids=["a reply", "to a relay", "a client's", "a relayed request", "no UDP", "no DHCP", "empty"],
)
def test_replies_of_servers_are_handed_on(data: bytes, count: int) -> None:
    bench = Bench()
    bench.ear.handle(data, ())

    assert [(1, THEM)] * count == bench.heard


def test_no_more_than_so_many_are_read_in_a_second() -> None:
    bench = Bench(most=3)
    for _ in range(10):
        bench.ear.handle(packet(message()), ())
    assert 3 == len(bench.heard)

    bench.now += 1
    bench.ear.handle(packet(message()), ())
    assert 4 == len(bench.heard)


# --- the filter, by an interpreter of the few instructions that it is made of


def passes(program: list[Instruction], data: bytes) -> bool:
    accumulator = index = at = 0
    while True:
        code, if_so, if_not, value = program[at]
        at += 1
        match code:
            case 0x06:
                return bool(value)
            case 0x15:
                at += if_so if accumulator == value else if_not
            case 0x45:
                at += if_so if accumulator & value else if_not
            case 0xB1:
                index = (data[value] & 0x0F) * 4
            case _:
                start = value + (index if code & 0x40 else 0)
                size = {0x00: 4, 0x08: 2, 0x10: 1}[code & 0x18]
                if start + size > len(data):
                    return False
                accumulator = int.from_bytes(data[start : start + size])


FOREIGN = packet(message())


@pytest.mark.parametrize(
    ("data", "passed"),
    [
        (FOREIGN, True),
        (with_ip_options(FOREIGN), True),
        (packet(message(), US), False),
        (packet(message(), ports=(68, 67)), False),
        (packet(message(BOOTREQUEST), ports=(67, 67)), False),
        (changed(FOREIGN, 9, b"\6"), False),
        (changed(FOREIGN, 6, b"\x20\x01"), False),
        (FOREIGN[:28], False),
    ],
    ids=[
        *("a reply", "behind IP options", "ours", "a client's", "a relayed request", "TCP"),
        *("a fragment", "nothing behind UDP"),
    ],
)
def test_the_kernel_lets_only_replies_of_others_through(data: bytes, passed: bool) -> None:
    assert passed == passes(filter_for([IPv4Address("192.0.2.9"), US]), data)


def test_a_filter_for_many_addresses_still_reaches_its_end() -> None:
    program = filter_for(IPv4Address("192.0.2.0") + number for number in range(128))

    assert all(0 <= jump <= 255 for _, *jumps, _ in program for jump in jumps)
    assert not passes(program, packet(message(), IPv4Address("192.0.2.127")))
    assert passes(program, packet(message(), IPv4Address("192.0.2.128")))
    for each in program:
        struct.pack("HBBI", *each)

"""Messages that were bent at random, in every mode: each gets an answer, or a reason."""

import itertools
import random
import socket
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from tests.app.pools import ONE, Bench
from tests.cve.test_peers_faults import ODD_OPTIONS, asked

from boots.journal.events import AnyEvent, Entry, ForeignServerSeen, encode
from boots.model.site import Mode
from boots.serve.ear import Ear
from boots.serve.foreign import ForeignServers, Neighbourhood
from boots.serve.shadow import Shadow
from boots.wire import dhcp, ip
from boots.wire.dhcp import BOOTREPLY, BOOTREQUEST
from boots.wire.malformed import Malformed

COUNT = 3000


def bent(rng: random.Random) -> bytes:
    """A message with a few options and a few bytes that are not what they should be."""
    more = b"".join(rng.choices(list(ODD_OPTIONS.values()), k=rng.randrange(5)))
    for _ in range(rng.randrange(3)):
        size = rng.randrange(20)
        more += bytes((rng.randrange(1, 255), size)) + rng.randbytes(size)
    ends = ["0.0.0.0", "192.168.1.101", "203.0.113.9", "255.255.255.255", "127.0.0.1", "10.9.0.1"]
    kind = rng.choice([1, 1, 3, 3, 4, 7, 8, 2, 5, 13, 99])
    made = bytearray(asked(kind, more, ciaddr=rng.choice(ends), giaddr=rng.choice(ends)))
    for _ in range(rng.choice([0, 0, 0, 1, 4])):
        made[rng.randrange(len(made))] = rng.randrange(256)
    return bytes(made)


@pytest.mark.parametrize("mode", [each for each in Mode if each.value != "off"], ids=str)
@pytest.mark.parametrize("shadow", [False, True])
def test_bent_messages_are_answered_or_refused_with_a_reason(
    tmp_path: Path, mode: Mode, *, shadow: bool
) -> None:
    bench = Bench(tmp_path, mode=mode, shadow=shadow, unknown="osie")
    bench.records(**{f"m{ONE.replace(':', '')}": IPv4Address("192.168.1.50")})
    told: list[AnyEvent] = []
    compared = Shadow("lan0", told.append, lambda: bench.now)
    rng = random.Random(f"{mode}{shadow}")
    for _ in range(COUNT):
        bench.now += rng.random()
        try:
            message = dhcp.decode(bent(rng))
        except Malformed:
            continue
        answer = bench.answers.dhcp("lan0", proxy=mode.proxies and rng.random() < 0.5)(message)
        assert answer.why
        compared.overheard(of_another(message, rng))
        compared.withhold(message, answer)
        compared.overheard(of_another(message, rng))
        if answer.reply is not None:
            assert answer.to is not None or shadow
            dhcp.decode(dhcp.encode(answer.reply, answer.limit))
    for event in (*told, *bench.told):
        encode(Entry(1.0, event))
    bench.close()


def of_another(message: dhcp.Message, rng: random.Random) -> dhcp.Message:
    """What another server, or who plays one, may have sent to it."""
    while True:
        made = bytearray(bent(rng))
        made[0] = dhcp.BOOTREPLY
        made[4:8] = message.xid.to_bytes(4, "big")
        made[28 : 28 + len(message.chaddr)] = message.chaddr
        try:
            return dhcp.decode(bytes(made))
        except Malformed:
            continue


def test_what_a_packet_socket_hears_is_taken_or_left() -> None:
    rng = random.Random(3)
    told: list[AnyEvent] = []
    around = Neighbourhood(
        is_wanted=lambda _: False, may_boot=lambda _: True, expects=lambda: False
    )
    clock = itertools.count(step=0.5)
    shadow = Shadow("lan0", told.append, lambda: 0.0)
    foreign = ForeignServers("lan0", around, told.append, lambda: next(clock))
    ends = (IPv4Address("10.0.0.1"), 67), (IPv4Address("10.0.0.2"), 68)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        ear = Ear(sock, [shadow.overheard, foreign.heard], lambda: 0.0)
        for number in range(COUNT):
            said = bytes([BOOTREPLY if number % 2 else BOOTREQUEST]) + bent(rng)[1:]
            packet = bytearray(ip.udp(*ends, said))
            for _ in range(rng.randrange(6)):
                packet[rng.randrange(40)] = rng.randrange(256)
            ear.handle(bytes(packet[: rng.randrange(len(packet) + 1)]), ())
            foreign.chosen_by_stranger(bytes(packet[28:]))
    assert {ForeignServerSeen} == {type(event) for event in told}
    for event in told:
        encode(Entry(1.0, event))

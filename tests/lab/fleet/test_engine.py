"""What carries out the boots of a fleet, where a network is needed no more than the loopback."""

import random
import socket
from ipaddress import IPv4Address
from unittest.mock import Mock

from boots.lab.fleet import kinds, plan
from boots.lab.fleet.booting import Story
from boots.lab.fleet.cost import Meter
from boots.lab.fleet.engine import Conditions, Engine, Slot
from boots.lab.fleet.kinds import Kind
from boots.lab.fleet.tftp import Reader
from boots.wire import tftp

HERE = "127.0.0.1"


def test_of_a_lost_first_packet_a_machine_does_not_know_the_port_either() -> None:
    """It asks again at port 69, where requests go, and not at that of a transfer."""
    (machine,) = plan.fleet(1, {Kind.BIOS: 1}, 1)
    lossy = Conditions(loss=1.0)
    engine = Engine(Mock(), Mock(), lossy, random.Random(1), Mock(), Mock(), Meter())
    reader = Reader("undionly.kpxe", IPv4Address(HERE), kinds.ROM.tftp)
    udp = (socket.AF_INET, socket.SOCK_DGRAM)
    with socket.socket(*udp) as own, socket.socket(*udp) as server:
        own.bind((HERE, 0))
        own.setblocking(False)
        slot = Slot(Story(machine), iter(()), 0.0, reader, own)  # type: ignore[arg-type]
        packet = tftp.encode(tftp.OptionAck({tftp.BLKSIZE: "1432"}))

        server.sendto(packet, own.getsockname())
        engine._packets(slot, reader, 0.0)
        before = slot.connected

        lossy.loss = 0.0
        server.sendto(packet, own.getsockname())
        engine._packets(slot, reader, 0.0)
        assert (before, slot.connected) == (False, True)
        assert server.recv(100) == b"\0\4\0\0"

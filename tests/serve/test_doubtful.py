"""Boot files for another kind of machine: told once an hour, of each machine and file."""

from ipaddress import IPv4Address

from tests.serve.bench import LOOPBACK, Peer, Told, opened, udp

from boots.journal import events
from boots.model.machine import Architecture
from boots.policy import client as clients
from boots.policy.answer import Answer
from boots.policy.boot import Load
from boots.policy.destination import Destination
from boots.policy.programs import Misfit
from boots.serve.dhcp import DhcpDoor
from boots.serve.doubtful import DoubtfulFiles
from boots.serve.shadow import Shadow
from boots.wire import dhcp
from boots.wire.dhcp import BOOTREPLY, BOOTREQUEST, Message

MAC, OTHER = "52:54:00:12:34:56", "52:54:00:12:34:57"
WRONG = Misfit("arm.efi", Architecture.X64_UEFI, "arm.efi is a program for arm64-uefi")
TOLD = events.BootFileDoubtful(
    mac=MAC, name="arm.efi", architecture="x64-uefi", why="arm.efi is a program for arm64-uefi"
)
ASKED = Message(op=BOOTREQUEST, xid=1, chaddr=bytes.fromhex("525400123456"), options={53: b"\1"})


def test_each_machine_and_file_is_told_once_an_hour() -> None:
    told, times = Told(), iter((0.0, 10.0, 3599.0, 3600.0, 3600.0, 3600.0))
    files = DoubtfulFiles(told.record, lambda: next(times))
    for _ in range(4):
        files.given(MAC, WRONG)
    files.given(OTHER, WRONG)
    files.given(MAC, Misfit("b.efi", Architecture.X64_UEFI, "b"))

    assert [(MAC, "arm.efi"), (MAC, "arm.efi"), (OTHER, "arm.efi"), (MAC, "b.efi")] == [
        (each.mac, each.name) for each in told.of(events.BootFileDoubtful)
    ]


def test_who_makes_machines_up_does_not_fill_the_memory() -> None:
    files = DoubtfulFiles(lambda _: None, lambda: 0.0)
    for number in range(5000):
        files.given(str(number), WRONG)

    assert 4096 == len(files._told)


def answering(port: int) -> Answer:
    return Answer(
        why="because",
        client=clients.from_dhcp(ASKED),
        reply=Message(op=BOOTREPLY, xid=1, chaddr=ASKED.chaddr, options={53: b"\2"}),
        to=Destination(IPv4Address(LOOPBACK), port),
        decision=Load("tftp://192.0.2.1/arm.efi", "its record names it", WRONG),
    )


async def test_the_door_tells_of_what_it_hands_out() -> None:
    told = Told()
    sock = udp()
    with Peer() as client:
        door = DhcpDoor(
            sock,
            "lo",
            lambda _: answering(client.port),
            told.record,
            doubtful=DoubtfulFiles(told.record, lambda: 0.0),
        )
        with opened(door):
            for _ in range(2):
                client.send(dhcp.encode(ASKED), sock.getsockname())
            await told.several(events.OfferSent, 2)
            await client.receive()

    assert [TOLD] == told.of(events.BootFileDoubtful)


async def test_shadow_mode_tells_of_it_too() -> None:
    told = Told()
    door = DhcpDoor(
        udp(),
        "lo",
        lambda _: answering(9),
        told.record,
        shadow=Shadow("lo", told.record, lambda: 0.0),
        doubtful=DoubtfulFiles(told.record, lambda: 0.0),
    )
    with opened(door):
        door.handle(dhcp.encode(ASKED), ("0.0.0.0", 68))

    assert [TOLD] == told.of(events.BootFileDoubtful)

"""The syslog door: what machines say while they boot."""

from ipaddress import IPv4Address

from tests.serve.bench import LOOPBACK, Peer, Told, opened, udp

from boots.journal import events
from boots.model.mac import Mac
from boots.policy import token
from boots.serve.syslog import SyslogDoor

MAC = "52:54:00:12:34:56"


def who_is(address: IPv4Address) -> str:
    return MAC if address == IPv4Address(LOOPBACK) else ""


async def test_a_line_is_told_with_the_machine_it_came_from() -> None:
    told, sock = Told(), udp()
    at = sock.getsockname()
    with opened(SyslogDoor(sock, who_is, told.record)), Peer() as machine:
        machine.send(b"<14>ipxe: Booting\n", at)

        assert await told.first(events.ConsoleLine) == events.ConsoleLine(
            mac=MAC,
            peer=f"127.0.0.1:{machine.port}",
            severity="info",
            source="ipxe",
            text="Booting",
        )


async def test_a_line_of_a_stranger_has_no_mac() -> None:
    told, sock = Told(), udp()
    at = sock.getsockname()
    with opened(SyslogDoor(sock, who_is, told.record)), Peer("127.0.0.2") as stranger:
        stranger.send(b"<11>kernel: it burns", at)

        line = await told.first(events.ConsoleLine)
        assert (line.mac, line.severity, line.text) == ("", "error", "it burns")


async def test_a_kernels_command_line_is_told_without_the_ticket_in_it() -> None:
    told, sock = Told(), udp()
    at = sock.getsockname()
    with opened(SyslogDoor(sock, who_is, told.record)), Peer() as machine:
        machine.send(b"<6>kernel: Command line: quiet boots.ticket=AbC-_9 panic=30", at)

        line = await told.first(events.ConsoleLine)
        assert "Command line: quiet boots.ticket=(a-ticket) panic=30" == line.text


async def test_nor_is_the_token_told_by_which_a_kernel_finds_its_metadata() -> None:
    told, sock = Told(), udp()
    sealed = token.of(Mac("52:54:00:12:34:56"), b"the key of this site")
    line = f"<6>kernel: Command line: ds=nocloud;s=http://10.0.0.1:8080/{sealed}/nocloud/ quiet"
    with opened(SyslogDoor(sock, who_is, told.record)), Peer() as machine:
        machine.send(line.encode(), sock.getsockname())

        heard = await told.first(events.ConsoleLine)
        assert "Command line: ds=nocloud;s=http://10.0.0.1:8080/(a-token)/nocloud/ quiet" == (
            heard.text
        )


async def test_what_is_no_line_is_dropped_and_told_and_the_door_lives() -> None:
    told, sock = Told(), udp()
    at = sock.getsockname()
    with opened(SyslogDoor(sock, who_is, told.record)), Peer() as machine:
        for junk in (b"", b"no priority", b"<999>x", b"<14"):
            machine.send(junk, at)
        machine.send(b"<14>\xff\xfe\0", at)

        assert (await told.first(events.ConsoleLine)).text == "\ufffd\ufffd"
        assert [each.door for each in told.of(events.PacketDropped)] == ["syslog"] * 4


async def test_a_closed_door_has_closed_its_socket() -> None:
    sock = udp()
    with opened(SyslogDoor(sock, who_is, Told().record)):
        pass

    assert sock.fileno() == -1

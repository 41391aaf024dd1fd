"""The TFTP door against clients of every manner."""

import asyncio
import contextlib
import errno
import itertools
import random
import socket
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from tests.serve.bench import LOOPBACK, Peer, Told, opened, udp

from boots.journal import events
from boots.model.limits import TFTP_TRANSFERS, TFTP_TRANSFERS_OF_ONE
from boots.policy.got import File, Ground, Refusal, Script
from boots.serve import content as content_of
from boots.serve import sending as sending_of
from boots.serve.doors import Given
from boots.serve.tftp import TftpDoor
from boots.wire import tftp
from boots.wire.tftp import Ack, Data, Error, ErrorCode, OptionAck, Request

MAC = "52:54:00:12:34:56"
CONTENT = bytes(range(256)) * 11 + b"end"


class Clock:
    """A clock that a test can put forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A TFTP door on loopback that gives what is in `names`."""

    single_port = False
    most = TFTP_TRANSFERS.most

    def __init__(self, folder: Path, address: str, mtu: int) -> None:
        self.told = Told()
        self.clock = Clock()
        self.file = folder / "file"
        self.file.write_bytes(CONTENT)
        self.names: dict[str, File | Script | Refusal] = {
            "file": File("file", str(self.file)),
            "auto.ipxe": Script("#!ipxe\nshell\n", "osie"),
            "secret": Refusal(Ground.FORBIDDEN, "netboot is off for this machine"),
        }
        sock = udp(address)
        self.at = sock.getsockname()
        single = self.single_port
        self.door = TftpDoor(
            sock,
            self._fetch,
            self.told.record,
            self.clock,
            mtu,
            single_port=single,
            most=self.most,
        )

    def _fetch(self, asked: str, _peer: IPv4Address) -> Given:
        missing = Refusal(Ground.MISSING, f'there is no file "{asked}"')
        return Given(MAC, asked, self.names.get(asked, missing))

    def add(self, name: str, content: bytes) -> Path:
        path = self.file.with_name(name)
        path.write_bytes(content)
        self.names[name] = File(name, str(path))
        return path


@contextlib.contextmanager
def serving(folder: Path, address: str = LOOPBACK, mtu: int = 1500) -> Iterator[Bench]:
    bench = Bench(folder, address, mtu)
    with opened(bench.door):
        yield bench


@pytest.fixture(params=[False, True], ids=["a port for each", "one port for all"])
def single_port(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def folder(tmp_path: Path, single_port: bool, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Bench, "single_port", single_port)
    return tmp_path


a_port_for_each = pytest.mark.parametrize("single_port", [False], indirect=True)
one_port_for_all = pytest.mark.parametrize("single_port", [True], indirect=True)


class Client(Peer):
    """A TFTP client that does what a test says."""

    def __init__(self, bench: Bench, address: str = LOOPBACK) -> None:
        super().__init__(address)
        self._bench = bench
        self.other = ("", 0)

    def ask(
        self,
        name: str,
        mode: str = "octet",
        options: Mapping[str, str] = {},
        *,
        write: bool = False,
    ) -> None:
        self.send(tftp.encode(Request(name, mode, options, write)), self._bench.at)

    def say(self, packet: tftp.Packet) -> None:
        self.send(tftp.encode(packet), self.other)

    async def packet(self) -> tftp.Packet:
        data, self.other = await self.receive()
        return tftp.decode(data)

    async def rest(self, blksize: int = 512, window: int = 1, expected: int = 1) -> bytes:
        """The content, from the block on that comes next."""
        content = b""
        while True:
            packet = await self.packet()
            assert isinstance(packet, Data), packet
            assert packet.block == expected & 0xFFFF
            content += packet.data
            last = len(packet.data) < blksize
            if last or expected % window == 0:
                self.say(Ack(packet.block))
            if last:
                return content
            expected += 1

    async def fetch(self, name: str, mode: str = "octet", **options: str) -> bytes:
        self.ask(name, mode, options)
        if not options:
            return await self.rest()
        accepted = await self.packet()
        assert isinstance(accepted, OptionAck), accepted
        self.say(Ack(0))
        return await self.rest(
            int(accepted.options.get("blksize", "512")),
            int(accepted.options.get("windowsize", "1")),
        )


# --- whole files


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1024, 100_000])
async def test_a_file_arrives_whole(folder: Path, size: int) -> None:
    content = (CONTENT * 40)[:size]
    with serving(folder) as bench, Client(bench) as client:
        bench.add("it", content)

        assert await client.fetch("it") == content
        finished = await bench.told.first(events.TransferFinished)
        assert (finished.mac, finished.name, finished.size) == (MAC, "it", size)
        assert bench.door.transfers == 0


async def test_a_script_arrives_and_its_text_is_told(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        assert await client.fetch("auto.ipxe", blksize="1432", tsize="0") == b"#!ipxe\nshell\n"
        served = await bench.told.first(events.ScriptServed)
        assert (served.door, served.profile, served.script) == ("tftp", "osie", "#!ipxe\nshell\n")


async def test_netascii_has_the_ends_of_lines_it_wants(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        bench.add("text", b"one\ntwo\rthree\n")

        assert await client.fetch("text", "NetASCII") == b"one\r\ntwo\r\0three\r\n"


async def test_many_transfers_at_once_each_arrive_whole(folder: Path) -> None:
    with serving(folder) as bench, contextlib.ExitStack() as stack:
        content = CONTENT * 5
        bench.add("it", content)
        addresses = [f"127.0.0.{1 + number % 4}" for number in range(128)]
        clients = [stack.enter_context(Client(bench, address)) for address in addresses]

        arrived = await asyncio.gather(
            *(client.fetch("it", blksize="1024", windowsize="4") for client in clients)
        )

        assert set(arrived) == {content}
        assert len(await bench.told.several(events.TransferFinished, 128)) == 128


@a_port_for_each
async def test_the_other_doors_get_their_turn_while_many_are_heard(folder: Path) -> None:
    with serving(folder) as bench, contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(Client(bench, f"127.0.0.{1 + number % 4}")) for number in range(80)
        ]
        for client in clients:
            client.ask("file", options={"blksize": "1024"})
            assert isinstance(await client.packet(), OptionAck)
        for client in clients:
            client.say(Ack(0))
        frozen = bench.door._clock
        bench.door._clock = itertools.count(1000, 0.001).__next__

        bench.door._packets()  # two rounds of 16 fit a time that a millisecond a round fills

        assert sum(sending.transfer._sent for sending in bench.door._sendings) == 32
        bench.door._clock = frozen
        for client in clients:
            assert await client.rest(1024) == CONTENT


async def test_a_large_file_arrives_whole_without_being_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_of, "_LARGEST_PREPARED", 1)
    with serving(folder) as bench, Client(bench) as one, Client(bench, "127.0.0.2") as two:
        for options in ({}, {"blksize": "1024", "windowsize": "16"}):
            arrived = await asyncio.gather(
                one.fetch("file", **options), two.fetch("file", **options)
            )
            assert arrived == [CONTENT, CONTENT]
        assert bench.door._shelf.held == 0


# --- negotiation


@pytest.mark.parametrize(
    ("asked", "accepted"),
    [
        ({"blksize": "1468"}, {"blksize": "1468"}),
        ({"blksize": "65464"}, {"blksize": "1468"}),
        ({"blksize": "8"}, {"blksize": "8"}),
        ({"tsize": "0"}, {"tsize": str(len(CONTENT))}),
        ({"timeout": "3"}, {"timeout": "3"}),
        ({"windowsize": "4"}, {"windowsize": "4"}),
        ({"windowsize": "65535"}, {"windowsize": "64"}),
        ({"BlkSize": "1024", "multicast": "", "tsize": "0"}, {"blksize": "1024", "tsize": "2819"}),
    ],
)
async def test_options_are_negotiated(
    folder: Path, asked: dict[str, str], accepted: dict[str, str]
) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask("file", options=asked)

        assert await client.packet() == OptionAck(accepted)
        client.say(Ack(0))
        content = await client.rest(
            int(accepted.get("blksize", "512")), int(accepted.get("windowsize", "1"))
        )
        assert content == CONTENT


async def test_options_that_say_nothing_are_left_out(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask("file", options={"blksize": "7", "timeout": "0", "windowsize": "x"})

        assert await client.rest() == CONTENT


async def test_no_block_is_larger_than_the_mtu_lets_through(folder: Path) -> None:
    with serving(folder, mtu=1400) as bench, Client(bench) as client:
        client.ask("file", options={"blksize": "1468"})

        assert await client.packet() == OptionAck({"blksize": "1368"})


# --- what is refused


@pytest.mark.parametrize(
    ("name", "mode", "write", "error"),
    [
        ("nothing", "octet", False, Error(ErrorCode.NOT_FOUND, 'there is no file "nothing"')),
        (
            "secret",
            "octet",
            False,
            Error(ErrorCode.ACCESS_VIOLATION, "netboot is off for this machine"),
        ),
        ("file", "octet", True, Error(ErrorCode.ACCESS_VIOLATION, "files cannot be written here")),
        ("file", "mail", False, Error(ErrorCode.UNDEFINED, 'there is no mode "mail"')),
    ],
)
async def test_a_refusal_says_why(
    folder: Path, name: str, mode: str, write: bool, error: Error
) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask(name, mode, write=write)

        assert await client.packet() == error
        assert bench.told.events == [
            events.FetchRefused(
                mac=MAC,
                peer=f"127.0.0.1:{client.port}",
                door="tftp",
                name=name,
                why=error.message,
            )
        ]


async def test_a_file_that_has_gone_is_refused_with_its_reason(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        bench.file.unlink()
        client.ask("file")

        assert await client.packet() == Error(
            ErrorCode.UNDEFINED, '"file" cannot be sent: No such file or directory'
        )


async def test_what_is_too_long_for_netascii_is_refused(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        with bench.add("long", b"").open("r+b") as file:
            file.truncate((16 << 20) + 1)
        client.ask("long", "netascii")

        assert await client.packet() == Error(
            ErrorCode.UNDEFINED, '"long" cannot be sent: it is too long for netascii, ask for octet'
        )


@a_port_for_each
async def test_without_a_free_file_descriptor_a_transfer_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(folder) as bench, Client(bench) as client:

        def none_left(*_: object) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr(bench.door, "_socket_to", none_left)
        client.ask("file")

        assert await client.packet() == Error(
            ErrorCode.UNDEFINED, '"file" cannot be sent: Too many open files'
        )


async def test_one_peer_can_have_so_many_transfers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending_of, "TFTP_TRANSFERS_OF_ONE", TFTP_TRANSFERS_OF_ONE._replace(most=2))
    with serving(folder) as bench, contextlib.ExitStack() as stack:
        first, second, third, other = (
            stack.enter_context(Client(bench, address))
            for address in (*[LOOPBACK] * 3, "127.0.0.2")
        )
        for client in (first, second, other):
            client.ask("file")
            assert isinstance(await client.packet(), Data)
        third.ask("file")
        assert await third.packet() == Error(ErrorCode.UNDEFINED, "too many transfers of yours")

        first.say(Error(ErrorCode.UNDEFINED, "enough"))
        await bench.told.first(events.TransferFailed)
        assert await third.fetch("file") == CONTENT


async def test_there_are_only_so_many_transfers(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bench, "most", 1)
    with serving(folder) as bench, Client(bench) as one, Client(bench, "127.0.0.2") as two:
        one.ask("file")
        assert isinstance(await one.packet(), Data)
        bench.clock.now += 0.01
        one.say(Ack(1))
        assert isinstance(await one.packet(), Data)
        two.ask("file")

        assert await two.packet() == Error(ErrorCode.UNDEFINED, "too many transfers, try again")


async def test_a_transfer_that_nobody_answers_makes_room(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bench, "most", 2)
    with serving(folder) as bench, contextlib.ExitStack() as stack:
        made_up, later, real = (
            stack.enter_context(Client(bench, f"127.0.0.{number}")) for number in (2, 3, 4)
        )
        for client in (made_up, later):
            client.ask("file")
            assert isinstance(await client.packet(), Data)

        assert await real.fetch("file") == CONTENT
        failed = await bench.told.first(events.TransferFailed)
        assert failed.peer.startswith("127.0.0.2:")
        assert failed.why == "no answer came, and others need its place"


@pytest.mark.parametrize("junk", [b"", b"\0", b"\0\x09file\0octet\0", b"\0\4\0\1"])
async def test_what_is_no_request_is_dropped_and_told(folder: Path, junk: bytes) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.send(junk, bench.at)

        assert (await bench.told.first(events.PacketDropped)).door == "tftp"
        assert await client.fetch("file") == CONTENT


unreadable = pytest.mark.parametrize(
    "junk",
    [
        b"\0\1\0octet\0",
        b"\0\1file\0\0",
        b"\0\1file",
        b"\0\1\xe9t\xe9\0octet\0",
        b"\0\1" + b"n" * 3000 + b"\0octet\0",
        b"\0\2\0octet\0",
    ],
    ids=["no name", "no mode", "no end", "no UTF-8", "longer than we read", "to write no name"],
)


@unreadable
async def test_a_request_that_cannot_be_read_is_refused_at_once(folder: Path, junk: bytes) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.send(junk, bench.at)

        packet = await client.packet()
        assert isinstance(packet, Error)
        assert packet.code == ErrorCode.ILLEGAL_OPERATION
        assert packet.message == (await bench.told.first(events.PacketDropped)).why


@unreadable
async def test_whoever_asks_from_outside_gets_not_even_a_no(folder: Path, junk: bytes) -> None:
    with serving(folder) as bench, Client(bench) as client:
        outside = Given("", "", Refusal(Ground.OUTSIDE, "in no network that we know"))
        bench.door._fetch = lambda _asked, _peer: outside
        for data in (junk, b"\0\1file\0octet\0", b"\0\2file\0octet\0"):
            client.send(data, bench.at)
        told = await bench.told.several(events.PacketDropped, 3)
        assert ["in no network that we know"] * 2 == [each.why for each in told[1:]]
        assert await client.nothing()


async def test_a_refusal_is_no_longer_than_a_block(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        for name in ("n" * 1900, "ä" * 900):
            client.ask(name)
            data, _ = await client.receive()
            assert len(data) <= 516
            packet = tftp.decode(data)
            assert isinstance(packet, Error)
            assert packet.message.startswith(f'there is no file "{name[:200]}')


async def test_a_fault_in_the_answer_does_not_close_the_door(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        right = bench.door._fetch

        def wrong(asked: str, peer: IPv4Address) -> Given:
            bench.door._fetch = right
            raise KeyError(asked)

        bench.door._fetch = wrong
        client.ask("file")

        assert await client.fetch("file") == CONTENT


# --- how transfers end


async def test_an_abort_after_the_oack_was_a_probe(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask("file", options={"tsize": "0", "blksize": "1468", "windowsize": "4"})
        assert isinstance(await client.packet(), OptionAck)
        client.say(Error(ErrorCode.OPTION_REFUSED, "User aborted the transfer"))

        assert await bench.told.first(events.TransferProbed) == events.TransferProbed(
            mac=MAC,
            peer=f"127.0.0.1:{client.port}",
            door="tftp",
            name="file",
            size=len(CONTENT),
        )
        assert bench.told.of(events.TransferFailed) == []


async def test_an_abort_later_is_a_failure_with_the_reason_of_the_client(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask("file")
        await client.packet()
        client.say(Ack(1))
        await client.packet()
        client.say(Error(ErrorCode.DISK_FULL, "no room"))

        failed = await bench.told.first(events.TransferFailed)
        assert (failed.sent, failed.why) == (512, "the client ended it: no room (error 3)")


async def test_a_client_that_vanishes_is_given_up(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask("file")
        await client.packet()
        client.say(tftp.Ack(1))
        second = await client.packet()
        for _ in range(7):
            bench.clock.now += 6
            bench.door._tick()
            assert await client.packet() == second
        bench.clock.now += 6
        bench.door._tick()

        assert (await bench.told.first(events.TransferFailed)).why == "no answer to 8 tries"
        assert bench.door.transfers == 0


async def test_a_block_that_gets_lost_is_sent_again_in_good_time(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask("file")
        first = await client.packet()
        bench.clock.now += 0.2

        assert await client.packet() == first


@a_port_for_each
async def test_a_closed_port_ends_the_transfer_at_once(folder: Path) -> None:
    with serving(folder) as bench:
        with Client(bench) as client:
            client.ask("file", options={"windowsize": "4"})
            await client.packet()
        bench.clock.now += 0.2  # the OACK goes again, and ICMP says that nobody is there

        assert (await bench.told.first(events.TransferFailed)).why == "the client closed its port"


@a_port_for_each
async def test_another_icmp_error_is_mended_by_the_timer(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask("file")
        first = await client.packet()
        (session,) = bench.door._sendings
        right = session.receive
        session.receive = Unreachable(session.sock).recv
        bench.door._receive(session, bench.clock())
        session.receive = right
        bench.clock.now += 0.2

        assert await client.packet() == first


async def test_a_packet_that_could_not_leave_at_once_leaves_the_long_way(folder: Path) -> None:
    def full(_: bytes | memoryview) -> None:
        raise BlockingIOError(errno.EAGAIN, "no room")

    with serving(folder) as bench, Client(bench) as client:
        client.ask("file")
        for block in (1, 2):
            await client.packet()
            client.say(Ack(block))
        await client.packet()
        (session,) = bench.door._sendings
        session.put = full

        client.say(Ack(3))

        assert await client.packet() == Data(4, CONTENT[1536:2048])
        assert await client.nothing()


class Unreachable(socket.socket):
    """A socket whose packets were too large for a link on the way."""

    def __init__(self, real: socket.socket) -> None:
        super().__init__(fileno=socket.dup(real.fileno()))

    def recv(self, *_: object) -> bytes:
        self.close()
        raise OSError(errno.EMSGSIZE, "Message too long")


async def test_progress_is_told_once_a_second(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask("file")
        for block in (1, 2, 3):
            await client.packet()
            bench.clock.now += 0.6
            client.say(Ack(block))
        await client.packet()

        (told,) = bench.told.of(events.TransferProgressed)
        assert (told.sent, told.size) == (1024, len(CONTENT))


async def test_what_breaks_the_protocol_ends_the_transfer(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask("file")
        await client.packet()
        client.say(Data(1, b"mine"))

        assert await client.packet() == Error(
            ErrorCode.ILLEGAL_OPERATION, "only ACK and ERROR go here"
        )


async def test_a_fault_in_one_transfer_is_not_anothers(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as one, Client(bench) as two:
        one.ask("file")
        await one.packet()
        (session,) = bench.door._sendings
        session.transfer.receive = None  # type: ignore[assignment,method-assign]
        one.say(Ack(1))

        assert await one.packet() == Error(ErrorCode.UNDEFINED, "a fault of the server")
        assert await two.fetch("file") == CONTENT


async def test_a_file_cut_short_under_a_transfer_fails_it_and_nothing_else(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client, Client(bench) as other:
        path = bench.add("long", CONTENT * 1000)
        client.ask("long", options={"blksize": "1024"})
        await client.packet()
        path.write_bytes(b"new")
        client.say(Ack(0))
        block = 0
        while isinstance(packet := await client.packet(), Data):
            block = packet.block
            client.say(Ack(block))

        assert isinstance(packet, Error)
        assert packet.message == "the file cannot be read: it became shorter while it was sent"
        assert block > 100
        assert await other.fetch("long") == b"new"


async def test_a_closing_door_tells_its_clients(folder: Path) -> None:
    bench = Bench(folder, LOOPBACK, 1500)
    with Client(bench) as client:
        with opened(bench.door):
            client.ask("file")
            await client.packet()

        assert await client.packet() == Error(ErrorCode.UNDEFINED, "the server is stopping")
        (failed,) = bench.told.of(events.TransferFailed)
        assert failed.why == "the server is stopping"


# --- requests that come again


async def test_a_repeated_request_gets_no_second_transfer(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        for _ in range(3):
            client.ask("file")

        assert await client.rest() == CONTENT
        assert await client.nothing()
        assert len(bench.told.of(events.TransferStarted)) == 1


async def test_another_request_from_the_same_port_ends_what_was_under_way(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask("file")
        await client.packet()
        client.ask("auto.ipxe")

        assert await client.rest() == b"#!ipxe\nshell\n"
        (failed,) = bench.told.of(events.TransferFailed)
        assert (failed.name, failed.why) == ("file", "the client asked anew")


async def test_a_machine_that_was_reset_begins_anew_from_the_same_port(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        client.ask("file")
        await client.packet()
        client.say(Ack(1))
        await client.packet()
        bench.clock.now += 0.1
        client.ask("file")
        assert await client.nothing()  # late on its way, it does not disturb the transfer
        bench.clock.now += 3
        client.ask("file")
        while not (isinstance(packet := await client.packet(), Data) and packet.block == 1):
            pass  # the timer of the old transfer was due, too
        client.say(Ack(1))

        assert await client.packet() == Data(2, CONTENT[512:1024])


async def interrupted(bench: Bench, client: Client) -> tuple[str, int]:
    """A client that said nothing for a while, and whose request comes once more; its old port."""
    client.ask("file")
    await client.packet()
    client.say(Ack(1))
    await client.packet()
    before = client.other
    bench.clock.now += 3
    client.ask("file")
    while client.other == before:
        await client.packet()
    return before


@a_port_for_each
async def test_a_late_copy_of_a_request_does_not_end_the_transfer(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        before = await interrupted(bench, client)
        client.other = before  # it knows nothing of another transfer, and goes on

        client.say(Ack(2))
        assert await client.rest(expected=3) == CONTENT[1024:]
        await bench.told.first(events.TransferFinished)
        whys = [each.why for each in bench.told.of(events.TransferFailed)]
        assert whys == ["the client asked anew", "a late copy of the request: its client goes on"]
        assert bench.door.transfers == 0


@a_port_for_each
async def test_an_old_ack_takes_nothing_up_that_was_put_aside(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        before = await interrupted(bench, client)
        client.send(tftp.encode(Ack(1)), before)
        client.say(Ack(1))

        assert await client.rest(expected=2) == CONTENT[512:]


@a_port_for_each
async def test_what_was_put_aside_is_let_go_when_nobody_comes_back_to_it(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        before = await interrupted(bench, client)
        client.say(Ack(1))
        assert await client.rest(expected=2) == CONTENT[512:]
        bench.clock.now += 21
        await asyncio.sleep(0.12)  # two looks at the clock, which is the door's own

        assert bench.door._sendings._by_socket == {}
        client.send(tftp.encode(Ack(2)), before)
        assert await client.nothing()


@a_port_for_each
@pytest.mark.parametrize(
    "last", [Error(ErrorCode.UNKNOWN_TRANSFER, "unknown transfer ID"), Data(1, b"mine")]
)
async def test_what_ends_a_transfer_put_aside_leaves_the_new_one_alone(
    folder: Path, last: tftp.Packet
) -> None:
    """A machine that was reset says so to a block that was late on its way."""
    with serving(folder) as bench, Client(bench) as client:
        before = await interrupted(bench, client)
        client.send(tftp.encode(last), before)
        assert await client.nothing()
        assert {} == bench.door._sendings.aside
        client.say(Ack(1))

        assert await client.rest(expected=2) == CONTENT[512:]
        (failed,) = bench.told.of(events.TransferFailed)
        assert failed.why == "the client asked anew"


@a_port_for_each
async def test_a_fault_of_one_put_aside_leaves_the_new_one_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> list[bytes]:
        raise OSError(errno.EIO, "Input/output error")

    with serving(folder) as bench, Client(bench) as client:
        before = await interrupted(bench, client)
        (old,) = bench.door._sendings.aside.values()
        monkeypatch.setattr(old.transfer, "receive", gone)
        client.send(tftp.encode(Ack(2)), before)
        assert isinstance(await client.packet(), Error)
        bench.clock.now += 0.2  # the timer of the new one is due, and it goes on

        assert await client.rest() == CONTENT
        whys = [each.why for each in bench.told.of(events.TransferFailed)]
        assert ["the client asked anew"] == whys
        assert {} == bench.door._sendings.aside


@a_port_for_each
async def test_a_client_that_comes_again_and_again_has_one_put_aside(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        for _ in range(5):
            await interrupted(bench, client)
            client.say(Ack(1))
            await client.packet()
            bench.clock.now += 3

        assert 1 == len(bench.door._sendings.aside)
        assert 2 == len(bench.door._sendings._by_socket)


@a_port_for_each
async def test_who_leaves_with_the_last_block_has_it_all_if_its_ack_was_lost(folder: Path) -> None:
    with serving(folder) as bench:
        bench.add("it", b"short")
        with Client(bench) as client:
            client.ask("it")
            assert await client.packet() == Data(1, b"short")
        bench.clock.now += 0.2  # the block goes again, and ICMP says that nobody is there

        assert (await bench.told.first(events.TransferFinished)).size == 5


# --- addresses


async def test_packets_come_from_the_address_that_was_asked(folder: Path) -> None:
    with serving(folder, address="127.0.0.9") as bench, Client(bench) as client:
        client.ask("file")
        await client.packet()

        assert client.other[0] == "127.0.0.9"
        assert (client.other == bench.at) is bench.single_port


async def test_packets_of_others_do_not_disturb_a_transfer(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client, Client(bench) as stranger:
        client.ask("file")
        await client.packet()
        stranger.send(tftp.encode(Error(0, "stop it")), client.other)
        client.say(Ack(1))

        assert await client.packet() == Data(2, CONTENT[512:1024])
        assert bench.told.of(events.TransferFailed) == []


@one_port_for_all
async def test_one_port_tells_transfers_apart_by_who_asks(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as one, Client(bench) as two:
        for client in (one, two):
            client.ask("file")
            assert await client.packet() == Data(1, CONTENT[:512])
        one.say(Ack(1))
        assert await one.packet() == Data(2, CONTENT[512:1024])
        assert await two.nothing()
        two.say(Error(ErrorCode.DISK_FULL, "no room"))
        await bench.told.first(events.TransferFailed)
        one.say(Ack(2))

        assert await one.packet() == Data(3, CONTENT[1024:1536])


@one_port_for_all
async def test_a_late_word_to_the_one_port_is_dropped(folder: Path) -> None:
    with serving(folder) as bench, Client(bench) as client:
        assert await client.fetch("auto.ipxe") == b"#!ipxe\nshell\n"
        client.say(Ack(1))

        dropped = await bench.told.first(events.PacketDropped)
        assert dropped.why == "not a request, and no transfer to there is under way"
        assert await client.nothing()


async def test_garbage_from_everywhere_ends_no_door_and_no_other_transfer(folder: Path) -> None:
    dice = random.Random(1)
    with serving(folder) as bench, Client(bench) as client, Client(bench) as other:
        other.ask("file")
        await other.packet()
        for _ in range(400):
            opcode = dice.choice([b"\0\1", b"\0\2", b"\0\3", b"\0\4", b"\0\5", b"\0\6", b""])
            target = client.other if client.other[1] and dice.random() < 0.5 else bench.at
            wild = dice.choice([b"file\0octet\0", b"auto.ipxe\0octet\0tsize\x000\0", b""])
            client.send(opcode + wild + dice.randbytes(dice.randrange(40)), target)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(client.packet(), 0.001)

        other.say(Ack(1))
        assert await other.rest(expected=2) == CONTENT[512:]
        with Client(bench) as fresh:
            assert await fresh.fetch("file") == CONTENT

"""TFTP packet by packet: third parties, late requests, clients that vanish, paths that swallow."""

import random
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.faults.bad import Bad, Figures, bad, files_in
from tests.peers.conftest import CLIENT, SERVER, Boots, boots, need, run

from boots.journal import events
from boots.lab import network
from boots.timeline.fleet import Timelines
from boots.wire import ip, tftp
from boots.wire.tftp import Ack, Data, Error, OptionAck, Packet, Request

pytestmark = pytest.mark.peers

CONTENT = random.Random(9).randbytes(40_000)
SHORT = CONTENT[:100]
DOOR = (str(SERVER.ip), 69)
Peer = tuple[str, int]


@pytest.fixture(scope="module")
def link() -> Iterator[Bad]:
    with bad(seed=7) as made:
        yield made


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(False, id="a port for each"),
        pytest.param(True, id="one port for all", marks=pytest.mark.wide),
    ],
)
def single(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def running(link: Bad, single: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boots]:
    folder = tmp_path_factory.mktemp("server")
    files = files_in(folder, f=CONTENT, short=SHORT)
    more = {"BOOTS_TFTP_SINGLE_PORT": str(single).lower()}
    with boots(link.server, folder, "--boot-files", files, environment=more) as server:
        yield server


@pytest.fixture
def server(link: Bad, running: Boots) -> Iterator[Boots]:
    running.mark()
    yield running
    link.mend()


class Client:
    """A reader that says what a test wants it to."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.other: Peer = DOOR

    @property
    def peer(self) -> str:
        """As events name it."""
        return "{}:{}".format(*self.sock.getsockname())

    def ask(self, name: str, **options: str) -> None:
        self.sock.sendto(tftp.encode(Request(name, "octet", options, write=False)), DOOR)

    def say(self, packet: Packet, to: Peer | None = None) -> None:
        self.sock.sendto(tftp.encode(packet), to or self.other)

    def hear(self, within: float = 5) -> Packet | None:
        if not select.select([self.sock], [], [], within)[0]:
            return None
        data, self.other = self.sock.recvfrom(70_000)
        return tftp.decode(data)

    def rest(self, expected: int = 1) -> bytes:
        """The content from this block on; blocks that came before are passed over."""
        content, other = b"", self.other
        while True:
            packet = self.hear()
            assert packet is not None
            if not isinstance(packet, Data) or packet.block != expected:
                self.other = other
                continue
            other, content = self.other, content + packet.data
            self.say(Ack(expected))
            if len(packet.data) < 512:
                return content
            expected += 1


@contextmanager
def client(link: Bad) -> Iterator[Client]:
    with network.within(link.client):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.bind((str(CLIENT.ip), 0))
        yield Client(sock)


def all_heard(one: Client, seconds: float) -> list[Packet]:
    found = []
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        packet = one.hear(left)
        if packet is not None:
            found.append(packet)
    return found


# --- third parties


def test_packets_of_others_do_not_harm_a_transfer(link: Bad, server: Boots) -> None:
    """From another port, and in the very client's name but from a port that it does not use."""
    with client(link) as one, client(link) as other:
        one.ask("f")
        assert Data(1, CONTENT[:512]) == one.hear()
        for packet in (Ack(1), Ack(2), Ack(40), Data(1, b"x" * 512), Error(3, "disk full"), Ack(0)):
            other.say(packet, one.other)
        one.say(Ack(1))
        assert CONTENT[512:] == one.rest(expected=2)

        assert len(CONTENT) == server.until(events.TransferFinished, peer=one.peer).size
        assert [] == server.told(events.TransferFailed, peer=one.peer)


def test_an_error_in_a_clients_own_name_ends_its_transfer_alone_and_is_told(
    link: Bad, server: Boots
) -> None:
    """Who can forge address and port of a client can end what it fetches: TFTP has no secret."""
    with client(link) as one, client(link) as two:
        for each in (one, two):
            each.ask("f")
            assert Data(1, CONTENT[:512]) == each.hear()
        with network.within(link.client):
            raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        with raw:
            own = one.sock.getsockname()
            ends = ((CLIENT.ip, own[1]), (SERVER.ip, one.other[1]))
            raw.sendto(ip.udp(*ends, tftp.encode(Error(0, "forged"))), (str(SERVER.ip), 0))
        failed = server.until(events.TransferFailed, peer=one.peer)
        two.say(Ack(1))
        assert CONTENT[512:] == two.rest(expected=2)
        assert [] == server.told(events.TransferFailed, peer=two.peer)

    assert "the client ended it: forged (error 0)" == failed.why


def test_an_ack_that_was_damaged_and_fits_does_not_make_a_file_that_is_not_whole(
    link: Bad, server: Boots
) -> None:
    """An ACK of blocks that never came: the client never has them, and never has an end."""
    with client(link) as one:
        one.ask("f", windowsize="8")
        assert isinstance(one.hear(), OptionAck)
        one.say(Ack(0))
        assert Data(1, CONTENT[:512]) == one.hear()
        one.say(Ack(7))  # it has one
        heard = all_heard(one, 0.5)
        assert {2, 3, 4, 5, 6, 7, 8} <= {each.block for each in heard if isinstance(each, Data)}
        one.say(Error(0, "this is not in order"))
        failed = server.until(events.TransferFailed, peer=one.peer)
        assert "this is not in order" in failed.why
        assert [] == server.told(events.TransferFinished, peer=one.peer)


# --- requests that come late, words that get lost


def test_copies_of_a_request_harm_no_transfer_and_begin_none(link: Bad, server: Boots) -> None:
    with client(link) as one:
        link.become("double=1,copies=4,stale=1,late=400ms;delay=20ms")
        one.ask("f")
        assert Data(1, CONTENT[:512]) == one.hear()
        one.say(Ack(1))
        assert CONTENT[512:] == one.rest(expected=2)
        server.until(events.TransferFinished, peer=one.peer)
        time.sleep(0.5)  # more than the latest of the copies
        assert 1 == len(server.told(events.TransferFinished, peer=one.peer))


def test_a_request_that_comes_again_when_all_is_over_costs_little_and_harms_nobody(
    link: Bad, server: Boots, single: bool
) -> None:
    with client(link) as one:
        one.ask("short")
        assert Data(1, SHORT) == one.hear()
        one.say(Ack(1))
        server.until(events.TransferFinished, peer=one.peer)
        server.mark()
        one.ask("short")  # a late copy; the client wants no more
        heard = all_heard(one, 1)
        assert {Data(1, SHORT)} == set(heard)
        assert len(heard) <= 3
        peer = one.peer
    if not single:  # with one port for all nobody says that a client's is closed
        server.until(events.TransferFinished, peer=peer)


@pytest.mark.parametrize("single", [False], indirect=True)
def test_a_late_request_in_a_long_silence_does_not_end_the_transfer(
    link: Bad, server: Boots
) -> None:
    """The link was down, and the first thing that comes over it is a copy of the request."""
    with client(link) as one:
        one.ask("f")
        assert Data(1, CONTENT[:512]) == one.hear()
        own = one.other
        one.say(Ack(1))
        assert Data(2, CONTENT[512:1024]) == one.hear()
        link.become("drop=1")
        time.sleep(1.3)  # the server counts silence by the clock
        link.mend()
        one.ask("f")
        while one.other == own:
            one.hear()
        one.other = own
        one.say(Ack(2))
        assert CONTENT[1024:] == one.rest(expected=3)
        server.until(events.TransferFinished, peer=one.peer)


@pytest.mark.wide
def test_a_client_that_goes_on_from_another_port_is_told_of(link: Bad, server: Boots) -> None:
    """Behind an address translator that forgot: RFC 1350 knows a transfer by both ports."""
    with client(link) as one, client(link) as moved:
        one.ask("f", timeout="1")
        assert isinstance(one.hear(), OptionAck)
        one.say(Ack(0))
        one.hear()
        for block in range(1, 4):
            moved.say(Ack(block), one.other)
        assert all(each == Data(1, CONTENT[:512]) for each in all_heard(one, 0.5))
        failed = server.until(events.TransferFailed, timeout=20, peer=one.peer)

    assert (0, "no answer to 8 tries") == (failed.sent, failed.why)


# --- clients that vanish: what they cost


VANISHED = {
    # what is asked for; whether one word follows; packets, and bytes of the file; why it ends
    "nothing agreed on": ({}, False, 4, 4 * 512),
    "never acknowledged": ({"timeout": "1", "windowsize": "64", "blksize": "1468"}, False, 4, 0),
    "acknowledged once": ({"timeout": "1", "windowsize": "16"}, True, 8 * 16, 8 * 16 * 512),
}


@pytest.mark.wide
@pytest.mark.parametrize("case", VANISHED)
def test_who_vanishes_is_sent_little_more_and_told_of(link: Bad, server: Boots, case: str) -> None:
    """Whoever never says a word gets four small packets: no use to amplify anything."""
    options, acked, packets, octets = VANISHED[case]
    with client(link) as one:
        one.ask("f", **options)
        heard = [one.hear()]
        if acked:
            one.say(Ack(0))
            heard = []
        heard += all_heard(one, 12)
        failed = server.until(events.TransferFailed, peer=one.peer)

    assert acked == any(isinstance(each, Error) for each in heard)
    assert packets == len(heard) - acked
    assert octets == sum(len(each.data) for each in heard if isinstance(each, Data))
    tries = "no answer to 8 tries" if acked else "no word of the client after 4 tries"
    assert tries == failed.why


# --- a path that swallows what is large


@pytest.mark.parametrize("larger", [False, True], ids=["blocks that fit", "blocks that do not"])
def test_a_path_that_swallows_large_packets_is_named(
    link: Bad, server: Boots, tmp_path: Path, larger: bool
) -> None:
    began = time.time()
    link.become(";mtu=1400")
    size = "1428" if larger else "1300"
    out, figures = tmp_path / "out", Figures(f"TFTP, path of 1400 bytes, blocks of {size}, atftp")
    words = (need("atftp"), "--option", f"blksize {size}", "--option", "timeout 1")
    with figures.timed():
        run(link.client, *words, "-g", "-r", "f", "-l", out, str(SERVER.ip), timeout=60)
    figures.print()
    if not larger:
        assert CONTENT == out.read_bytes()
        return
    failed = server.until(events.TransferFailed, timeout=30)
    boots_seen = Timelines()
    entries = [events.decode(line) for line in server.journal.read_bytes().splitlines()]
    boots_seen.take([each for each in entries if each.at >= began])

    assert 0 == failed.sent
    [boot] = boots_seen.boots()
    assert boot.finding is not None
    assert "path-mtu" == boot.finding.code

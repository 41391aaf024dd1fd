"""How packets leave: together where the kernel cuts them, one by one where it cannot."""

import errno
import socket
from collections.abc import Iterator

import pytest
from tests.serve.bench import LOOPBACK, udp

from boots.serve.way import Way, can_cut, shared_way, way_of

PACKETS = bytes(range(200)) * 26  # ten of 512 bytes and a short one
SIZE = 512


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with udp() as sock:
        yield sock


@pytest.fixture
def server(client: socket.socket) -> Iterator[socket.socket]:
    with udp() as sock:
        sock.connect(client.getsockname())
        yield sock


def arrived(client: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(client.recv(65_536))
        except BlockingIOError:
            return found


def cut(packets: bytes, size: int = SIZE) -> list[bytes]:
    return [packets[at : at + size] for at in range(0, len(packets), size)]


class Calls:
    """A socket's send that fails as told, and remembers how long each part was."""

    def __init__(self, error: int = 0, above: int = 0) -> None:
        self.error, self.above = error, above
        self.sizes: list[int] = []

    def __call__(self, part: bytes | memoryview) -> int:
        if self.error and len(part) > self.above:
            raise OSError(self.error, "no")
        self.sizes.append(len(part))
        return len(part)


@pytest.mark.parametrize("window", [1, 4, 16, 64])
def test_a_window_arrives_as_its_packets(
    client: socket.socket, server: socket.socket, window: int
) -> None:
    way_of(server, SIZE, window).put(PACKETS)

    assert arrived(client) == cut(PACKETS)


@pytest.mark.parametrize("cuts", [False, True])
def test_a_window_arrives_from_a_shared_socket(client: socket.socket, cuts: bool) -> None:
    with udp() as sock:
        way = shared_way(sock, client.getsockname(), SIZE, 16, cuts=cuts and can_cut(sock))
        way.put(memoryview(PACKETS))

    assert arrived(client) == cut(PACKETS)


def test_a_small_block_size_does_not_cut_other_packets(
    client: socket.socket, server: socket.socket
) -> None:
    way = way_of(server, 12, 16)
    way.say(b"longer than one block")
    way.put(b"0123456789abcdef")

    assert arrived(client) == [b"longer than one block", b"0123456789ab", b"cdef"]


def test_a_kernel_that_can_cut_gets_a_window_in_one_call() -> None:
    several = Calls()
    Way(Calls(), several, SIZE, 16).put(PACKETS)

    assert several.sizes == [len(PACKETS)]


def test_no_call_takes_more_than_a_datagram_holds(server: socket.socket) -> None:
    one, window = 1472, bytes(1472 * 64)
    way = way_of(server, one, 64)
    calls = way._several = Calls()
    way.put(window)

    assert calls.sizes == [44 * one, 20 * one]


@pytest.mark.parametrize("error", [errno.EIO, errno.EINVAL, errno.EMSGSIZE])
def test_what_cannot_be_cut_leaves_packet_by_packet_from_then_on(error: int) -> None:
    one, several = Calls(), Calls(error, above=SIZE)
    way = Way(one, several, SIZE, 4)

    way.put(PACKETS)
    assert one.sizes == [len(each) for each in cut(PACKETS)]
    several.error = 0
    way.put(PACKETS[: 2 * SIZE])
    assert several.sizes == []
    assert one.sizes[-2:] == [SIZE, SIZE]


@pytest.mark.parametrize("error", [errno.EAGAIN, errno.ENOBUFS, errno.ECONNREFUSED])
def test_full_buffers_are_no_reason_to_give_up_cutting(error: int) -> None:
    one, several = Calls(), Calls(error, above=SIZE)
    way = Way(one, several, SIZE, 16)

    way.put(PACKETS)
    several.error = 0
    way.put(PACKETS)

    assert (one.sizes, several.sizes) == ([], [len(PACKETS)])


def test_a_socket_that_cannot_cut_sends_one_by_one(client: socket.socket) -> None:
    with Old() as sock:
        sock.connect(client.getsockname())
        assert not can_cut(sock)
        way_of(sock, SIZE, 16).put(PACKETS)

    assert arrived(client) == cut(PACKETS)


class Old(socket.socket):
    """A socket of a kernel that cannot cut datagrams."""

    def __init__(self) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.bind((LOOPBACK, 0))

    def setsockopt(self, *_: object) -> None:
        raise OSError(errno.ENOPROTOOPT, "Protocol not available")

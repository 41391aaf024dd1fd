"""The reader against the server's own transfers, over a wire that loses."""

import random
from ipaddress import IPv4Address

import pytest

from boots.lab.fleet.kinds import EDK2_PXE, ROM, RPI4, Tftp
from boots.lab.fleet.tftp import Reader
from boots.transfer import Ending, Transfer, negotiate
from boots.wire import tftp

SERVER = IPv4Address("198.51.100.1")
CONTENT = bytes(range(256)) * 130 + b"end"


def take(reader: Reader, packet: bytes, now: float) -> bytes | None:
    return reader.take(bytearray(packet), len(packet), now)


class Wire:
    """A server at the other end of a wire that loses packets, both ways."""

    def __init__(self, loss: float, seed: int) -> None:
        self.chance, self.loss = random.Random(seed), loss
        self.transfer: Transfer | None = None

    def passed(self, packets: list[bytes]) -> list[bytes]:
        return [packet for packet in packets if self.chance.random() >= self.loss]

    def answers(self, packet: bytes, now: float) -> list[bytes]:
        if self.transfer is not None:
            return self.transfer.receive(packet, now) if packet[:2] != b"\0\1" else []
        asked = tftp.decode(packet)
        assert isinstance(asked, tftp.Request)
        self.transfer = Transfer(CONTENT, negotiate(asked.options, len(CONTENT), 1468))
        return self.transfer.start(now)


def read(reader: Reader, *, loss: float = 0.0, seed: int = 1) -> Transfer:
    """Carry packets to and fro until the reader is done."""
    wire, now = Wire(loss, seed), 0.0
    to_server, to_client = [reader.start(now)], []
    while not reader.over:
        for packet in wire.passed(to_server):
            to_client += wire.answers(packet, now)
        now += 0.001
        answers = [take(reader, packet, now) for packet in wire.passed(to_client)]
        to_server, to_client = list(filter(None, answers)), []
        if not to_server:  # everybody waits for a timer
            running = wire.transfer is not None and wire.transfer.outcome is None
            due = wire.transfer.deadline if wire.transfer and running else reader.deadline
            now = max(now, min(due, reader.deadline))
            to_client = wire.transfer.tick(now) if wire.transfer and running else []
            to_server = list(filter(None, [reader.tick(now)]))
    assert wire.transfer is not None
    for packet in to_server:
        wire.transfer.receive(packet, now)
    return wire.transfer


@pytest.mark.parametrize(("terms", "window"), [(ROM.tftp, 1), (EDK2_PXE.tftp, 4), (RPI4.tftp, 1)])
def test_a_file_arrives_whole_in_the_manner_of_each(terms: Tftp, window: int) -> None:
    reader = Reader("boot", SERVER, terms, keep=True)
    transfer = read(reader)

    assert (reader.content, reader.failure, reader.window) == (CONTENT, "", window)
    assert reader.retries == 0
    assert transfer.outcome is not None
    assert transfer.outcome.ending is Ending.COMPLETE


@pytest.mark.parametrize("terms", [ROM.tftp, EDK2_PXE.tftp, RPI4.tftp])
@pytest.mark.parametrize("seed", range(20))
def test_a_file_arrives_whole_over_a_wire_that_loses(terms: Tftp, seed: int) -> None:
    reader = Reader("boot", SERVER, terms, keep=True)
    read(reader, loss=0.05, seed=seed)

    assert (reader.content, reader.failure) == (CONTENT, "")


def test_edk2_asks_for_the_size_and_ends_that() -> None:
    reader = Reader("boot", SERVER, EDK2_PXE.tftp, probe=True)
    asked = tftp.decode(reader.start(0.0))
    said = take(reader, tftp.encode(tftp.OptionAck({"tsize": "1000", "blksize": "1468"})), 0.1)

    assert asked == tftp.Request(
        "boot", "octet", {"tsize": "0", "blksize": "1468", "windowsize": "4"}
    )
    assert said is not None
    assert tftp.decode(said) == tftp.Error(8, "User aborted the transfer")
    assert (reader.over, reader.failure) == (True, "")


def test_a_missing_file_is_told_at_once() -> None:
    reader = Reader("boot", SERVER, ROM.tftp)
    reader.start(0.0)
    take(reader, tftp.encode(tftp.Error(1, "there is no file")), 0.1)

    assert reader.missing
    assert reader.failure == "TFTP: boot: there is no file (error 1)"


def test_a_server_that_does_not_answer_is_given_up() -> None:
    reader = Reader("boot", SERVER, ROM.tftp)
    reader.start(0.0)
    times = []
    while not reader.over:
        now = reader.deadline
        if reader.tick(now) is not None:
            times.append(now)

    assert times == [0.25, 0.75, 1.75, 3.75, 7.75]
    assert reader.failure == "TFTP: no packet for 6 tries, waiting for an answer"


def test_without_an_oack_blocks_have_512_bytes() -> None:
    reader = Reader("boot", SERVER, ROM.tftp, keep=True)
    reader.start(0.0)
    first = take(reader, b"\0\3\0\1" + bytes(512), 0.1)
    take(reader, b"\0\3\0\2" + b"end", 0.2)

    assert first == b"\0\4\0\1"
    assert (reader.over, reader.content) == (True, bytes(512) + b"end")


def test_block_numbers_wrap() -> None:
    reader = Reader("boot", SERVER, Tftp(blksize=8, again=(1.0,)))
    reader.start(0.0)
    take(reader, tftp.encode(tftp.OptionAck({"blksize": "8"})), 0.0)
    for number in range(1, 65_537):
        last = take(reader, b"\0\3" + (number & 0xFFFF).to_bytes(2) + bytes(8), 0.0)

    assert last == b"\0\4\0\0"
    assert reader.received == 8 * 65_536


def test_garbage_is_passed_by() -> None:
    reader = Reader("boot", SERVER, ROM.tftp)
    reader.start(0.0)

    assert take(reader, b"\0", 0.1) is None
    assert not reader.over

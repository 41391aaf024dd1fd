"""The writer's parts by themselves: zeros, the meter, threads, forms, digests."""

import gzip
import lzma
import random
import zlib

import pytest
from tests.agent.images.made import Clock

from boots_agent.images.forms import form_of
from boots_agent.images.line import Channel, Line
from boots_agent.images.meter import Meter
from boots_agent.images.streams import Members
from boots_agent.images.words import Damaged, Digest, Form, Of, Progress, Unsuitable, read_digest
from boots_agent.images.zeros import GRAIN, Run, is_zero, runs
from boots_agent.images.zstd import ZstdStream


def made(*parts: tuple[int, bytes]) -> memoryview:
    return memoryview(bytearray(b"".join(fill * (GRAIN * count) for count, fill in parts)))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(8, b"x")], [Run(0, 8, zero=False)]),
        ([(8, b"\0")], [Run(0, 8, zero=True)]),
        ([(4, b"x"), (4, b"\0")], [Run(0, 4, zero=False), Run(4, 8, zero=True)]),
        ([(4, b"\0"), (4, b"x")], [Run(0, 4, zero=True), Run(4, 8, zero=False)]),
        ([(1, b"x"), (3, b"\0"), (4, b"x")], [Run(0, 8, zero=False)]),
        ([(1, b"x"), (3, b"\0")], [Run(0, 4, zero=False)]),
        ([(1, b"\0")], [Run(0, 1, zero=True)]),
        (
            [(1, b"x"), (5, b"\0"), (2, b"x")],
            [Run(0, 1, zero=False), Run(1, 6, zero=True), Run(6, 8, zero=False)],
        ),
    ],
)
def test_long_runs_of_zeros_are_found(parts: list[tuple[int, bytes]], expected: list[Run]) -> None:
    scaled = [Run(run.start * GRAIN, run.end * GRAIN, run.zero) for run in expected]
    assert scaled == list(runs(made(*parts)))


def test_runs_cover_every_byte_once_and_call_nothing_zero_that_is_not() -> None:
    chance = random.Random(1)
    for _ in range(50):
        content = bytearray()
        while len(content) < 2 << 20:
            fill = chance.choice([b"\0", b"\0", b"x"])
            content += fill * chance.choice([1, 511, GRAIN, 3 * GRAIN, 5 * GRAIN])
        view, at = memoryview(content), 0
        for run in runs(view):
            assert at == run.start < run.end
            assert not run.zero or not bytes(view[run.start : run.end]).strip(b"\0")
            at = run.end
        assert len(content) == at


@pytest.mark.parametrize("place", [None, 0, 1, 4095, 70_000, 131_071])
def test_one_byte_among_zeros_is_seen(place: int | None) -> None:
    content = bytearray(131_072)
    if place is not None:
        content[place] = 1
    assert (place is None) == is_zero(memoryview(content))


def test_progress_has_a_rate_of_late_and_the_time_that_is_left() -> None:
    clock, told = Clock(), list[Progress]()
    meter = Meter(clock, told.append)
    meter.total = 1000
    for _ in range(8):
        clock.sleep(0.5)
        meter.add(50)
        meter.tick()
    assert [50, 150, 250, 350] == [each.done for each in told]  # once a second
    assert (100, 6.5) == (told[-1].rate, told[-1].eta)


def test_without_a_size_the_time_left_is_told_by_what_travelled() -> None:
    clock, told = Clock(), list[Progress]()
    meter = Meter(clock, told.append)
    meter.whole, meter.sent = 400, lambda: 100
    clock.sleep(10)
    meter.tick()
    assert (None, 100, 30) == (told[-1].total, told[-1].sent, told[-1].eta)


def test_the_first_thread_that_fails_ends_all_and_says_why() -> None:
    line = Line()
    full: Channel[int] = Channel(line, 1)
    stopped = []

    def endless() -> None:
        while True:
            full.put(1)

    def fails() -> None:
        full.get()
        raise ValueError("why")

    line.start(endless)
    line.start(fails)
    with pytest.raises(ValueError, match="why"):
        line.finish(lambda: None, 0.01, lambda: stopped.append(1))
    assert [1] == stopped


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"\x1f\x8b\x08\0", Form.GZIP),
        (b"BZh9", Form.BZIP2),
        (b"\xfd7zXZ\0\0", Form.XZ),
        (b"\x28\xb5\x2f\xfd", Form.ZSTD),
        (b"\x50\x2a\x4d\x18", Form.ZSTD),
        (b"QFI\xfb", Form.QCOW2),
        (b'{"boots-image":1', Form.FRAMED),
        (b"", Form.RAW),
        (b"\x60\x2a\x4d\x18", Form.RAW),
    ],
)
def test_first_bytes_tell_the_form(head: bytes, form: Form) -> None:
    assert form is form_of(head)


def test_digests_are_read_as_people_write_them() -> None:
    number = "AB" * 32
    expected = Digest(Of.SENT, "sha256", "ab" * 32)
    assert expected == read_digest(number, Of.SENT)
    assert expected == read_digest(f" sha256:{number}\n", Of.SENT)
    assert read_digest("c" * 128, Of.IMAGE) == Digest(Of.IMAGE, "sha512", "c" * 128)
    for wrong in ("", "sha256:", "md5:" + "a" * 32, "sha512:" + "a" * 64, "z" * 64):
        with pytest.raises(ValueError, match="is no digest"):
            read_digest(wrong, Of.SENT)


def pulled(reader: Members | ZstdStream, length: int) -> bytes:
    block = bytearray(length)
    return bytes(block[: reader.readinto(memoryview(block))])


def test_streams_come_in_pieces_of_any_size_and_padding_may_follow() -> None:
    content = random.Random(2).randbytes(10_000)
    packed = gzip.compress(content) + bytes(100) + gzip.compress(content) + bytes(7)
    pieces = [packed[at : at + 3] for at in range(0, len(packed), 3)]
    reader = Members(Form.GZIP, lambda: pieces.pop(0) if pieces else b"")
    found = b"".join(iter(lambda: pulled(reader, 997), b""))
    assert content * 2 == found


def test_what_would_take_too_much_memory_is_refused() -> None:
    packed = bytearray(lzma.compress(b"x"))
    # The header of the block says how much, and has a checksum (xz file format 3.1).
    end = 12 + (packed[12] + 1) * 4
    packed[16] = 34  # 512 MiB
    packed[end - 4 : end] = zlib.crc32(packed[12 : end - 4]).to_bytes(4, "little")
    pieces = [bytes(packed)]
    reader = Members(Form.XZ, lambda: pieces.pop(0) if pieces else b"")
    with pytest.raises(Unsuitable, match="more than 128 MiB of memory"):
        pulled(reader, 10)
    # A frame with a window of 2 GiB (RFC 8878, 3.1.1.1.2).
    wide = [b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + b"\x01\x00\x00"]
    with pytest.raises(Unsuitable, match="more than 128 MiB of memory"):
        pulled(ZstdStream(lambda: wide.pop(0) if wide else b""), 10)


def test_a_stream_of_nothing_is_damage() -> None:
    with pytest.raises(Damaged, match="ends early"):
        pulled(ZstdStream(lambda: b""), 10)

"""Files that leave by sendfile: all bytes, in turns, whatever happens to the others."""

import asyncio
import contextlib
import os
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from boots.serve.pouring import Pourer

MIB = 1 << 20
TURN = 8 * MIB


@dataclass(frozen=True, slots=True)
class Way:
    """A connection with small buffers, as both ends have it."""

    near: socket.socket
    far: socket.socket

    async def all(self) -> bytes:
        """Everything that comes, read in small pieces."""
        loop = asyncio.get_running_loop()
        found = bytearray()
        while piece := await loop.sock_recv(self.far, 50_000):
            found += piece
        return bytes(found)


@contextlib.contextmanager
def ways(count: int) -> Iterator[list[Way]]:
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(count):
            near, far = socket.socketpair()
            for each in (near, far):
                each.setblocking(False)
                stack.enter_context(each)
            made.append(Way(near, far))
        yield made


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def content() -> bytes:
    return os.urandom(2 * MIB)


@pytest.fixture
def file(tmp_path: Path, content: bytes) -> Iterator[int]:
    (tmp_path / "file").write_bytes(content)
    opened = os.open(tmp_path / "file", os.O_RDONLY)
    yield opened
    os.close(opened)


async def poured(pourer: Pourer, way: Way, file: int, start: int, length: int) -> bytes:
    """What the far end has at the end of it."""
    reading = asyncio.create_task(way.all())
    await pourer.pour(way.near, file, start, length)
    way.near.shutdown(socket.SHUT_WR)
    return await reading


async def test_many_at_once_get_their_own_parts(file: int, content: bytes) -> None:
    pourer = Pourer()
    with ways(20) as many:
        got = await asyncio.gather(
            *(poured(pourer, way, file, 1000 * n, MIB + n) for n, way in enumerate(many))
        )
    assert [content[1000 * n : 1000 * n + MIB + n] for n in range(20)] == got


async def test_one_that_does_not_read_holds_up_nobody(file: int, content: bytes) -> None:
    pourer = Pourer()
    with ways(2) as (silent, other):
        stuck = asyncio.create_task(pourer.pour(silent.near, file, 0, len(content)))
        assert content == await poured(pourer, other, file, 0, len(content))
        assert not stuck.done()
        stuck.cancel()
        await asyncio.wait([stuck])


async def test_one_that_goes_is_told_of_and_the_others_go_on(file: int, content: bytes) -> None:
    pourer = Pourer()
    with ways(2) as (gone, other):
        lost = asyncio.create_task(pourer.pour(gone.near, file, 0, len(content)))
        await asyncio.sleep(0)
        gone.far.close()
        assert content == await poured(pourer, other, file, 0, len(content))
        with pytest.raises(ConnectionError):
            await lost


async def test_a_file_that_becomes_shorter_is_told_of(file: int, content: bytes) -> None:
    with ways(1) as (way,), pytest.raises(OSError, match="shorter"):
        await poured(Pourer(), way, file, 0, len(content) + 1)


async def test_after_the_last_nothing_is_watched(file: int, content: bytes) -> None:
    pourer = Pourer()
    before = open_files()
    with ways(2) as (first, second):
        stuck = asyncio.create_task(pourer.pour(first.near, file, 0, len(content)))
        await poured(pourer, second, file, 0, len(content))
        stuck.cancel()
        await asyncio.wait([stuck])
    assert before == open_files()


# --- turns


@dataclass(frozen=True, slots=True)
class Sent:
    """A portion, the connection, and the turn of the loop that it left in."""

    out: int
    size: int
    turn: int


@dataclass(slots=True)
class Seen:
    """Everything sent, and the turn that the loop is at."""

    sent: list[Sent] = field(default_factory=list)
    turn: int = 0


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """What leaves where connections take all they get, after a first try that they do not."""
    seen, begun = Seen(), set[int]()

    def sendfile(out: int, _file: int, _at: int, most: int) -> int:
        if out not in begun:
            begun.add(out)
            raise BlockingIOError
        seen.sent.append(Sent(out, most, seen.turn))
        return most

    monkeypatch.setattr(os, "sendfile", sendfile)
    return seen


async def pour_for_turns(count: int, seen: Seen) -> None:
    """So many files of a terabyte leave, for twelve turns of the loop."""
    pourer = Pourer()
    with ways(count) as many:
        tasks = [asyncio.create_task(pourer.pour(way.near, -1, 0, 1 << 40)) for way in many]
        for seen.turn in range(12):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@pytest.mark.parametrize("count", [1, 2, 5, 16, 100])
async def test_files_that_leave_together_share_a_turn_of_the_loop(count: int, seen: Seen) -> None:
    await pour_for_turns(count, seen)
    in_turns = Counter[int]()
    for each in seen.sent:
        in_turns[each.turn] += each.size
    assert len(in_turns) > 5
    assert all(TURN - count < size <= TURN for size in in_turns.values())


async def test_however_many_leave_a_portion_is_worth_its_call(seen: Seen) -> None:
    await pour_for_turns(200, seen)
    assert {MIB} == {each.size for each in seen.sent}


async def test_all_come_before_one_comes_again(seen: Seen) -> None:
    await pour_for_turns(24, seen)
    outs = [each.out for each in seen.sent]
    assert len(outs) > 48
    assert 24 == len(set(outs[:24]))
    assert outs[:24] == outs[24:48]

"""Streams: what happens arrives, and readers that do not keep up cost nothing."""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from tests.api.bench import LOOPBACK, Bench, bench, events_of, request
from tests.api.desk import MAC, OTHER_MAC, line

from boots.api.desk import Refused
from boots.api.streams import EventBox, MachineBox
from boots.client.words import EventLine


async def until(ready: Callable[[], object], *, seconds: float = 3.0) -> None:
    """Wait for something that comes by itself."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


async def test_events_arrive_as_they_happen() -> None:
    async with bench() as at:
        reader, writer = await at.stream("/v1/events/stream")
        at.desk.happen("ScriptServed", profile="osie")
        at.desk.happen("OfferSent", OTHER_MAC)
        first, second = await events_of(reader, 2)
        writer.close()

    assert ("1", "ScriptServed") == (first["id"], first["event"])
    assert {"profile": "osie"} == json.loads(first["data"])["event"]
    assert ("2", OTHER_MAC) == (second["id"], json.loads(second["data"])["mac"])


async def test_a_stream_may_be_of_one_machine_or_of_one_kind() -> None:
    async with bench() as at:
        at.desk.happen("ScriptServed", OTHER_MAC)
        at.desk.happen("OfferSent")
        at.desk.happen("ScriptServed")
        reader, writer = await at.stream("/v1/events/stream?key=one&kind=ScriptServed&after=0")
        (found,) = await events_of(reader, 1)
        writer.close()

    assert "3" == found["id"]


async def test_a_reader_goes_on_after_the_last_one_it_had() -> None:
    async with bench() as at:
        for _ in range(1200):  # more than two pages of history
            at.desk.happen()
        reader, writer = await at.stream("/v1/events/stream?after=3", Last_Event_ID="10")
        found = await events_of(reader, 1190)
        at.desk.happen()
        (live,) = await events_of(reader, 1)
        writer.close()

    assert [str(number) for number in range(11, 1201)] == [each["id"] for each in found]
    assert "1201" == live["id"]


async def test_an_id_that_is_none_is_refused() -> None:
    async with bench() as at:
        odd = await at.ask("GET", "/v1/events/stream", Last_Event_ID="x")
        strange = await at.ask("GET", "/v1/events/stream?key=nobody&after=0")

    assert (400, 404) == (odd.status, strange.status)


async def test_what_is_refused_before_it_begins_is_a_problem() -> None:
    async with bench() as at:

        def refusing(**_given: object) -> object:
            raise Refused(503, "Service Unavailable", "no store")

        at.desk.follow_events = refusing  # type: ignore[method-assign]
        answer = await at.ask("GET", "/v1/events/stream")

    assert (503, "no store") == (answer.status, answer.json["detail"])


async def test_machines_arrive_several_at_a_time() -> None:
    async with bench() as at:
        reader, writer = await at.stream("/v1/machines/stream")
        at.desk.machines_follow.put([line("one", MAC), line("two", OTHER_MAC)])
        (found,) = await events_of(reader, 1)
        writer.close()

    assert "machines" == found["event"]
    assert ["one", "two"] == [each["name"] for each in json.loads(found["data"])]


async def test_a_quiet_stream_gives_signs_of_life() -> None:
    async with bench(alive_every=0.01) as at:
        reader, writer = await at.stream("/v1/events/stream")
        await reader.readuntil(b": still here\n\n")
        writer.close()


async def test_there_are_only_so_many_streams() -> None:
    async with bench(streams=1) as at:
        _, writer = await at.stream("/v1/events/stream")
        second = await at.ask("GET", "/v1/machines/stream")
        writer.close()
        await until(lambda: not at.desk.events_follow.readers)
        third = await at.ask("HEAD", "/v1/machines/stream")

    assert (503, 200) == (second.status, third.status)


async def test_a_reader_that_left_is_let_go_at_once() -> None:
    async with bench() as at:
        _, writer = await at.stream("/v1/events/stream")
        assert 1 == len(at.desk.events_follow.readers)
        writer.transport.abort()
        await until(lambda: not at.desk.events_follow.readers)


async def test_the_listener_closes_with_streams_open() -> None:
    async with bench() as at:
        reader, writer = await at.stream("/v1/events/stream")
        began = time.monotonic()
        await at.listener.close()
        took = time.monotonic() - began
        rest = await reader.read()
        writer.close()

    assert took < 1
    assert rest.endswith(b"0\r\n\r\n")  # it ended, and did not break off


async def test_a_token_that_was_dropped_ends_its_stream() -> None:
    async with bench(tokens_required=True, alive_every=0.01) as at:
        reader, writer = await at.stream("/v1/events/stream", Authorization="Bearer viewer-token")
        del at.desk.known["viewer-token"]
        await reader.readuntil(b": still here\n\n")
        at.clock.now += 60
        await asyncio.wait_for(reader.read(), 2)
        writer.close()


async def test_a_desk_that_breaks_ends_the_stream_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with bench() as at:
        reader, writer = await at.stream("/v1/events/stream")
        at.desk.events_follow.put("nonsense")
        await reader.read()
        writer.close()
        after = await at.ask("GET", "/v1/me")

    assert 200 == after.status
    assert "a stream broke off" in capsys.readouterr().out


@asynccontextmanager
async def slow_reader(at: Bench) -> AsyncIterator[socket.socket]:
    """One that asked for events, and has read nothing yet."""
    at.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)  # connections inherit it
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, (LOOPBACK, at.port))
        await loop.sock_sendall(sock, request("GET", "/v1/events/stream", None))
        await until(lambda: at.desk.events_follow.readers)
        yield sock


async def test_a_slow_reader_is_told_what_it_missed_and_costs_no_memory() -> None:
    async with bench() as at, slow_reader(at) as sock:
        for _ in range(1000):  # some 10 MB
            at.desk.happen(script="x" * 10_000)
            await asyncio.sleep(0)
        raw = b""
        while b"id: 1000\n" not in raw[-100_000:]:
            raw += await asyncio.get_running_loop().sock_recv(sock, 1 << 16)

    gaps = [json.loads(each) for each in re.findall(rb"event: missed\ndata: (.*)\n", raw)]
    got = [int(each) for each in re.findall(rb"^id: (\d+)$", raw, re.MULTILINE)]
    missed = [n for gap in gaps for n in range(gap["first"], gap["last"] + 1)]
    assert [gap["first"] - 1 for gap in gaps] == [gap["after"] for gap in gaps]
    assert list(range(1, 1001)) == sorted([*got, *missed])
    assert len(missed) == sum(gap["missed"] for gap in gaps)
    assert len(raw) < 5_000_000


async def test_a_reader_that_takes_nothing_is_closed() -> None:
    async with bench(patience=0.05) as at, slow_reader(at):
        for _ in range(1000):
            at.desk.happen(script="x" * 10_000)
        await until(lambda: not at.desk.events_follow.readers)


def event(number: int, size: int = 0) -> EventLine:
    return EventLine(id=number, at=0.0, mac="", kind="K", event={"x": "x" * size})


def test_what_waits_for_a_reader_is_bounded() -> None:
    box = EventBox(most=1000, after=0)
    for number in range(1, 101):
        box.put(event(number))
    frames = box.take()

    missed = 101 - len(frames)
    assert {"missed": missed, "after": 0, "first": 1, "last": missed} == told_in(frames[0])
    assert sum(map(len, frames[1:])) <= 1000
    assert frames[-1].startswith(b"id: 100\nevent: K\ndata: {")
    assert [] == box.take()


def told_in(framed: bytes) -> dict[str, int]:
    found: dict[str, int] = json.loads(framed.partition(b"data: ")[2])
    return found


def ids_of(frames: list[bytes]) -> list[int]:
    return [told_in(each)["id"] for each in frames if not each.startswith(b"event: missed")]


def test_a_gap_says_after_which_event_it_is_whatever_the_ids_are() -> None:
    told = [(number * 61) % 101 for number in range(1, 101)]  # as those for some machines only
    box = EventBox(most=1000, after=77)
    for number in told[:50]:
        box.put(event(number))
    first = box.take()
    for number in told[50:]:
        box.put(event(number))
    second = box.take()

    assert (77, told[0]) == (told_in(first[0])["after"], told_in(first[0])["first"])
    assert (told[49], told[50]) == (told_in(second[0])["after"], told_in(second[0])["first"])
    for each, sent in ((told[:50], first), (told[50:], second)):
        missed = each[: told_in(sent[0])["missed"]]
        assert each == [*missed, *ids_of(sent)]
        assert missed[-1] == told_in(sent[0])["last"]


def test_a_stream_from_now_on_keeps_its_first_event_to_go_on_after() -> None:
    told = [(number * 61) % 101 for number in range(1, 101)]
    box = EventBox(most=1000)
    for number in told:
        box.put(event(number))
    first, gap, *rest = box.take()

    missed = told_in(gap)["missed"]
    assert told == [*ids_of([first]), *told[1 : missed + 1], *ids_of(rest)]
    assert (told[0], told[1]) == (told_in(gap)["after"], told_in(gap)["first"])
    box.put(event(1, 400))
    box.put(event(2, 400))
    box.put(event(3, 400))
    assert told[-1] == told_in(box.take()[0])["after"]


def test_one_event_larger_than_the_bound_is_told_all_the_same() -> None:
    box = EventBox(most=1000)
    box.put(event(1, 5000))

    assert 1 == len(box.take())


def test_a_slow_reader_of_machines_gets_the_latest_of_each() -> None:
    box = MachineBox(most=2)
    for number in range(10):
        box.put([line("one", MAC, heard=float(number)), line("two", OTHER_MAC)])
    box.put([line("three", MAC)])
    frames = box.take()

    lines = msgspec.json.decode(frames[0].partition(b"data: ")[2])
    assert [("one", 9.0), ("two", 0.0)] == [(each["name"], each["heard"]) for each in lines]
    assert b'event: missed\ndata: {"missed":1}\n\n' == frames[1]
    assert [] == box.take()


def test_many_machines_come_in_several_events() -> None:
    box = MachineBox()
    box.put([line(str(number), MAC) for number in range(450)])

    assert [200, 200, 50] == [
        len(msgspec.json.decode(frame.partition(b"data: ")[2])) for frame in box.take()
    ]

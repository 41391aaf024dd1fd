"""The socket pair between the main process and a worker: whole messages, in order, no waiting."""
# ruff: noqa: ASYNC110  # to let the loop go round is all there is to do

import asyncio
import socket
from collections.abc import Awaitable, Callable
from functools import wraps

from hypothesis import given
from hypothesis import strategies as st

from boots.app.workers.channel import Channel, Frames, framed, pair


@given(st.lists(st.binary(max_size=50)), st.data())
def test_messages_arrive_as_they_were_sent_however_they_are_cut(
    sent: list[bytes], data: st.DataObject
) -> None:
    stream, frames = b"".join(map(framed, sent)), Frames()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert sent == [message for piece in pieces for message in frames.take(piece)]


def on_loop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        asyncio.run(asyncio.wait_for(test(), 10))

    run.__dict__.pop("__wrapped__")
    return run


class End:
    """One end, and what came to it."""

    def __init__(self, sock: socket.socket) -> None:
        self.heard: list[bytes] = []
        self.gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        self.channel = Channel(sock, loop, self.heard.append, self.gone.set)


@on_loop
async def test_what_was_sent_is_there_for_who_catches_up() -> None:
    one, other = map(End, pair())
    one.channel.send(b"first")
    one.channel.send(b"second")
    other.channel.catch_up()

    assert [b"first", b"second"] == other.heard
    one.channel.close()
    other.channel.close()


@on_loop
async def test_who_sends_never_waits_for_who_does_not_read() -> None:
    one, other = map(End, pair())
    sent = [bytes([number]) * 100_000 for number in range(200)]
    for each in sent:
        one.channel.send(each)

    assert one.channel.waiting > 0
    while len(other.heard) < len(sent):
        await asyncio.sleep(0)
    assert sent == other.heard
    assert one.channel.waiting == 0
    one.channel.close()
    other.channel.close()


@on_loop
async def test_the_end_comes_behind_the_last_message() -> None:
    one, other = map(End, pair())
    one.channel.send(b"last")
    one.channel.close()
    one.channel.close()
    one.channel.send(b"nobody hears this")
    await other.gone.wait()
    other.channel.catch_up()

    assert [b"last"] == other.heard


@on_loop
async def test_to_tell_somebody_who_is_gone_does_no_harm() -> None:
    near, far = pair()
    one = End(near)
    far.close()
    one.channel.send(b"is anybody there")
    await one.gone.wait()

    assert one.channel.waiting == 0

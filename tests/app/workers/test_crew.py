"""Workers that cannot be begun."""

import signal
from collections.abc import Iterator, Mapping
from socket import socket

import pytest

from boots.app.workers import crew, spawn
from boots.app.workers.crew import Crew
from boots.app.workers.spawn import Process
from boots.app.workers.words import Order


def untold() -> Iterator[Order]:
    raise MemoryError
    yield


def out_of_memory(*_: object) -> None:
    raise MemoryError


@pytest.mark.parametrize("where", ["as it is told", "before it can be"])
async def test_one_that_cannot_be_told_what_is_known_does_not_stay(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    started: list[Process] = []
    start = spawn.start

    def counted(doors: Mapping[str, socket], charge: int) -> Process:
        started.append(start(doors, charge))
        return started[-1]

    monkeypatch.setattr(spawn, "start", counted)
    if where == "before it can be":
        monkeypatch.setattr(crew, "Channel", out_of_memory)
    made = Crew(
        [{}],
        take=lambda _: None,
        record=lambda _: None,
        metrics=None,
        freed=lambda _: None,
        recall=untold,
    )
    await made.start(b"", 1)
    await made.end()

    assert started
    assert {-signal.SIGKILL} == {each.process.wait(5) for each in started}
    for each in started:
        each.talk.close()
        each.charges.close()

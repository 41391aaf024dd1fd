"""What happened is told once, whatever becomes of the link, the server or the agent."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boots_agent.courier import Courier, Pace
from boots_agent.outbox import MOST_LETTERS, MOST_LINES, Line, Outbox
from boots_agent.server import RefusedError, StrangeKeyError, TroubleError


def line(text: str) -> Line:
    return Line(1.0, 0, 1, text)


def event(kind: str) -> dict[str, Any]:
    return {"type": kind, "step": 0, "attempt": 1}


class Ear:
    """A server that takes events and lines by their numbers, and wants the next of each."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.lines: list[str] = []
        self.progress: list[Any] = []
        self.say = "go"

    def tell(self, message: dict[str, Any]) -> dict[str, Any]:
        json.dumps(message)
        for each in message["events"]:
            if each["sequence"] == len(self.events) + 1:
                self.events.append(each["type"])
        for each in message["lines"]:
            if each["number"] == len(self.lines) + 1:
                self.lines.append(each["text"])
        self.progress += [message["progress"]] if "progress" in message else []
        return {"expected": len(self.events) + 1, "line": len(self.lines) + 1, "do": self.say}


class Time:
    """A clock that goes on when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited: list[float] = []

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


def courier(box: Outbox, tell: Callable[[dict[str, Any]], dict[str, Any]], time: Time) -> Courier:
    return Courier(box, tell, lambda _: None, Pace(), clock=time.clock, wait=time.wait)


# --- the outbox


def test_events_and_lines_are_numbered_from_one_and_kept_until_they_are_heard() -> None:
    box = Outbox()
    box.put_event(event("started"))
    box.put_lines([line("a"), line("b")])
    first = box.message()
    assert [1] == [each["sequence"] for each in first["events"]]
    assert [(1, "a"), (2, "b")] == [(each["number"], each["text"]) for each in first["lines"]]
    assert first == box.message()
    box.heard(1, 2)
    assert [(2, "b")] == [(each["number"], each["text"]) for each in box.message()["lines"]]
    box.heard(2, 3)
    assert box.is_empty


def test_of_too_many_lines_the_last_are_kept_and_one_says_how_many_are_missing() -> None:
    box, ear = Outbox(), Ear()
    box.put_lines([line(str(each)) for each in range(MOST_LINES + 10)])
    while not box.is_empty:
        answer = ear.tell(box.message())
        box.heard(answer["expected"], answer["line"])
    assert MOST_LINES + 1 == len(ear.lines)
    assert "[10 lines are missing: they came faster than they could be sent]" == ear.lines[0]
    assert ["10", str(MOST_LINES + 9)] == [ear.lines[1], ear.lines[-1]]


def test_of_long_lines_fewer_are_kept() -> None:
    box, ear = Outbox(), Ear()
    box.put_lines([line("x" * MOST_LETTERS)] * 600)
    courier(box, ear.tell, Time()).finish()
    assert "[100 lines are missing: they came faster than they could be sent]" == ear.lines[0]
    assert 501 == len(ear.lines)


def test_a_message_is_one_that_the_server_takes_whatever_is_in_it() -> None:
    box = Outbox()
    box.put_lines([line("\N{PILE OF POO}" * 5000)] * MOST_LINES)
    box.put_event({**event("ended"), "message": "\N{PILE OF POO}" * 16_384})
    message = box.message()
    assert len(json.dumps(message)) < 1 << 20
    assert MOST_LETTERS == len(message["lines"][1]["text"])


Steps = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.sampled_from(["started", "ended"])),
        st.tuples(st.just("lines"), st.integers(1, 1500)),
        st.tuples(st.just("told"), st.booleans()),
        st.tuples(st.just("killed"), st.booleans()),
    ),
    max_size=25,
)


@given(steps=Steps)
def test_an_agent_that_is_killed_anywhere_loses_and_doubles_nothing(
    steps: list[tuple[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Answers may be lost, and the last words in the file may be cut short."""
    path: Path = tmp_path_factory.mktemp("box") / "outbox"
    box, ear = Outbox(path), Ear()
    wanted: list[str] = []
    count = 0
    for what, how in steps:
        if what == "event":
            box.put_event(event(how))
            wanted.append(how)
        elif what == "lines":
            box.put_lines([line(str(count + each)) for each in range(how)])
            count += how
        elif what == "told":
            answer = ear.tell(box.message())
            if how:
                box.heard(answer["expected"], answer["line"])
        else:
            if how and path.exists():
                with path.open("ab") as file:
                    file.write(b'["lines", [[1.0')
            box = Outbox.kept(path)
    rest = courier(Outbox.kept(path), ear.tell, Time())
    rest.finish()
    assert wanted == ear.events
    missing = sum(int(each[1:].split()[0]) for each in ear.lines if each.startswith("["))
    said = [int(each) for each in ear.lines if not each.startswith("[")]
    assert count == len(said) + missing
    assert sorted(set(said)) == said


def test_the_file_does_not_grow_with_what_was_told(tmp_path: Path) -> None:
    box, ear = Outbox(tmp_path / "outbox"), Ear()
    for number in range(200):
        box.put_lines([line("x" * 900)] * 100)
        answer = ear.tell(box.message())
        box.heard(answer["expected"], answer["line"])
        assert (tmp_path / "outbox").stat().st_size < 5 << 20, number
    assert 0o600 == (tmp_path / "outbox").stat().st_mode & 0o777


def test_without_room_for_the_file_all_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, ear = Outbox(tmp_path / "outbox"), Ear()
    box.put_event(event("started"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("boots_agent.outbox._append", full)
    box.put_lines([line("a")])
    box.put_event(event("ended"))
    courier(box, ear.tell, Time()).finish()
    assert (["started", "ended"], ["a"]) == (ear.events, ear.lines)


# --- the courier


def test_a_link_that_is_away_for_half_a_minute_loses_nothing() -> None:
    box, ear, time = Outbox(), Ear(), Time()
    box.put_event(event("started"))
    box.put_lines([line("a")])
    box.put_event(event("ended"))
    tries: list[float] = []

    def tell(message: dict[str, Any]) -> dict[str, Any]:
        tries.append(time.now - 1000)
        if time.now < 1030:
            raise TroubleError("Network is unreachable")
        return ear.tell(message)

    courier(box, tell, time).finish()
    assert [0, 1, 3, 7, 15, 31] == tries
    assert (["started", "ended"], ["a"]) == (ear.events, ear.lines)


def test_a_request_whose_answer_was_lost_is_sent_again_and_counts_once() -> None:
    box, ear, time = Outbox(), Ear(), Time()
    box.put_event(event("started"))
    box.put_lines([line("a")])
    lost = iter([True, True, False])

    def tell(message: dict[str, Any]) -> dict[str, Any]:
        answer = ear.tell(message)
        if next(lost):
            raise TroubleError("Connection reset")
        return answer

    courier(box, tell, time).finish()
    assert (["started"], ["a"]) == (ear.events, ear.lines)


def test_a_server_that_does_not_take_what_it_is_sent_is_not_asked_without_a_pause() -> None:
    box, ear, time = Outbox(), Ear(), Time()
    box.put_event(event("started"))
    answers = iter([{"expected": 1, "line": 1, "do": "go"}, {}, None])

    def tell(message: dict[str, Any]) -> dict[str, Any]:
        answer = next(answers)
        return ear.tell(message) if answer is None else answer

    courier(box, tell, time).finish()
    assert [1, 2] == time.waited


def test_a_fault_of_ours_is_said_and_does_not_end_the_telling() -> None:
    box, ear, time = Outbox(), Ear(), Time()
    box.put_event(event("started"))
    faults = iter([KeyError("surprise"), None])

    def tell(message: dict[str, Any]) -> dict[str, Any]:
        fault = next(faults)
        if fault is not None:
            raise fault
        return ear.tell(message)

    courier(box, tell, time).finish()
    assert (["started"], [1]) == (ear.events, time.waited)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_session_that_is_over_is_told_to_nobody(status: int) -> None:
    box, time = Outbox(), Time()
    box.put_event(event("started"))
    error = StrangeKeyError("401") if status == 401 else RefusedError(str(status))
    error.status = status

    def tell(_: dict[str, Any]) -> dict[str, Any]:
        raise error

    told = courier(box, tell, time)
    told.finish()
    assert told.lost
    told.finish()
    assert [] == time.waited


def test_a_heartbeat_comes_every_twenty_seconds_and_news_within_one() -> None:
    box, ear, time = Outbox(), Ear(), Time()
    moments: list[float] = []

    def hear(message: dict[str, Any]) -> dict[str, Any]:
        moments.append(time.now - 1000)
        if len(moments) == 3:
            told.lines([line("news")])
        if len(moments) == 5:
            told._finishing = True
        return ear.tell(message)

    told = courier(box, hear, time)
    told.deliver()
    assert [0, 20, 40, 41, 61] == moments
    assert ["news"] == ear.lines


def test_progress_is_told_once_and_only_the_latest() -> None:
    box, ear, time = Outbox(), Ear(), Time()
    told = courier(box, ear.tell, time)
    told.progress({"done": 1})
    told.progress({"done": 2})
    box.put_event(event("started"))
    told.finish()
    box.put_event(event("ended"))
    told.finish()
    assert [{"done": 2}] == ear.progress


def test_cancel_is_heard_at_once() -> None:
    box, ear, time = Outbox(), Ear(), Time()
    ear.say = "cancel"
    woken = threading.Event()
    told = Courier(box, ear.tell, lambda _: None, clock=time.clock, wait=time.wait, wake=woken.set)
    told.event("started", 0, 1)
    told.finish()
    assert told.cancelled
    assert woken.is_set()

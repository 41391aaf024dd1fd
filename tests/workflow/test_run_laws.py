"""Laws of runs: whatever is told, in whatever order, however often."""

from collections import defaultdict
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.workflow.reading import template

from boots.workflow.advancing import advance
from boots.workflow.due import deadline
from boots.workflow.handing import HandOut, NetbootOffFirst, next_action
from boots.workflow.happened import (
    Cancelled,
    Ended,
    Event,
    HandedOut,
    Hello,
    LifeSeen,
    NetbootOff,
    Prepared,
    Settled,
    Started,
    Ticked,
)
from boots.workflow.run import DONE, OPEN, Run, State, StepState, Sub, begin

A, B = "aa", "bb"
TEMPLATE = """
version: "0.1"
name: t
global_timeout: 50000
tasks:
  - name: one
    worker: aa
    actions:
      - {name: look, image: inventory, timeout: 60}
      - name: disk
        image: image2disk
        timeout: 600
        retries: 1
        on-failure: [sh]
        environment: {IMG_URL: u, DEST_DISK: /dev/sda}
      - {name: go, image: reboot, timeout: 60}
  - name: two
    worker: bb
    actions:
      - name: disk
        image: image2disk
        timeout: 600
        on-failure: [hold]
        on-timeout: [sh]
        environment: {IMG_URL: u, DEST_DISK: /dev/sda}
      - name: file
        image: grow
        timeout: 60
        idempotent: true
        environment: {DEST_DISK: /dev/sda1}
      - {name: go, image: kexec, timeout: 60, environment: {BLOCK_DEVICE: /dev/sda1, FS_TYPE: ext4}}
"""
START = begin("r1", template(TEMPLATE), 0.0)

workers = st.sampled_from([A, B])
numbers = st.integers(1, 3)
told: dict[str, Any] = {
    "worker": workers,
    "session": numbers,
    "sequence": st.integers(1, 8),
    "step": st.integers(-1, 6),
    "attempt": numbers,
}
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Started, **told),
    st.builds(Ended, **told, exit_code=st.integers(0, 1), timed_out=st.booleans()),
    st.builds(Hello, worker=workers, session=numbers),
    st.builds(HandedOut, worker=workers, session=numbers, step=st.integers(-1, 6), attempt=numbers),
    st.just(Prepared()),
    st.builds(NetbootOff, worker=workers),
    st.builds(LifeSeen, worker=workers),
    st.just(Ticked()),
    st.builds(Cancelled, by=st.just("me")),
    st.builds(Settled, by=st.just("me"), step=st.integers(-1, 6), again=st.booleans()),
)

# What an honest pair of server and agents may do next, and what may befall it.
DEEDS = (
    *("do", "do", "ask", "ask", "start", "end"),
    *("fail", "late", "boot", "boot", "life", "tick", "repeat", "echo"),
)
deeds = st.tuples(st.sampled_from(DEEDS), workers)


def play(run: Run, deed: str, worker: str, past: list[Event]) -> list[Event]:
    """The events that a deed makes of a run as it stands."""
    if deed == "do":
        return _whole(run, past)
    known = run.sessions.get(worker)
    if known is None or deed == "boot":
        return [Hello(worker=worker, session=(known.number if known else 0) + 1)]
    if deed == "repeat":
        return past[-3:]
    if deed in {"life", "tick"}:
        return [LifeSeen(worker=worker) if deed == "life" else Ticked()]
    if deed == "ask":
        answer = next_action(run, worker, known.number)
        if isinstance(answer, NetbootOffFirst):
            return [NetbootOff(worker=answer.worker)]
        if isinstance(answer, HandOut):
            number = {"step": answer.step, "attempt": answer.attempt}
            return [HandedOut(worker=worker, session=known.number, **number)]
        return []
    at = run.at
    if at is None or (deed == "echo" and at == 0):
        return []
    at -= deed == "echo"  # the end of what is over, told once more by another number
    number = {"step": at, "attempt": run.steps[at].attempt, "sequence": known.heard + 1}
    if deed == "start":
        return [Started(worker=worker, session=known.number, **number)]
    code = {"end": 0, "fail": 1, "late": 137, "echo": 1}[deed]
    return [
        Ended(
            worker=worker, session=known.number, **number, exit_code=code, timed_out=deed == "late"
        )
    ]


def _whole(run: Run, past: list[Event]) -> list[Event]:
    """All of the step that is on, without a hitch."""
    made: list[Event] = []
    for deed in ("ask", "ask", "ask", "start", "end"):
        worker = A if run.at is None else run.steps[run.at].worker
        for event in play(run, deed, worker, past):
            run = advance(run, event, 1.0)
            made.append(event)
    return made


def sound(run: Run) -> None:
    """What holds of every run."""
    states = [each.state for each in run.steps]
    unfinished = [at for at, each in enumerate(states) if each not in DONE]
    later = states[unfinished[0] + 1 :] if unfinished else []

    assert sum(each in OPEN for each in states) <= 1
    assert set(later) <= {StepState.PENDING, StepState.CANCELLED}
    if run.state is State.SUCCESS:
        assert not unfinished
        assert set(run.workers) == set(run.netboot_off) == set(run.alive)
    if run.sub in {Sub.HELD, Sub.NEEDS_PERSON}:
        assert run.state is State.RUNNING
        assert run.why
    for each in run.steps:
        if each.terminal and each.last and each.state in {*OPEN, StepState.SUCCESS}:
            assert each.worker in run.netboot_off or each.message
    assert run.is_final == (run.ended_at > 0)
    assert (deadline(run) is None) or not run.is_final


@settings(max_examples=400)
@given(st.lists(events, max_size=40))
def test_any_events_in_any_order_leave_a_sound_run(happened: list[Event]) -> None:
    run = START
    for now, event in enumerate(happened, 1):
        run = advance(run, event, now * 400.0)
        sound(run)


@settings(max_examples=400)
@given(st.lists(deeds, max_size=60), st.lists(events, max_size=10))
def test_a_run_that_is_over_stays_as_it_is(deeds: list[tuple[str, str]], more: list[Event]) -> None:
    run, past = START, list[Event]()
    for deed, worker in [*deeds, ("ask", A)]:
        for event in play(run, deed, worker, past):
            run = advance(run, event, 1.0)
    run = advance(run, Cancelled(by="me"), 2.0)
    for event in more:
        after = advance(run, event, 3.0)
        assert msgspec.structs.replace(after, sessions=run.sessions) == run


@settings(max_examples=600)
@given(st.lists(deeds, min_size=5, max_size=80))
def test_a_hand_out_that_writes_goes_to_one_session_and_never_again_unasked(
    deeds: list[tuple[str, str]],
) -> None:
    """No person says anything here: what is handed out again was said to be by the template."""
    run, past = START, list[Event]()
    given_to: dict[tuple[int, int], set[int]] = defaultdict(set)
    went_wrong: set[tuple[int, int]] = set()
    for now, (deed, worker) in enumerate(deeds, 1):
        for event in play(run, deed, worker, past):
            before = run
            run = advance(run, event, float(now))
            sound(run)
            past.append(event)
            if isinstance(event, Ended) and run.steps != before.steps:
                went_wrong.add((event.step, event.attempt))
            if isinstance(event, HandedOut) and run is not before:
                step = run.steps[event.step]
                given_to[event.step, event.attempt].add(event.session)
                assert not step.terminal or not step.last or event.worker in run.netboot_off
    for (at, attempt), sessions in given_to.items():
        step = run.steps[at]
        if step.writes and not step.action.idempotent:
            assert 1 == len(sessions)
            assert attempt == 1 or (at, attempt - 1) in went_wrong
            assert attempt <= 2 + step.action.retries  # and what runs after it went wrong


@settings(max_examples=300)
@given(st.lists(deeds, max_size=50), st.data())
def test_a_part_of_what_was_told_told_again_changes_nothing(
    deeds: list[tuple[str, str]], data: st.DataObject
) -> None:
    """What agents resend after a lost link: all that they told in their sessions, in order."""
    run, past = START, list[Event]()
    for deed, worker in deeds:
        for event in play(run, deed, worker, past):
            run = advance(run, event, 1.0)
            past.append(event)
    first = data.draw(st.integers(0, len(past)))
    for event in past[first:]:
        if isinstance(event, Started | Ended | Hello):
            assert advance(run, event, 2.0) == run


@settings(max_examples=300)
@given(st.lists(deeds, max_size=50))
def test_the_same_events_give_the_same_run(deeds: list[tuple[str, str]]) -> None:
    run, past = START, list[Event]()
    for deed, worker in deeds:
        for event in play(run, deed, worker, past):
            run = advance(run, event, 1.0)
            past.append(event)
    again = START
    for event in past:
        again = advance(again, event, 1.0)

    assert again == run


@settings(max_examples=300)
@given(st.lists(deeds, max_size=40))
def test_a_run_and_its_events_can_be_written_down(deeds: list[tuple[str, str]]) -> None:
    run, past = START, list[Event]()
    for deed, worker in deeds:
        for event in play(run, deed, worker, past):
            run = advance(run, event, 1.0)
            past.append(event)

    assert run == msgspec.json.decode(msgspec.json.encode(run), type=Run)
    assert past == msgspec.json.decode(msgspec.json.encode(past), type=list[Event])


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(["repeat", "tick"]), workers), max_size=30))
def test_whoever_does_as_told_comes_to_the_end(noise: list[tuple[str, str]]) -> None:
    run, past = START, list[Event]()
    left = iter(noise)
    for _ in range(40):
        for worker in (A, B):
            for deed in ("ask", "start", "end"):
                for each, who in [
                    (deed, worker),
                    *([found] if (found := next(left, None)) else []),
                ]:
                    for event in play(run, each, who, past):
                        run = advance(run, event, 1.0)
                        past.append(event)
            if worker in run.netboot_off:
                run = advance(run, LifeSeen(worker=worker), 1.0)

    assert State.SUCCESS is run.state

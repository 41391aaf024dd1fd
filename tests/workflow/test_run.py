"""A run: what is handed out to whom, what becomes of what is told, and how it ends."""

from itertools import takewhile

import pytest
from msgspec.structs import replace
from tests.workflow.reading import template

from boots.workflow.advancing import advance
from boots.workflow.due import GRACE, deadline
from boots.workflow.handing import HandOut, NetbootOffFirst, Stop, Wait, expected, next_action
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
from boots.workflow.run import CannotRetry, Run, State, StepState, Sub, begin, taken_up

A, B = "52:54:00:00:00:01", "52:54:00:00:00:02"
HEAD = 'version: "0.1"\nname: t\ntasks:\n'
DISK = (
    "{name: disk, image: image2disk, timeout: 600, %s"
    " environment: {IMG_URL: u, DEST_DISK: /dev/sda}}"
)
LOOK = "{name: look, image: inventory, timeout: 60, %s}"
GO = "{name: go, image: reboot, timeout: 60}"


def task(worker: str, *actions: str, name: str = "one") -> str:
    rows = "".join(f"      - {each}\n" for each in actions)
    return f'  - name: {name}\n    worker: "{worker}"\n    actions:\n{rows}'


def run_of(*tasks: str, head: str = HEAD) -> Run:
    return begin("r1", template(head + "".join(tasks)), 0.0)


def after(run: Run, *events: Event, now: float = 1.0) -> Run:
    for event in events:
        run = advance(run, event, now)
    return run


class Agent:
    """An agent that does as it is told, and the server that hands out."""

    def __init__(self, worker: str, session: int = 1) -> None:
        self.worker = worker
        self.session = session
        self._sequence = 0

    def hello(self, run: Run) -> Run:
        return after(run, Hello(worker=self.worker, session=self.session))

    def asks(self, run: Run, now: float = 1.0) -> Run:
        """Ask for an action and be given it; netboot is turned off where that comes first."""
        answer = next_action(run, self.worker, self.session)
        if isinstance(answer, NetbootOffFirst):
            run = after(run, NetbootOff(worker=self.worker), now=now)
            answer = next_action(run, self.worker, self.session)
        assert isinstance(answer, HandOut)
        given = HandedOut(
            worker=self.worker, session=self.session, step=answer.step, attempt=answer.attempt
        )
        return after(run, given, now=now)

    def starts(self, run: Run) -> Run:
        return after(run, self.started(run))

    def ends(self, run: Run, code: int = 0, *, timed_out: bool = False) -> Run:
        return after(run, self.ended(run, code, timed_out=timed_out))

    def does(self, run: Run, code: int = 0) -> Run:
        return self.ends(self.starts(self.asks(run)), code)

    def started(self, run: Run) -> Started:
        at, attempt = self._open(run)
        return Started(
            worker=self.worker,
            session=self.session,
            sequence=self._count(),
            step=at,
            attempt=attempt,
        )

    def ended(self, run: Run, code: int = 0, *, timed_out: bool = False) -> Ended:
        at, attempt = self._open(run)
        return Ended(
            worker=self.worker,
            session=self.session,
            sequence=self._count(),
            step=at,
            attempt=attempt,
            exit_code=code,
            message="last words",
            timed_out=timed_out,
        )

    def _open(self, run: Run) -> tuple[int, int]:
        at = run.at
        assert at is not None
        return at, run.steps[at].attempt

    def _count(self) -> int:
        self._sequence += 1
        return self._sequence


def states(run: Run) -> list[str]:
    return [each.state.value for each in run.steps]


@pytest.fixture
def agent() -> Agent:
    return Agent(A)


# --- the way it should go


def test_an_install_goes_from_pending_to_success(agent: Agent) -> None:
    run = agent.hello(run_of(task(A, DISK % "", GO)))
    assert State.PENDING is run.state

    run = agent.does(run)
    assert (State.RUNNING, ["SUCCESS", "PENDING"]) == (run.state, states(run))

    run = agent.starts(agent.asks(run))
    assert (State.POST, (A,)) == (run.state, run.netboot_off)

    run = after(run, LifeSeen(worker=A))
    assert (State.SUCCESS, ["SUCCESS", "SUCCESS"]) == (run.state, states(run))


def test_netboot_must_be_off_before_the_machine_may_leave(agent: Agent) -> None:
    run = agent.does(agent.hello(run_of(task(A, DISK % "", GO))))

    assert NetbootOffFirst(worker=A) == next_action(run, A, 1)
    untold = after(run, HandedOut(worker=A, session=1, step=1, attempt=1))
    assert untold == run
    assert isinstance(next_action(after(run, NetbootOff(worker=A)), A, 1), HandOut)


def test_a_reboot_that_says_it_is_done_is_no_success_before_a_sign_of_life(agent: Agent) -> None:
    run = agent.does(agent.hello(run_of(task(A, GO))))

    assert State.POST is run.state
    assert State.SUCCESS is after(run, LifeSeen(worker=A)).state


def test_without_a_sign_of_life_it_is_unconfirmed_and_never_handed_out_again(agent: Agent) -> None:
    run = agent.starts(agent.asks(agent.hello(run_of(task(A, DISK % "retries: 3,", GO))), now=1.0))
    run = agent.starts(agent.asks(agent.ends(run)))
    later = after(run, Ticked(), now=1.0 + 15 * 60)

    assert (State.POST, Sub.UNCONFIRMED) == (later.state, later.sub)
    assert isinstance(next_action(later, A, 1), Wait)
    assert State.SUCCESS is after(later, LifeSeen(worker=A)).state
    assert State.SUCCESS is after(later, Settled(by="me", step=1, again=False)).state
    assert later == after(later, Settled(by="me", step=1, again=True))


def test_an_action_may_say_how_long_the_next_system_takes(agent: Agent) -> None:
    slow = "{name: go, image: reboot, timeout: 60, environment: {WAIT_MINUTES: 30}}"
    run = agent.starts(agent.asks(agent.hello(run_of(task(A, slow))), now=100.0))

    assert 100.0 + 30 * 60 == deadline(run)


def test_a_machine_that_is_turned_off_gives_no_sign_of_life(agent: Agent) -> None:
    off = "{name: off, image: poweroff, timeout: 60}"
    run = agent.starts(agent.asks(agent.hello(run_of(task(A, off)))))

    assert State.SUCCESS is run.state


def test_a_run_that_does_not_leave_osie_ends_with_netboot_off(agent: Agent) -> None:
    run = agent.does(agent.hello(run_of(task(A, LOOK % ""))))

    assert State.POST is run.state
    assert NetbootOffFirst(worker=A) == next_action(run, A, 1)
    assert State.SUCCESS is after(run, NetbootOff(worker=A)).state


def test_tasks_of_several_machines_are_done_in_order() -> None:
    first, second = Agent(A), Agent(B)
    run = run_of(
        task(A, LOOK % "", name="one"),
        task(B, LOOK % "", name="two"),
        task(A, LOOK % "", name="three"),
    )
    run = second.hello(first.hello(run))

    assert Wait(why=f"task one of {A} comes first") == next_action(run, B, 1)
    run = second.does(first.does(run))
    assert Wait(why=f"task three of {A} comes first") != next_action(run, B, 1)
    assert NetbootOffFirst(worker=B) == next_action(run, B, 1)
    run = after(first.does(run), NetbootOff(worker=A), NetbootOff(worker=B))
    assert State.SUCCESS is run.state


def test_a_reboot_in_the_middle_keeps_netboot_and_ends_when_the_agent_is_back(agent: Agent) -> None:
    run = agent.does(agent.hello(run_of(task(A, DISK % "", GO, LOOK % ""))))
    run = agent.starts(agent.asks(run))
    assert () == run.netboot_off
    run = Agent(A, 2).hello(run)

    assert ["SUCCESS", "SUCCESS", "PENDING"] == states(run)


def test_a_run_that_is_being_prepared_hands_out_nothing() -> None:
    run = begin("r1", template(HEAD + task(A, LOOK % "")), 0.0, preparing=True)
    run = Agent(A).hello(run)

    assert Wait(why="the run is being prepared") == next_action(run, A, 1)
    assert isinstance(next_action(after(run, Prepared()), A, 1), HandOut)


# --- what is told once, and what is told otherwise


def test_an_answer_that_was_lost_is_given_again_by_the_same_number(agent: Agent) -> None:
    run = agent.asks(agent.hello(run_of(task(A, DISK % ""))))
    first = next_action(run, A, 1)

    assert isinstance(first, HandOut)
    assert (0, 1) == (first.step, first.attempt)
    assert run == agent.asks(run)


def test_what_is_told_twice_changes_nothing(agent: Agent) -> None:
    run = agent.asks(agent.hello(run_of(task(A, LOOK % "retries: 9,"))))
    told = agent.started(run)
    ended = agent.ended(run, 1)
    once = after(run, told, ended)

    assert once == after(once, ended, told, ended)
    assert 2 == once.steps[0].attempt
    assert 3 == expected(once, A)


def test_what_comes_before_its_turn_is_wanted_again(agent: Agent) -> None:
    run = agent.asks(agent.hello(run_of(task(A, LOOK % ""))))
    started, ended = agent.started(run), agent.ended(run)

    assert run == after(run, ended)
    assert 1 == expected(run, A)
    assert ["SUCCESS"] == states(after(run, ended, started, ended))


def test_what_an_older_agent_says_changes_nothing(agent: Agent) -> None:
    run = agent.asks(agent.hello(run_of(task(A, LOOK % ""))))
    old = agent.started(run)
    run = Agent(A, 2).hello(run)

    assert run == after(run, old, Hello(worker=A, session=1))


def test_the_end_of_what_is_over_changes_nothing_but_was_heard(agent: Agent) -> None:
    run = agent.asks(agent.hello(run_of(task(A, LOOK % "", DISK % "retries: 5,"))))
    ended = agent.ended(run)
    run = after(run, ended)
    again = after(run, replace(ended, sequence=2, exit_code=1))

    assert run.steps == again.steps
    assert (run.state, 3) == (again.state, expected(again, A))


def test_the_end_of_an_earlier_hand_out_is_not_that_of_the_later(agent: Agent) -> None:
    run = agent.does(agent.hello(run_of(task(A, LOOK % "retries: 5,"))), 1)
    run = agent.asks(run)
    late = replace(agent.ended(run), attempt=1)

    assert ["HANDED"] == states(after(run, late))


def test_another_machine_cannot_end_an_action(agent: Agent) -> None:
    other = Agent(B)
    run = run_of(task(A, LOOK % ""), task(B, LOOK % "", name="two"))
    run = agent.asks(other.hello(agent.hello(run)))

    assert ["HANDED", "PENDING"] == states(after(run, other.ended(run)))


def test_who_did_not_say_hello_gets_nothing() -> None:
    run = run_of(task(A, LOOK % ""))

    assert Wait(why="say hello first") == next_action(run, A, 1)
    assert Wait(why="no task of this run is yours") == next_action(run, "x", 1)


def test_the_end_is_told_with_exit_code_and_last_words(agent: Agent) -> None:
    run = agent.does(agent.hello(run_of(task(A, LOOK % ""))), 7)

    assert (7, "last words") == (run.steps[0].exit_code, run.steps[0].message)
    assert (State.FAILED, "look ended with 7") == (run.state, run.why)
    assert Stop(why="the run is over: FAILED") == next_action(run, A, 1)


# --- what goes wrong


def test_a_failure_is_tried_again_as_often_as_the_action_says(agent: Agent) -> None:
    run = agent.hello(run_of(task(A, DISK % "retries: 2,")))
    run = agent.does(agent.does(run, 1), 1)
    assert (["PENDING"], 3) == (states(run), run.steps[0].attempt)

    run = agent.starts(agent.asks(run))
    told = agent.ended(run, 1)
    assert State.FAILED is after(run, told).state
    assert ["SUCCESS"] == states(after(run, replace(told, exit_code=0)))


def test_on_failure_is_run_and_then_the_run_has_failed(agent: Agent) -> None:
    run = agent.does(agent.hello(run_of(task(A, LOOK % "on-failure: [sh, -c, x],"))), 3)
    answer = next_action(run, A, 1)

    assert isinstance(answer, HandOut)
    assert (("sh", "-c", "x"), 2) == (answer.command, answer.attempt)
    run = agent.does(run, 0)
    assert (State.FAILED, 3) == (run.state, run.steps[0].exit_code)


def test_on_timeout_is_run_and_then_the_run_has_timed_out(agent: Agent) -> None:
    run = agent.hello(run_of(task(A, LOOK % "on-timeout: [sh], on-failure: [no],")))
    run = agent.ends(agent.starts(agent.asks(run)), 137, timed_out=True)
    answer = next_action(run, A, 1)

    assert isinstance(answer, HandOut)
    assert ("sh",) == answer.command
    assert State.TIMEOUT is agent.does(run).state


def test_hold_keeps_the_machine_until_a_person_decides(agent: Agent) -> None:
    run = agent.does(agent.hello(run_of(task(A, DISK % "on-failure: [hold],", LOOK % ""))), 1)

    assert (State.RUNNING, Sub.HELD) == (run.state, run.sub)
    assert Wait(why="disk is FAILED, and held") == next_action(run, A, 1)
    assert isinstance(next_action(after(run, Settled(by="me", step=0, again=True)), A, 1), HandOut)
    passed = after(run, Settled(by="me", step=0, again=False))
    assert ["SUCCESS", "PENDING"] == states(passed)


def test_an_action_whose_agent_is_silent_times_out_after_a_grace(agent: Agent) -> None:
    run = agent.starts(agent.asks(agent.hello(run_of(task(A, LOOK % "retries: 5,"))), now=10.0))

    assert 10.0 + 60 + GRACE == deadline(run)
    assert run == after(run, Ticked(), now=10.0 + 60)
    assert State.TIMEOUT is after(run, Ticked(), now=10.0 + 60 + GRACE).state


def test_an_action_without_a_timeout_has_an_hour(agent: Agent) -> None:
    run = run_of(task(A, "{name: look, image: inventory}"))
    run = agent.asks(agent.hello(run), now=10.0)

    assert 10.0 + 3600 + GRACE == deadline(run)


def test_the_global_timeout_counts_from_the_first_hand_out(agent: Agent) -> None:
    head = HEAD.replace("tasks", "global_timeout: 30\ntasks")
    run = agent.hello(run_of(task(A, LOOK % ""), head=head))
    assert deadline(run) is None
    run = agent.asks(run, now=100.0)

    assert 130.0 == deadline(run)
    ended = after(run, Ticked(), now=130.0)
    assert (State.TIMEOUT, ["CANCELLED"]) == (ended.state, states(ended))


def test_the_time_that_a_person_takes_is_not_the_runs(agent: Agent) -> None:
    head = HEAD.replace("tasks", "global_timeout: 30\ntasks")
    run = agent.hello(run_of(task(A, DISK % "on-failure: [hold],"), head=head))
    run = after(agent.asks(run, now=100.0), agent.started(run), now=101.0)
    run = after(run, agent.ended(run, 1), now=110.0)

    assert deadline(run) is None
    assert run == after(run, Ticked(), now=9000.0)
    run = after(run, Settled(by="me", step=0, again=True), now=9010.0)
    assert 130.0 + 8900.0 == deadline(run)


def test_a_cancelled_run_has_failed_and_tells_the_agent_to_stop(agent: Agent) -> None:
    run = agent.starts(agent.asks(agent.hello(run_of(task(A, DISK % "", GO)))))
    run = after(run, Cancelled(by="me"))

    assert (State.FAILED, Sub.CANCELLED) == (run.state, run.sub)
    assert ["CANCELLED", "CANCELLED"] == states(run)
    assert isinstance(next_action(run, A, 1), Stop)


# --- power cuts


@pytest.mark.parametrize("began", [False, True])
def test_an_action_that_writes_waits_for_a_person_after_a_power_cut(
    agent: Agent, began: bool
) -> None:
    run = agent.asks(agent.hello(run_of(task(A, DISK % "retries: 3,"))))
    if began:
        run = agent.starts(run)
    run = Agent(A, 2).hello(run)

    assert (Sub.NEEDS_PERSON, ["INTERRUPTED"]) == (run.sub, states(run))
    assert Wait(why="disk was interrupted: nobody knows how far it came") == next_action(run, A, 2)
    again = next_action(after(run, Settled(by="me", step=0, again=True)), A, 2)
    assert isinstance(again, HandOut)
    assert 2 == again.attempt


@pytest.mark.parametrize("action", [LOOK % "", DISK % "idempotent: true,"])
def test_an_action_that_does_no_harm_is_done_again_but_not_for_ever(action: str) -> None:
    run = run_of(task(A, action))
    for session in range(1, 5):
        agent = Agent(A, session)
        run = agent.starts(agent.asks(agent.hello(run)))
    run = Agent(A, 5).hello(run)

    assert Sub.NEEDS_PERSON is run.sub
    assert f"{run.steps[0].action.name} was interrupted 4 times" == run.why


def test_an_agent_that_begins_anew_between_actions_goes_on(agent: Agent) -> None:
    run = agent.does(
        agent.hello(run_of(task(A, DISK % "", DISK.replace("name: disk", "name: more") % "")))
    )
    run = Agent(A, 2).hello(run)

    assert isinstance(next_action(run, A, 2), HandOut)


def test_osie_instead_of_the_next_system_waits_for_a_person(agent: Agent) -> None:
    run = agent.starts(agent.asks(agent.hello(run_of(task(A, GO)))))
    run = Agent(A, 2).hello(run)

    assert (State.RUNNING, Sub.NEEDS_PERSON) == (run.state, run.sub)
    assert "go led back to OSIE, not to the next system" == run.why


def test_a_kexec_that_fails_is_a_failure_and_not_a_success(agent: Agent) -> None:
    run = agent.starts(agent.asks(agent.hello(run_of(task(A, GO)))))

    assert State.FAILED is agent.ends(run, 1).state


# --- taken up again


def test_a_run_is_taken_up_at_an_action(agent: Agent) -> None:
    run = agent.does(agent.does(agent.hello(run_of(task(A, DISK % "", LOOK % "")))), 1)
    again = taken_up(run, 1, "r2", 9.0)

    assert (["SKIPPED", "PENDING"], "r1") == (states(again), again.of)
    answer = next_action(Agent(A, 1).hello(again), A, 1)
    assert isinstance(answer, HandOut)
    assert 1 == answer.step


@pytest.mark.parametrize(
    ("first", "why"),
    [(2, "action 2, look, is FAILED: begin there, or before"), (9, "there is no action 10")],
)
def test_a_run_is_not_taken_up_behind_what_went_wrong(agent: Agent, first: int, why: str) -> None:
    run = run_of(task(A, DISK % "", LOOK % "", GO))
    run = agent.does(agent.does(agent.hello(run)), 1)

    with pytest.raises(CannotRetry, match=why):
        taken_up(run, first, "r2", 9.0)


def test_a_run_that_is_on_its_way_is_not_taken_up() -> None:
    with pytest.raises(CannotRetry, match="cancel it first"):
        taken_up(run_of(task(A, GO)), 0, "r2", 9.0)


def test_the_states_are_tinkerbells() -> None:
    names = {each.value for each in State}
    known = {"PREPARING", "PENDING", "RUNNING", "POST", "SUCCESS", "FAILED", "TIMEOUT"}

    assert known == names
    assert ["PENDING", "HANDED", "RUNNING"] == [
        each.value for each in takewhile(lambda one: one is not StepState.SUCCESS, StepState)
    ]

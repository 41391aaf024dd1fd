"""The agent works off a run: a whole process of it, with a server that keeps the real rules."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.agent.working.fake import BUSY, LOST, FakeServer, action
from tests.agent.working.machine import Machine, until

from boots.workflow.words import Action

Powered = Callable[[FakeServer], Machine]
REBOOT = action("go", "reboot")


def script(name: str, text: str, **more: Any) -> Action:
    return action(name, "shell", SCRIPT=text, **more)


def test_a_run_goes_from_its_first_action_to_the_reboot(powered: Powered) -> None:
    fake = FakeServer(script("one", "echo first; echo $COLOUR", COLOUR="red"), REBOOT)
    assert "reboot" == powered(fake).run()
    assert "POST" == fake.run.state.value
    assert ("SUCCESS", "RUNNING") == (fake.state("one"), fake.state("go"))
    assert ["first", "red", "the machine reboots when the server says so"] == fake.lines
    assert "first\nred" == fake.messages["one"]


def test_an_inventory_that_the_server_lost_is_told_again_and_the_run_goes_on(
    powered: Powered,
) -> None:
    fake = FakeServer(script("one", "echo first"), REBOOT)
    fake.forgot_inventory = True
    assert "reboot" == powered(fake).run()
    assert [{"version": 1, "disks": []}] == fake.told("inventory")
    assert "SUCCESS" == fake.state("one")


def test_what_fails_says_its_code_and_its_last_lines(powered: Powered) -> None:
    text = "for each in $(seq 60); do echo line $each; done; exit 7"
    fake = FakeServer(script("one", text), REBOOT)
    assert "idle" == powered(fake).run()
    assert ("FAILED", "CANCELLED") == (fake.state("one"), fake.state("go"))
    assert 7 == fake.run.steps[0].exit_code
    said = fake.messages["one"].splitlines()
    assert 50 == len(said)
    assert ["line 59", "line 60", "it ended with 7"] == said[-3:]


def test_its_on_failure_is_run_as_a_program(powered: Powered) -> None:
    command = ("sh", "-c", "echo cleaning up after $COLOUR")
    fake = FakeServer(script("one", "exit 3", COLOUR="red", on_failure=command), REBOOT)
    powered(fake).run()
    assert "cleaning up after red" in fake.lines
    assert "FAILED" == fake.run.state.value


def test_what_takes_too_long_is_ended_with_all_its_children(powered: Powered) -> None:
    text = "trap '' TERM; echo $$; sleep 1000 & setsid sleep 1000 & sleep 1000; sleep 1000"
    fake = FakeServer(script("one", text, timeout=1, on_timeout=("echo", "too slow")), REBOOT)
    machine = powered(fake)
    machine.run()
    assert "TIMEOUT" == fake.state("one")
    assert "too slow" in fake.lines
    assert fake.messages["one"].endswith("stopped: it took longer than 1 s")
    assert [] == running(str(machine.folder))


def running(marker: str) -> list[str]:
    """Processes that have a text in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if marker.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def test_a_cancelled_action_ends_and_the_run_with_it(powered: Powered) -> None:
    fake = FakeServer(script("one", "echo begun; sleep 1000"), REBOOT)
    machine = powered(fake)
    machine.start()
    until(lambda: "begun" in fake.lines)
    fake.cancel()
    assert "idle" == machine.end()
    assert "stopped: it was cancelled" in fake.lines
    assert [] == running(str(machine.folder))


def test_an_action_that_osie_does_not_know_fails(powered: Powered) -> None:
    fake = FakeServer(action("one", "dance"), REBOOT)
    powered(fake).run()
    assert (127, "FAILED") == (fake.run.steps[0].exit_code, fake.state("one"))
    assert "this OSIE does not know the action 'dance'" == fake.messages["one"]


def test_a_flood_of_lines_holds_nothing_up_and_says_what_is_missing(powered: Powered) -> None:
    fake = FakeServer(script("one", "seq 300000; echo the last"), REBOOT)
    machine = powered(fake)
    machine.run()
    assert "SUCCESS" == fake.state("one")
    assert "the last" in fake.lines
    missing = [each for each in fake.lines if "lines are missing" in each]
    told = sum(int(each.split()[0].removeprefix("[")) for each in missing)
    assert 300_002 == len(fake.lines) - len(missing) + told
    assert fake.largest < 300_000
    assert peak(machine) < 60 << 10


def peak(machine: Machine) -> int:
    """The most memory that the agent had, in KiB."""
    return int((machine.folder / "peak").read_text())


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("fault", [LOST, BUSY])
@pytest.mark.parametrize("path", ["next", "events"])
def test_an_answer_may_be_lost_anywhere(path: str, fault: str, at: int, powered: Powered) -> None:
    """What comes after is what would have come, and nothing is done twice."""
    fake = FakeServer(script("one", "echo done"), script("two", "echo done, too"), REBOOT)
    fake.faults[path] = ["" for _ in range(at)] + [fault, fault]
    assert "reboot" == powered(fake).run()
    assert "POST" == fake.run.state.value
    assert ["done", "done, too"] == fake.lines[:2]
    assert 3 == len(fake.lines)


def test_a_ticket_whose_answer_is_lost_is_not_shown_for_ever(powered: Powered) -> None:
    fake = FakeServer(script("one", "echo done"), REBOOT)
    fake.faults["hello"] = [LOST]
    machine = powered(fake)
    assert "idle" == machine.run()
    assert "the server does not take it: 403 the ticket is not good" in machine.said
    assert "idle" == machine.run()
    assert 2 == len(fake.told("hello"))


def test_an_agent_that_is_killed_begins_a_harmless_action_again(powered: Powered) -> None:
    text = "setsid sleep $LONG & echo begun; sleep $LONG"
    fake = FakeServer(script("one", text, LONG="1000"), REBOOT)
    machine = powered(fake)
    machine.start()
    until(lambda: fake.lines == ["begun"])
    machine.kill()
    machine.start()
    until(lambda: fake.lines == ["begun", "begun"])
    assert (2, 2) == (fake.session, fake.run.steps[0].attempt)
    assert 2 == len([each for each in running(str(machine.folder)) if is_sleep(each)])
    fake.cancel()
    assert "idle" == machine.end()


def is_sleep(pid: str) -> bool:
    try:
        return "sleep" in (Path("/proc") / pid / "cmdline").read_text()
    except OSError:  # it ended meanwhile
        return False


def test_an_action_that_writes_waits_for_a_person_when_its_agent_is_killed(
    powered: Powered,
) -> None:
    fake = FakeServer(script("one", "echo begun; sleep 1000"), REBOOT)
    fake.run = replace(
        fake.run, steps=(replace(fake.run.steps[0], writes=True), *fake.run.steps[1:])
    )
    machine = powered(fake)
    machine.start()
    until(lambda: fake.lines == ["begun"])
    machine.kill()
    machine.start()
    until(lambda: fake.session == 2 and len(fake.told("next")) > 2)
    assert "NEEDS_PERSON" == fake.run.sub.value
    assert ["begun"] == fake.lines
    assert [] == [each for each in running(str(machine.folder)) if is_sleep(each)]
    fake.cancel()
    machine.end()


def test_what_a_killed_agent_could_not_tell_is_told_before_it_says_hello(
    powered: Powered,
) -> None:
    fake = FakeServer(script("one", "echo done"), script("two", "echo done, too"), REBOOT)
    fake.faults["events"] = ["", *[BUSY] * 1000]
    machine = powered(fake)
    machine.start()
    outbox = machine.folder / "kept/outbox"
    until(lambda: outbox.exists() and '"ended"' in outbox.read_text())
    machine.kill()
    fake.faults["events"] = []
    assert "reboot" == machine.run()
    assert ["done", "done, too"] == fake.lines[:2]
    assert (1, 1) == (fake.run.steps[0].attempt, fake.run.steps[1].attempt)
    assert "POST" == fake.run.state.value


def test_a_session_that_became_anothers_ends_the_action(powered: Powered) -> None:
    fake = FakeServer(script("one", "echo begun; sleep 1000"), REBOOT)
    machine = powered(fake)
    machine.start()
    until(lambda: "begun" in fake.lines)
    with fake.turn:
        fake.key = "00" * 32
    assert "idle" == machine.end()
    assert "this session is over: 401 the session is another's by now" in machine.said
    assert "403 the key is not good" in machine.said
    assert [] == [each for each in running(str(machine.folder)) if is_sleep(each)]


def test_a_machine_leaves_only_after_the_answer(powered: Powered) -> None:
    fake = FakeServer(REBOOT)
    fake.faults["events"] = [BUSY] * 5
    machine = powered(fake)
    machine.start()
    until(lambda: "503" in machine.said)
    assert not (machine.folder / "ended").exists()
    assert "reboot" == machine.end()
    assert (True, "POST") == ("node-1" in fake.run.netboot_off, fake.run.state.value)


def test_a_machine_whose_run_is_cancelled_before_the_answer_stays(powered: Powered) -> None:
    fake = FakeServer(REBOOT)
    fake.faults["events"] = [BUSY] * 10_000
    machine = powered(fake)
    machine.start()
    until(lambda: "503" in machine.said)
    fake.cancel()
    fake.faults["events"] = []
    assert "idle" == machine.end()
    assert "go: reboot" not in machine.said


def test_a_key_is_kept_for_nobody_else_to_read(powered: Powered) -> None:
    fake = FakeServer(script("one", "sleep 1000"), REBOOT)
    machine = powered(fake)
    machine.start()
    session = machine.folder / "kept/session"
    until(session.exists)
    assert 0o600 == session.stat().st_mode & 0o777
    fake.cancel()
    machine.end()
    assert not session.exists()

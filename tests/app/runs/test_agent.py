"""OSIE's agent itself, a process, works off a run of the server itself, over loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.agent.working.machine import Machine, until
from tests.app.desks import FILE_MAC
from tests.app.runs.yard import Yard, new_run, opened

from boots.client.workflows import Run
from boots.journal import events


def template(*scripts: str) -> str:
    """A workflow of scripts, and a reboot."""
    actions = [
        f"      - name: part-{number}\n        image: shell\n        timeout: 60\n"
        f"        environment: {{SCRIPT: '{script}'}}\n"
        for number, script in enumerate(scripts, 1)
    ]
    return (
        'version: "0.1"\nname: scripts\ntasks:\n  - name: all\n'
        '    worker: "{{ .device_1 }}"\n    actions:\n'
        + "".join(actions)
        + "      - {name: go, image: reboot, timeout: 60}\n"
    )


def powered(yard: Yard, folder: Path) -> Machine:
    """A machine that has its script, and is in OSIE."""
    folder.mkdir(exist_ok=True)
    return Machine(folder, f"{yard.base}/{FILE_MAC}", yard.ticket())


@asynccontextmanager
async def switched(machine: Machine) -> AsyncIterator[Machine]:
    """A machine that is off after the test."""
    machine.start()
    try:
        yield machine
    finally:
        machine.stop()


async def comes_to(yard: Yard, run: Run, state: str, step: int = 0) -> Run:
    """Wait until a run is somewhere, or a step of it is."""
    async with asyncio.timeout(40):
        while True:
            shown = await yard.desk.run(run.line.id)
            if state == (shown.steps[step - 1].state if step else shown.line.state):
                return shown
            await asyncio.sleep(0.02)


def test_it_does_one_action_after_the_other_and_leaves_when_it_may(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path) as yard:
            text = template("echo first; echo second", "echo $HOME >/dev/null; exit 0")
            run = await yard.provision(new_run(text, arm=None))
            async with switched(powered(yard, tmp_path / "machine")) as machine:
                assert "reboot" == await asyncio.to_thread(machine.end)
            shown = await yard.desk.run(run.line.id)
            assert "POST" == shown.line.state
            lines = [each.text for each in (await yard.desk.run_lines(run.line.id)).lines]
            assert ["first", "second"] == lines[:2]
            async with yard.client.post(yard.home()) as answer:
                assert 204 == answer.status
            assert "SUCCESS" == await yard.state(run.line.id)
            assert not yard.heard(events.TicketRefused)

    asyncio.run(main())


def test_killed_and_started_anew_it_goes_on_with_its_key(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path) as yard:
            second = tmp_path / "machine" / "second"
            text = template(f"test -e {second} && exit 0; touch {second}; sleep 100")
            run = await yard.provision(new_run(text, arm=None))
            async with switched(powered(yard, tmp_path / "machine")) as machine:
                await comes_to(yard, run, "RUNNING", step=1)
                await asyncio.to_thread(until, second.exists)
                machine.kill()
                machine.start()
                assert "reboot" == await asyncio.to_thread(machine.end), machine.said
            shown = await yard.desk.run(run.line.id)
            assert ("POST", 2) == (shown.line.state, shown.steps[0].attempt)

    asyncio.run(main())


def test_a_server_that_is_replaced_in_the_middle_is_told_all(tmp_path: Path) -> None:
    async def main() -> None:
        go = tmp_path / "machine" / "go"
        text = template(f"echo before; until test -e {go}; do sleep 0.05; done; echo after")
        async with opened(tmp_path) as yard:
            run = await yard.provision(new_run(text, arm=None))
            machine = powered(yard, tmp_path / "machine")
            machine.start()
            await comes_to(yard, run, "RUNNING", step=1)
            port = int(yard.base.rpartition(":")[2])
        go.touch()
        await asyncio.sleep(0.3)
        async with opened(tmp_path, port=port) as yard:
            try:
                assert "reboot" == await asyncio.to_thread(machine.end), machine.said
            finally:
                machine.stop()
            shown = await yard.desk.run(run.line.id)
            assert ("POST", 1, 0) == (
                shown.line.state,
                shown.steps[0].attempt,
                shown.steps[0].exit_code,
            )
            lines = [each.text for each in (await yard.desk.run_lines(run.line.id)).lines]
            assert ["before", "after"] == lines[:2]

    asyncio.run(main())


def test_cancelled_it_ends_the_action_and_idles(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(tmp_path) as yard:
            run = await yard.provision(new_run(template("sleep 1000"), arm=None))
            async with switched(powered(yard, tmp_path / "machine")) as machine:
                await comes_to(yard, run, "RUNNING", step=1)
                await yard.desk.cancel_run(run.line.id, "me")
                assert "idle" == await asyncio.to_thread(machine.end), machine.said
            assert "FAILED CANCELLED" == await yard.state(run.line.id)

    asyncio.run(main())

"""The agent itself, and the server's own door: one run, whatever is lost or killed on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.agent.working.cable import Cable, laid
from tests.agent.working.machine import Machine
from tests.app.desks import FILE_MAC
from tests.app.runs.yard import Yard, new_run, opened

TEMPLATE = """\
version: "0.1"
name: two-steps
global_timeout: 600
tasks:
  - name: install
    worker: "{{ .device_1 }}"
    actions:
      - {name: one, image: shell, timeout: 60, environment: {SCRIPT: "echo done; echo 1 >> $COUNT"}}
      - {name: two, image: shell, timeout: 60, environment: {SCRIPT: "echo done, too"}}
      - {name: go, image: reboot, timeout: 60}
"""
WRONG = TEMPLATE.replace("echo done, too", "echo what is wrong; exit 9")
REQUESTS = 9  # at least: hello; next, events and events of two actions; next and events of the last


class House:
    """A server that can be started anew over what it kept, and its machine."""

    def __init__(self, folder: Path, cable: Cable, stack: AsyncExitStack) -> None:
        self.folder = folder
        self.cable = cable
        self.yard: Yard
        self._stack = stack
        self._server = AsyncExitStack()

    async def start(self) -> None:
        self.yard = await self._server.enter_async_context(opened(self.folder))
        self.cable.target = int(self.yard.base.rpartition(":")[2])

    async def restart(self) -> None:
        """The server goes away, and another comes up that knows what is in the store."""
        self.cable.target = None
        await self._server.aclose()
        await self.start()

    async def begin(self, template: str) -> str:
        text = template.replace("$COUNT", str(self.folder / "count"))
        return (await self.yard.provision(new_run(text, arm=None))).line.id

    async def runs(self) -> str:
        """The machine boots, and works; how it ends."""
        base = f"{self.cable.base}/{FILE_MAC}"
        machine = Machine(self.folder, base, self.yard.ticket())
        self._stack.callback(machine.stop)
        return await asyncio.to_thread(machine.run)

    async def close(self) -> None:
        await self._server.aclose()


def in_house(test: Callable[[House], Awaitable[None]], folder: Path) -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            cable = await stack.enter_async_context(laid())
            house = House(folder, cable, stack)
            await house.start()
            stack.push_async_callback(house.close)
            await test(house)

    asyncio.run(asyncio.wait_for(main(), 60))


async def lines(house: House, run: str) -> list[str]:
    return [each.text for each in (await house.yard.desk.run_lines(run, 0)).lines]


def test_a_run_goes_through_the_servers_own_door(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        run = await house.begin(TEMPLATE)
        assert "reboot" == await house.runs()
        assert "POST" == await house.yard.state(run)
        assert house.cable.count >= REQUESTS
        said = ["done", "done, too", "the machine reboots when the server says so"]
        assert said == await lines(house, run)

    in_house(test, tmp_path)


def test_a_run_that_turns_the_machine_off_is_a_success_as_it_does(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        run = await house.begin(TEMPLATE.replace("image: reboot", "image: poweroff"))
        assert "poweroff" == await house.runs()
        assert "SUCCESS" == await house.yard.state(run)

    in_house(test, tmp_path)


def test_what_fails_is_told_with_its_code_and_words(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        run = await house.begin(WRONG)
        assert "idle" == await house.runs()
        assert "FAILED" == await house.yard.state(run)
        step = (await house.yard.desk.run(run)).steps[1]
        assert (9, "what is wrong\nit ended with 9") == (step.exit_code, step.message)

    in_house(test, tmp_path)


@pytest.mark.parametrize("number", range(1, REQUESTS + 1))
def test_a_server_that_is_killed_before_any_answer_goes_on_to_the_same_end(
    number: int, tmp_path: Path
) -> None:
    """Each request was worked on, and its answer is lost with the server."""

    async def test(house: House) -> None:
        run = await house.begin(TEMPLATE)
        house.cable.lose(number, house.restart)
        assert "reboot" == await house.runs()
        assert "POST" == await house.yard.state(run)
        assert "1\n" == (tmp_path / "count").read_text()
        said = ["done", "done, too", "the machine reboots when the server says so"]
        assert said == await lines(house, run)

    in_house(test, tmp_path)


def test_a_ticket_whose_answer_was_lost_leads_to_another_boot(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        run = await house.begin(TEMPLATE)
        house.cable.lose(0, house.restart)
        assert "idle" == await house.runs()
        (tmp_path / "kept/ticket-spent").unlink()  # OSIE begins anew, with another ticket
        assert "reboot" == await house.runs()
        assert "POST" == await house.yard.state(run)

    in_house(test, tmp_path)

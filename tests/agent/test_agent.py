"""What the agent does, in order, with a server and a machine that only take notes."""

from typing import Any

import pytest
from tests.agent import contract

from boots_agent.agent import HEARTBEAT, World, run
from boots_agent.server import RefusedError, Server

INVENTORY = contract.load(contract.FOLDER / "inventory-virtual-machine.json").content


class Over(Exception):
    """The clock of a test ran as far as it should."""


class Machine(Server):
    """Both ends at once: what was told, said, slept and done to the power, in order."""

    def __init__(self, *answers: dict[str, Any] | RefusedError, patience: int = 2) -> None:
        self.answers = list(answers)
        self.patience = patience
        self.log: list[tuple[Any, ...]] = []
        self.said: list[str] = []

    def post(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        if path == "progress":
            self.log.append((content["seq"], content["stage"]))
            return {}
        self.log.append((path,))
        answer = self.answers.pop(0)
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.log.append(("sleep", seconds))
        self.patience -= 1
        if not self.patience:
            raise Over

    def run(self) -> None:
        power = lambda command: self.log.append(("power", command))  # noqa: E731
        world = World(self.said.append, self.sleep, lambda: INVENTORY, power)
        run(self, world, "agent")


@pytest.mark.parametrize("command", ["reboot", "poweroff"])
def test_the_server_can_end_the_run_of_the_machine(command: str) -> None:
    machine = Machine({"next": command})
    machine.run()
    assert [(1, "started"), ("inventory",), (2, command), ("power", command)] == machine.log
    assert "inventory sent: 1 CPU, 488 MiB, 1 disk (vda 1.0 GiB), 1 NIC" == machine.said[0]


@pytest.mark.parametrize("answer", [{"next": "idle"}, {"next": "dance"}, {}])
def test_an_idle_machine_gives_signs_of_life(answer: dict[str, Any]) -> None:
    machine = Machine(answer)
    with pytest.raises(Over):
        machine.run()
    beat = ("sleep", HEARTBEAT)
    assert [(1, "started"), ("inventory",), (2, "idle"), beat, (3, "idle"), beat] == machine.log
    assert "ready, idle" == machine.said[-1]


def test_an_order_that_is_not_known_is_said() -> None:
    machine = Machine({"next": "dance"})
    with pytest.raises(Over):
        machine.run()
    assert "the server says next: 'dance', which this OSIE does not know: idle" in machine.said


def test_a_refused_inventory_is_said_and_sent_again() -> None:
    machine = Machine(RefusedError("404 unknown machine"), {"next": "reboot"})
    machine.run()
    assert "the server refused the inventory: 404 unknown machine; asking again in 60 s" in (
        machine.said
    )
    assert ("power", "reboot") == machine.log[-1]

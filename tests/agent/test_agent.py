"""What the agent does, in order, with a server and a machine that only take notes."""

from typing import Any

import pytest
from tests.agent import contract

from boots_agent.agent import HEARTBEAT, LISTEN, World, run
from boots_agent.server import RefusedError, Server

INVENTORY = contract.load(contract.FOLDER / "inventory-virtual-machine.json").content
LEAF = {"switch": "leaf1", "chassis": "52:54:00:aa:00:01", "port": "Ethernet1/7"}
HEARD = {**INVENTORY, "nics": [{**INVENTORY["nics"][0], "lldp": LEAF}]}


class Over(Exception):
    """The clock of a test ran as far as it should."""


class Machine(Server):
    """Both ends at once: what was told, said, slept and done to the power, in order.

    With a `switch` it is heard after 12 s of listening; without, listening takes its whole time.
    """

    def __init__(
        self,
        *answers: dict[str, Any] | RefusedError,
        patience: int = 2,
        switch: bool = False,
        at_progress: str = "",
        argument: float | None = None,
    ) -> None:
        self.answers = list(answers)
        self.patience = patience
        self.switch = switch
        self.argument = argument
        self.at_progress = at_progress
        self.inventory = INVENTORY
        self.after_work = "idle"
        self.log: list[tuple[Any, ...]] = []
        self.said: list[str] = []

    def post(self, path: str, content: dict[str, Any], **_: Any) -> dict[str, Any]:
        if path == "progress":
            self.log.append((content["seq"], content["stage"]))
            known = self.at_progress and content["seq"] > 2
            return {"next": self.at_progress} if known else {}
        self.log.append((path,) if content == INVENTORY else (path, "heard"))
        answer = self.answers.pop(0)
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.log.append(("sleep", seconds))
        self.patience -= 1
        if not self.patience:
            raise Over

    def listen(self, seconds: float) -> float:
        self.log.append(("listen", seconds))
        self.inventory = HEARD if self.switch else INVENTORY
        return min(seconds, 12.0) if self.switch else seconds

    def work(self) -> str:
        self.log.append(("work",))
        return self.after_work

    def run(self) -> None:
        world = World(
            self.said.append,
            self.sleep,
            lambda: self.inventory,
            self.listen,
            lambda command: self.log.append(("power", command)),
            self.work,
            self.argument,
        )
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
    assert [
        *((1, "started"), ("inventory",), (2, "idle")),
        *(("listen", LISTEN), ("sleep", HEARTBEAT - LISTEN)),
        *((3, "idle"), ("sleep", HEARTBEAT)),
    ] == machine.log
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


def test_an_idle_machine_that_heard_its_switch_tells_so() -> None:
    machine = Machine({"next": "idle"}, {"next": "idle"}, switch=True)
    with pytest.raises(Over):
        machine.run()
    assert [
        *((1, "started"), ("inventory",), (2, "idle")),
        *(("listen", LISTEN), ("inventory", "heard"), ("sleep", HEARTBEAT - 12.0)),
        *((3, "idle"), ("sleep", HEARTBEAT)),
    ] == machine.log


def test_what_the_server_says_of_the_second_inventory_counts() -> None:
    machine = Machine({"next": "idle"}, {"next": "reboot"}, switch=True)
    machine.run()
    assert [("inventory", "heard"), (3, "reboot"), ("power", "reboot")] == machine.log[-3:]


def test_a_second_inventory_that_is_refused_changes_nothing() -> None:
    machine = Machine({"next": "poweroff"}, RefusedError("400 no"), switch=True, argument=20)
    machine.run()
    assert "the server refused the inventory: 400 no" in machine.said
    assert ("power", "poweroff") == machine.log[-1]


def test_a_machine_that_is_to_go_waits_for_its_switch_only_if_told() -> None:
    machine = Machine({"next": "reboot"}, {"next": "reboot"}, switch=True, argument=20)
    machine.run()
    assert [
        *((1, "started"), ("inventory",), ("listen", 20), ("inventory", "heard")),
        *((2, "reboot"), ("power", "reboot")),
    ] == machine.log


def test_an_idle_machine_does_not_listen_if_told_so() -> None:
    machine = Machine({"next": "idle"}, switch=True, argument=0)
    with pytest.raises(Over):
        machine.run()
    assert [
        *((1, "started"), ("inventory",), (2, "idle"), ("sleep", HEARTBEAT)),
        *((3, "idle"), ("sleep", HEARTBEAT)),
    ] == machine.log


@pytest.mark.parametrize("after", ["reboot", "poweroff"])
def test_a_workflow_says_how_it_goes_on(after: str) -> None:
    machine = Machine({"next": "workflow"})
    machine.after_work = after
    machine.run()
    assert [("work",), (2, after), ("power", after)] == machine.log[2:]


def test_a_machine_is_idle_after_its_workflow() -> None:
    machine = Machine({"next": "workflow"}, argument=0)
    with pytest.raises(Over):
        machine.run()
    assert [("work",), (2, "idle"), ("sleep", HEARTBEAT), (3, "idle")] == machine.log[2:6]


def test_an_idle_machine_that_a_run_waits_for_reboots() -> None:
    machine = Machine({"next": "idle"}, argument=0, at_progress="reboot")
    machine.run()
    assert [(3, "idle"), (4, "reboot"), ("power", "reboot")] == machine.log[-3:]

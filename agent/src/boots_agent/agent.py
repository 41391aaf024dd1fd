"""What the agent does, step by step: hello, inventory, then what the server says."""

from collections.abc import Callable
from typing import NamedTuple

from boots_agent.server import RefusedError, Server
from boots_agent.summary import summary

HEARTBEAT = 60.0  # seconds between signs of life while idle
ASK_AGAIN = 60.0  # seconds after a refused inventory
_NEXT = frozenset({"idle", "reboot", "poweroff"})


class World(NamedTuple):
    """What the agent can do besides talking to the server.

    Attributes:
        say: Says a line on the console.
        sleep: Waits so many seconds.
        collect: Takes the inventory.
        power: Ends this run of the machine: ``reboot`` or ``poweroff``.
    """

    say: Callable[[str], None]
    sleep: Callable[[float], None]
    collect: Callable[[], dict[str, object]]
    power: Callable[[str], None]


class Progress:
    """Tells the server each stage, numbered from 1 so that one told twice is known."""

    def __init__(self, server: Server, say: Callable[[str], None]) -> None:
        self._server = server
        self._say = say
        self._told = 0

    def tell(self, stage: str, message: str) -> None:
        """Tell a stage; a refusal is said on the console and changes nothing."""
        self._told += 1
        content: dict[str, object] = {"seq": self._told, "stage": stage, "message": message}
        try:
            self._server.post("progress", content)
        except RefusedError as error:
            self._say(f"the server refused the stage {stage!r}: {error}")


def run(server: Server, world: World, hello: str) -> None:
    """Do everything, in order; an idle machine stays in here for ever."""
    progress = Progress(server, world.say)
    progress.tell("started", hello)
    following = send_inventory(server, world)
    if following == "idle":
        world.say("ready, idle")
        while True:
            progress.tell("idle", "ready")
            world.sleep(HEARTBEAT)
    world.say(f"the server says: {following}")
    progress.tell(following, "as the server said")
    world.power(following)


def send_inventory(server: Server, world: World) -> str:
    """Send what the machine is made of until it is taken; return what to do next."""
    inventory = world.collect()
    while True:
        try:
            answer = server.post("inventory", inventory)
        except RefusedError as error:
            world.say(
                f"the server refused the inventory: {error}; asking again in {ASK_AGAIN:.0f} s"
            )
            world.sleep(ASK_AGAIN)
            inventory = world.collect()
            continue
        world.say(f"inventory sent: {summary(inventory)}")
        following = answer.get("next")
        if isinstance(following, str) and following in _NEXT:
            return following
        world.say(f"the server says next: {following!r}, which this OSIE does not know: idle")
        return "idle"

"""What the agent does, step by step: the inventory, then what the server says.

The inventory goes out at once.  Switches say only every 30 s which port the machine is at, so an
idle machine goes on listening, and sends its inventory again when there is news of its NICs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from boots_agent.server import RefusedError, Server
from boots_agent.summary import summary

HEARTBEAT = 60.0  # seconds between signs of life while idle
ASK_AGAIN = 60.0  # seconds after a refused inventory
LISTEN = 35.0  # seconds that an idle machine listens: switches speak every 30
_NEXT = frozenset({"idle", "reboot", "poweroff", "workflow"})


class World(NamedTuple):
    """What the agent can do besides talking to the server.

    Attributes:
        say: Says a line on the console.
        sleep: Waits so many seconds.
        collect: Takes the inventory.
        listen: Hears the switches for so long, or until all have spoken; the seconds it took.
        power: Ends this run of the machine: ``reboot`` or ``poweroff``.
        work: Does what a workflow has for this machine; what is next after it.
        patience: For how many seconds switches are listened to whatever comes next; None for
            those of an idle machine, and for none of another.
    """

    say: Callable[[str], None]
    sleep: Callable[[float], None]
    collect: Callable[[], dict[str, Any]]
    listen: Callable[[float], float]
    power: Callable[[str], None]
    work: Callable[[], str]
    patience: float | None = None


class Progress:
    """Tells the server each stage, numbered from 1 so that one told twice is known."""

    def __init__(self, server: Server, say: Callable[[str], None]) -> None:
        self._server = server
        self._say = say
        self._told = 0

    def tell(self, stage: str, message: str) -> str:
        """Tell a stage, and return what is next; empty if nothing else is.

        A refusal is said on the console and changes nothing.
        """
        self._told += 1
        content: dict[str, object] = {"seq": self._told, "stage": stage, "message": message}
        try:
            return str(self._server.post("progress", content).get("next", ""))
        except RefusedError as error:
            self._say(f"the server refused the stage {stage!r}: {error}")
            return ""


def run(server: Server, world: World, hello: str) -> None:
    """Do everything, in order; an idle machine stays in here until it is told to reboot."""
    progress = Progress(server, world.say)
    progress.tell("started", hello)
    following, sent = send_inventory(server, world)
    if following == "workflow":
        following = world.work()
    told = ""
    if following == "idle":
        world.say("ready, idle")
        told = progress.tell("idle", "ready")
    following = told if told == "reboot" else _listen(server, world, progress, following, sent)
    world.say(f"the server says: {following}")
    progress.tell(following, "as the server said")
    world.power(following)


def _listen(
    server: Server, world: World, progress: Progress, following: str, sent: dict[str, Any]
) -> str:
    """Hear the switches, and then be idle until there is something else to do."""
    following, listened = follow_up(server, world, following, sent)
    if following == "workflow":
        following = world.work()
    pause = max(0.0, HEARTBEAT - listened)
    while following == "idle":
        world.sleep(pause)
        pause = HEARTBEAT
        # A run waits for this machine, which has no ticket for it: it gets one when it comes anew.
        if progress.tell("idle", "ready") == "reboot":
            following = "reboot"
    return following


def follow_up(
    server: Server, world: World, following: str, sent: dict[str, Any]
) -> tuple[str, float]:
    """Listen on, and send the inventory again if there is news of the NICs since it was sent.

    Returns what to do next, which is as it was without news, and the seconds of listening.
    """
    patience = world.patience
    if patience is None:
        patience = LISTEN if following == "idle" else 0.0
    if not patience:
        return following, 0.0
    listened = world.listen(patience)
    inventory = world.collect()
    if inventory["nics"] != sent["nics"]:
        try:
            answer = server.post("inventory", inventory)
        except RefusedError as error:
            world.say(f"the server refused the inventory: {error}")
        else:
            world.say(f"inventory sent: {summary(inventory)}")
            following = _next(answer, world)
    return following, listened


def send_inventory(server: Server, world: World) -> tuple[str, dict[str, Any]]:
    """Send what the machine is made of until it is taken; what to do next, and what was sent."""
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
        return _next(answer, world), inventory


def _next(answer: dict[str, object], world: World) -> str:
    following = answer.get("next")
    if isinstance(following, str) and following in _NEXT:
        return following
    world.say(f"the server says next: {following!r}, which this OSIE does not know: idle")
    return "idle"

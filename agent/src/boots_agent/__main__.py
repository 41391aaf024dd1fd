"""The agent as a program: ``python3 -m boots_agent``, started by ``/init`` once there is a network.

The kernel command line says where the server is: ``boots.url=http://ADDRESS:PORT/MAC``, or
``https``, and then ``boots.pin=SHA256`` of its certificate; and with ``boots.ticket=TICKET`` what
opens a session of a workflow.  With ``boots.lldp=SECONDS`` switches are listened to for so long,
whatever the server says next.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from boots_agent import __version__, leaving, links
from boots_agent.agent import World, run
from boots_agent.console import Console
from boots_agent.facts import kernel_arguments, seconds
from boots_agent.inventory import collect
from boots_agent.kernel import adopt_orphans
from boots_agent.listening import Ears
from boots_agent.readying import ready, standing
from boots_agent.server import Server
from boots_agent.session import Clock, Keeper
from boots_agent.transport import Source, is_pin, sending
from boots_agent.working import Workshop, tidy, work

_ROOT = Path("/")


def main() -> int:
    """Run the agent on this machine; returns only when it cannot begin."""
    console = Console(_ROOT)
    arguments = kernel_arguments(_ROOT)
    wrong = misdirected(arguments)
    if wrong:
        console.say(wrong)
        return 2
    url, pin = arguments["boots.url"], arguments.get("boots.pin", "")
    ready(_ROOT, Source(url, pin), console.say)
    console.say(f"agent {__version__} says hello to {url}, {standing(_ROOT)}")
    server = Server(url, sending(pin), time.sleep, console.say)
    adopt_orphans()
    ears = Ears(_ROOT)
    architecture = os.uname().machine

    def take() -> dict[str, object]:
        ears.listen(0)  # what came meanwhile
        return collect(_ROOT, architecture, ears.heard)

    shop = _workshop(server, console, arguments.get("boots.ticket", ""), take)
    tidy(shop)
    run(server, _world(console, arguments, shop, ears), f"agent {__version__}")
    return 0


def misdirected(arguments: Mapping[str, str]) -> str:
    """What is wrong with what the kernel command line says of the server; empty if nothing is."""
    url, pin = arguments.get("boots.url", ""), arguments.get("boots.pin", "")
    if not url.startswith(("http://", "https://")):
        return (
            f"boots.url is {url!r} on the kernel command line, but must be"
            " http://ADDRESS:PORT/MAC: there is no server to talk to"
        )
    if url.startswith("https://") and not is_pin(pin):
        return (
            f"boots.url is {url!r} on the kernel command line, and boots.pin {pin!r}, but must be"
            " the SHA-256 of the server's certificate, in hexadecimal: nobody could say who answers"
        )
    return ""


def _workshop(
    server: Server, console: Console, ticket: str, take: Callable[[], dict[str, object]]
) -> Workshop:
    return Workshop(
        server=server,
        clock=Clock(),
        keeper=Keeper(_ROOT / "run/boots"),
        ticket=ticket,
        say=console.say,
        sleep=time.sleep,
        end=lambda how: leaving.end(how, console.say),
        mounts=_ROOT / "mnt",
        refresh=lambda: links.refresh(_ROOT),
        inventory=take,
    )


def _world(console: Console, arguments: Mapping[str, str], shop: Workshop, ears: Ears) -> World:
    return World(
        say=console.say,
        sleep=time.sleep,
        collect=shop.inventory,
        listen=ears.listen,
        power=shop.end,
        work=lambda: work(shop),
        patience=seconds(arguments.get("boots.lldp", "")),
    )


if __name__ == "__main__":
    sys.exit(main())

"""The agent as a program: ``python3 -m boots_agent``, started by ``/init`` once there is a network.

The kernel command line says where the server is: ``boots.url=http://ADDRESS:PORT/MAC``.  With
``boots.lldp=SECONDS`` switches are listened to for so long, whatever the server says next.
"""

import os
import sys
import time
from pathlib import Path

from boots_agent import __version__
from boots_agent.agent import World, run
from boots_agent.console import Console
from boots_agent.facts import kernel_arguments, seconds
from boots_agent.inventory import collect
from boots_agent.listening import Ears
from boots_agent.server import Server
from boots_agent.transport import send

_ROOT = Path("/")
_BUSYBOX = "/usr/bin/busybox"


def main() -> int:
    """Run the agent on this machine; returns only when it cannot begin."""
    console = Console(_ROOT)
    arguments = kernel_arguments(_ROOT)
    url = arguments.get("boots.url", "")
    if not url.startswith("http://"):
        console.say(
            f"boots.url is {url!r} on the kernel command line, but must be"
            " http://ADDRESS:PORT/MAC: there is no server to talk to"
        )
        return 2
    console.say(f"agent {__version__} says hello to {url}")
    server = Server(url, send, time.sleep, console.say)
    architecture = os.uname().machine
    ears = Ears(_ROOT)

    def take() -> dict[str, object]:
        ears.listen(0)  # what came meanwhile
        return collect(_ROOT, architecture, ears.heard)

    patience = seconds(arguments.get("boots.lldp", ""))
    run(
        server,
        World(console.say, time.sleep, take, ears.listen, _power, patience),
        f"agent {__version__}",
    )
    return 0


def _power(command: str) -> None:
    """Leave this run of the machine at once; nothing is mounted that a shutdown would have to save.

    Args:
        command: ``reboot`` or ``poweroff``.
    """
    os.sync()
    os.execv(_BUSYBOX, [command, "-f"])  # noqa: S606  # no shell on purpose


if __name__ == "__main__":
    sys.exit(main())

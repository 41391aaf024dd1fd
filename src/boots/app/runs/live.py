"""Which machines have a run, as far as whoever serves scripts and takes reports must know."""

from collections.abc import Callable, Iterator

from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import ticket

WORKFLOW, REBOOT = "workflow", "reboot"

_IDLE = "idle"
_MOST_REBOOTS = 3
"""How often a machine is sent to get a ticket for one run: who gets none then never will."""


class Live:
    """Machines with a run that is not over, by name; told by the keeper, also to workers.

    `clock` gives seconds since 1970, `chance` so many random bytes.
    """

    def __init__(self, clock: Callable[[], float], chance: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._chance = chance
        self._runs: dict[str, str] = {}
        self._rebooted: dict[str, int] = {}

    def put(self, machine: str, run: str) -> None:
        """This machine has this run; empty for none."""
        if run != self._runs.get(machine, ""):
            self._rebooted.pop(machine, None)
        if run:
            self._runs[machine] = run
        else:
            self._runs.pop(machine, None)

    def every(self) -> Iterator[tuple[str, str]]:
        """All of them."""
        yield from self._runs.items()

    def ticket(self, known: Known, site: Site) -> str:
        """A new ticket for a machine that is told what to run; empty where no run waits for it."""
        run = self._runs.get(known.machine.name)
        if run is None or known.stranger or not site.ticket_key:
            return ""
        expires = self._clock() + ticket.LASTS
        return ticket.make(known.mac, run, expires, self._chance(ticket.NONCE), site.ticket_key)

    def after_inventory(self, known: Known) -> str:
        """What is next for a machine that told what it is made of; empty where no run waits."""
        return WORKFLOW if known.machine.name in self._runs else ""

    def after_progress(self, known: Known, stage: str) -> str:
        """What is next for a machine that is idle: it has no ticket, and gets one as it boots."""
        name = known.machine.name
        told = self._rebooted.get(name, 0)
        if stage != _IDLE or name not in self._runs or told >= _MOST_REBOOTS:
            return ""
        self._rebooted[name] = told + 1
        return REBOOT

"""All that agents ask, by who answers it: `boots.serve.agent_words.Sessions`."""

from collections.abc import Callable

from boots.app.runs.asking import Asking
from boots.app.runs.ends import Ends
from boots.app.runs.hearing import Hearing
from boots.app.runs.keeper import Keeper
from boots.app.runs.netboot import Netboots
from boots.app.runs.preparing import Preparing
from boots.app.runs.proving import Proving
from boots.app.runs.stored import stored
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.model.machine import Known
from boots.model.site import Site
from boots.workflow.happened import LifeSeen


class Sessions:
    """The agents' door, behind the door.

    `site` gives the site of an interface, `most_writing` how many runs may write disks at once.
    """

    def __init__(
        self,
        keeper: Keeper,
        netboots: Netboots,
        preparing: Preparing,
        *,
        site: Callable[[str], Site],
        most_writing: Callable[[], int],
        tell: Callable[[AnyEvent], None],
    ) -> None:
        proving = Proving(keeper, site, tell)
        asking = Asking(keeper, proving, netboots, preparing, site=site, most_writing=most_writing)
        ends = Ends(keeper, proving, tell)
        self._keeper = keeper
        self._tell = tell
        self.hello, self.next, self.end = proving.hello, asking.next, asking.end
        self.events = Hearing(keeper, proving).events
        self.edges, self.edges_back = ends.edges, ends.edges_back

    def elsewhere(self, event: AnyEvent) -> None:
        """Somebody spoke as an agent from an address that is not the machine's."""
        self._tell(event)

    async def lives(self, known: Known, peer: str) -> None:
        """The next system of a machine said that it is up."""
        self._tell(events.SystemSeen(mac=str(known.mac), peer=peer))
        await stored(self.life_seen(known.machine.name))

    async def life_seen(self, machine: str) -> None:
        """Something else than OSIE was heard of a machine.  Raises `StoreAway`."""
        kept = self._keeper.of(machine)
        if kept is not None:
            kept = await self._keeper.fresh(kept.run.id)
            await self._keeper.happen(kept.run.id, LifeSeen(worker=kept.worker(machine)))

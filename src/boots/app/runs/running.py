"""All there is of runs in a running server: what keeps them, what answers agents and people."""

import asyncio
import secrets
from collections.abc import Callable, Mapping

from boots.app.keeping import Keeping
from boots.app.runs.beginning import Beginning, Limits
from boots.app.runs.deadlines import pass_time
from boots.app.runs.keeper import Keeper, news
from boots.app.runs.live import Live
from boots.app.runs.making import Find
from boots.app.runs.netboot import Netboots
from boots.app.runs.preparing import Preparing, Seeing
from boots.app.runs.sessions import Sessions
from boots.app.runs.signs import Signs
from boots.journal.events import AnyEvent
from boots.model.site import Site
from boots.store.changes import Change

_BREATH = 0.2  # seconds between two looks of who follows a run


class Running:
    """Made beside the store.

    `find` gives the machine of a name, a MAC or an agent's id, `name_of` the name of a MAC's.
    `site` gives the site of an interface, `limits` what the settings allow.  `moved` hears of
    each machine that has another run, or none.  `images` gives our images, with their sizes.
    """

    def __init__(
        self,
        keeping: Keeping,
        clock: Callable[[], float],
        tell: Callable[[AnyEvent], None],
        *,
        find: Find,
        name_of: Callable[[str], str],
        site: Callable[[str], Site],
        limits: Callable[[], Limits],
        images: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self.limits = limits
        self.live = Live(clock, secrets.token_bytes)
        self.moved: Callable[[str, str], None] = lambda _machine, _run: None
        self.keeper = Keeper(keeping.store, clock, tell, self._moved)
        seeing = Seeing(keeping.store, find, images, containers=limits().containers)
        netboots = Netboots(keeping, clock, tell)
        preparing = Preparing(self.keeper, seeing, clock)
        self.beginning = Beginning(
            self.keeper, keeping, netboots, seeing, limits=limits, chance=secrets.token_bytes
        )
        self.sessions = Sessions(
            self.keeper,
            netboots,
            preparing,
            site=site,
            most_writing=lambda: limits().most_writing,
            tell=tell,
        )
        self.signs = Signs(self.keeper, preparing, name_of, self.sessions.life_seen)

    def _moved(self, machine: str) -> None:
        kept = self.keeper.of(machine)
        run = kept.run.id if kept is not None else ""
        self.live.put(machine, run)
        self.moved(machine, run)

    async def load(self) -> None:
        """Have in force what the store says.  Raises `StoreAway`."""
        await self.keeper.load()

    async def take_up(self, found: list[Change], me: str) -> None:
        """Have in force what others changed.  Raises `StoreAway`."""
        ids, frozen = news(found, me)
        await self.keeper.take_up(ids)
        if frozen:
            await self.keeper.thaw_or_freeze()

    async def run(self) -> None:
        """Tell runs that time goes by, until cancelled."""
        await pass_time(self.keeper)

    async def breath(self) -> None:
        """What is between two looks of one who follows."""
        await asyncio.sleep(_BREATH)

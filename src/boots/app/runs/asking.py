"""What an agent is to do next: handed out only once that is written down."""

import asyncio
from collections.abc import Callable

from boots.app.runs.handouts import hand
from boots.app.runs.keeper import Keeper
from boots.app.runs.netboot import Netboots
from boots.app.runs.preparing import Preparing
from boots.app.runs.proving import Proving
from boots.app.runs.stored import stored
from boots.app.runs.words import Kept
from boots.model.site import Site
from boots.serve.agent_words import LONGEST_WAIT, Ask, Caller, Hand, Stop, Wait
from boots.store import freezes
from boots.store.runs import Held
from boots.workflow.handing import HandOut, NetbootOffFirst, next_action
from boots.workflow.handing import Stop as Over
from boots.workflow.happened import HandedOut, NetbootOff
from boots.workflow.run import Part, StepState


class Asking:
    """Answers what is next.

    `site` gives the site of an interface, `most_writing` how many runs may write disks at once.
    """

    def __init__(
        self,
        keeper: Keeper,
        proving: Proving,
        netboots: Netboots,
        preparing: Preparing,
        *,
        site: Callable[[str], Site],
        most_writing: Callable[[], int],
    ) -> None:
        self._keeper = keeper
        self._proving = proving
        self._netboots = netboots
        self._preparing = preparing
        self._site = site
        self._most_writing = most_writing
        self._ending = False

    async def next(self, caller: Caller, said: Ask) -> Hand | Wait | Stop:
        """What is to be done; when there is nothing, after some time."""
        await stored(self._proving.proved(caller, said.run, said.session))
        loop = asyncio.get_running_loop()
        until = loop.time() + min(said.wait, LONGEST_WAIT)
        async with self._keeper.flag(said.run).watched() as woken:
            while True:
                woken.clear()
                answer = await stored(self._next(caller, said))
                left = until - loop.time()
                if not isinstance(answer, Wait) or left <= 0 or self._ending:
                    return answer
                try:
                    async with asyncio.timeout(left):
                        await woken.wait()
                except TimeoutError:
                    return answer

    def end(self) -> None:
        """Let nobody wait any more: the server ends."""
        self._ending = True
        self._keeper.wake_all()

    async def _next(self, caller: Caller, said: Ask) -> Hand | Wait | Stop:
        kept, worker = await self._proving.proved(caller, said.run, said.session)
        if kept.waits:
            kept = await self._preparing.prepare(said.run)
        answer = next_action(kept.run, worker, said.session)
        if isinstance(answer, HandOut):  # another server may know more
            kept = await self._keeper.fresh(said.run)
            answer = next_action(kept.run, worker, said.session)
        if isinstance(answer, NetbootOffFirst):
            await self._netboots.off(kept, worker)
            kept = await self._keeper.happen(said.run, NetbootOff(worker=worker))
            answer = next_action(kept.run, worker, said.session)
        match answer:
            case HandOut():
                return await self._hand(kept, worker, answer, caller, said.session)
            case Over(why):
                return Stop(why=why, next=caller.known.machine.then.value)
            case NetbootOffFirst():
                return Wait(why="netboot is being turned off")
        # It was told, and the server ended before it was written down.
        unknown = kept.waits and not await self._preparing.knows(worker)
        return Wait(why=kept.note or answer.why, tell="inventory" if unknown else "")

    async def _hand(
        self, kept: Kept, worker: str, out: HandOut, caller: Caller, session: int
    ) -> Hand | Wait:
        """Hand an action out, once it is written that it is."""
        step = kept.run.steps[out.step]
        writes = step.writes and step.part is Part.ACTION
        begins = writes and step.state is StepState.PENDING
        # Where the answer was lost nobody began: what is said again is held back as well.
        why = await self._may_not_write(kept) if writes else ""
        if why:
            return Wait(why=why)
        if step.terminal and step.last and step.part is Part.ACTION:
            await self._netboots.off(kept, worker)  # a person may have ordered otherwise since
        given = HandedOut(worker=worker, session=session, step=out.step, attempt=out.attempt)
        most = self._most_writing() if begins else 0
        try:
            kept = await self._keeper.happen(kept.run.id, given, most_writing=most)
        except Held as held:
            return Wait(why=str(held))
        if next_action(kept.run, worker, session) != out:
            return Wait(why="something else happened meanwhile: ask again")
        key = bytes.fromhex(caller.key)
        site = self._site(caller.interface)
        return hand(kept, out, caller.known, site, key=key, now=self._keeper.clock())

    async def _may_not_write(self, kept: Kept) -> str:
        frozen = await self._keeper.store.read(freezes.read)  # another server may have been told
        if frozen.frozen:
            return frozen.reason
        if kept.given.arm is not None and kept.given.until <= self._keeper.clock():
            return "the time for which its disks were armed is over: cancel it, and arm anew"
        return ""

"""What agents tell: events, each once, the lines of actions, and how far they are."""

import msgspec

from boots.app.runs import certificates
from boots.app.runs.keeper import Keeper
from boots.app.runs.proving import Proving
from boots.app.runs.stored import stored
from boots.app.runs.words import Kept
from boots.policy.token import hidden
from boots.serve.agent_words import Caller, Denied, Happened, Heard, Report
from boots.store import certificates as proofs
from boots.store import edges
from boots.store.run_lines import Heard as Noted
from boots.store.run_lines import Line
from boots.workflow.handing import expected
from boots.workflow.happened import Ended, Started
from boots.workflow.run import State

_WRITTEN_EVERY = 2.0  # seconds between two times that progress alone is written down
_LONGEST_LINE = 2_000
_MOST_WRITTEN = 4_096
_encode = msgspec.json.Encoder().encode


class Hearing:
    """Takes what agents tell."""

    def __init__(self, keeper: Keeper, proving: Proving) -> None:
        self._keeper = keeper
        self._proving = proving
        self._written: dict[tuple[str, str], float] = {}

    async def events(self, caller: Caller, said: Report) -> Heard:
        """Take what happened, and what was said; when this returns it is kept for good."""
        return await stored(self._events(caller, said))

    async def _events(self, caller: Caller, said: Report) -> Heard:
        kept, worker = await self._proving.proved(caller, said.run, said.session)
        wanted = expected(kept.run, worker)
        fresh = [each for each in said.events if each.sequence >= wanted]
        if fresh:
            await self._note_written(said.run, worker, fresh)
            told = [_event(each, worker, said.session) for each in fresh]
            kept = await self._keeper.happen(said.run, *told)
            if expected(kept.run, worker) <= told[-1].sequence:
                await self._keeper.fresh(said.run)  # another server heard what was before
                kept = await self._keeper.happen(said.run, *told)
        known = kept.run.sessions.get(worker)
        if known is None or known.number != said.session:
            raise Denied(401, "the session is another's by now")
        line = await self._hear(said, worker, kept)
        # What makes it a success (poweroff has begun) is not to be stopped.
        over = kept.run.is_final and kept.run.state is not State.SUCCESS
        return Heard(expected=expected(kept.run, worker), line=line, do="cancel" if over else "go")

    async def _hear(self, said: Report, worker: str, run: Kept) -> int:
        """Keep lines and progress; the number of the line that is wanted next."""
        now = self._keeper.clock()
        key = said.run, worker
        known = self._keeper.heard(said.run, worker)
        progress = _encode(said.progress).decode() if said.progress is not None else ""
        heard = Noted(said.session, 1, now, progress)
        if known is not None and known.session == said.session:
            heard = heard._replace(line=known.line)
            if not said.lines and now - self._written.get(key, 0.0) < _WRITTEN_EVERY:
                self._keeper.note(said.run, worker, heard)
                return heard.line
        lines = [
            Line(each.number, each.at, each.step, each.attempt, hidden(each.text)[:_LONGEST_LINE])
            for each in sorted(said.lines, key=lambda each: each.number)
        ]
        # Before the lines are acknowledged: who says one again has it kept once.
        for proof in certificates.found(run, worker, lines, now):
            await self._keeper.store.write(proofs.keep, proof)
        kept = await self._keeper.hear(said.run, worker, heard, lines)
        self._written[key] = now
        if len(self._written) > _MOST_WRITTEN:
            self._written.pop(next(iter(self._written)))
        return kept.line

    async def _note_written(self, id_: str, worker: str, happened: list[Happened]) -> None:
        """Know by which partition tables disks that the run had are ours from now on."""
        wrote = [pair for each in happened for pair in each.wrote.items()]
        if not wrote:
            return
        run = await self._keeper.fresh(id_)  # another server may have given it the disk
        own = {each.serial for each in run.disks if each.worker == worker} & {*run.taken}
        for serial, guid in wrote:
            if serial in own:
                name = run.of(worker).name
                await self._keeper.store.write(edges.note_written, name, serial, guid)


def _event(said: Happened, worker: str, session: int) -> Started | Ended:
    if said.type == "started":
        return Started(
            worker=worker,
            session=session,
            sequence=said.sequence,
            step=said.step,
            attempt=said.attempt,
        )
    return Ended(
        worker=worker,
        session=session,
        sequence=said.sequence,
        step=said.step,
        attempt=said.attempt,
        exit_code=said.exit_code,
        timed_out=said.timed_out,
        message=hidden(said.message),
    )

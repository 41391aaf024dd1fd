"""Who may speak for a machine of a run: its agent, by a ticket once, and by a key from then on."""

import hashlib
import hmac
import secrets
from collections.abc import Callable

from msgspec.structs import replace

from boots.app.runs.keeper import Keeper, NoRun
from boots.app.runs.stored import stored
from boots.app.runs.words import Agent, Kept
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.model.site import Site
from boots.policy import ticket
from boots.serve.agent_words import Caller, Denied, Hello, Nothing, Session
from boots.workflow.advancing import advance
from boots.workflow.handing import expected
from boots.workflow.happened import Hello as Began

MOST_NONCES = 256
"""Used tickets of a run that are known: nobody is given more in half an hour."""

_KEY = 32


class Proving:
    """Begins sessions, and proves who goes on with one.  `site` gives the site of an interface."""

    def __init__(
        self,
        keeper: Keeper,
        site: Callable[[str], Site],
        tell: Callable[[AnyEvent], None],
    ) -> None:
        self._keeper = keeper
        self._site = site
        self._tell = tell

    async def hello(self, caller: Caller, said: Hello) -> Session | Nothing:
        """Begin a session."""
        machine = caller.known.machine
        kept = await stored(self._keeper.waiting_for(machine.name))
        if kept is None:
            return Nothing(run="", next=machine.then.value)
        key = secrets.token_bytes(_KEY).hex()

        def begin(kept: Kept) -> Kept:
            return self._begun(kept, caller, said, key)

        kept = await stored(self._keeper.change(kept.run.id, begin))
        worker = kept.worker(machine.name)
        return Session(
            run=kept.run.id,
            session=kept.run.sessions[worker].number,
            key=key,
            now=self._keeper.clock(),
            expected=expected(kept.run, worker),
        )

    def _begun(self, kept: Kept, caller: Caller, said: Hello, key: str) -> Kept:
        """The run with a new session, if ticket or key are good."""
        worker = kept.worker(caller.known.machine.name)
        if kept.run.is_final:
            raise Denied(403, "the run is over")
        if said.ticket:
            kept = self._with_ticket(kept, caller, said.ticket)
        elif said.run != kept.run.id:
            raise Denied(403, "the run of its key is over: restart the machine")
        elif not _is_last(kept, worker, said.key):
            raise self._refused(caller, kept, "its key is not that of its last session")
        known, before = kept.run.sessions.get(worker), kept.agents.get(worker)
        began = Began(worker=worker, session=(known.number if known else 0) + 1)
        agent = Agent(digest=digest(key), before=before.digest if before else "")
        return replace(
            kept,
            run=advance(kept.run, began, self._keeper.clock()),
            agents={**kept.agents, worker: agent},
        )

    def _with_ticket(self, kept: Kept, caller: Caller, text: str) -> Kept:
        """The run, which knows that the ticket is used."""
        key = self._site(caller.interface).ticket_key
        found = ticket.read(text, caller.known.mac, kept.run.id, key)
        if found is None:
            raise self._refused(caller, kept, "the ticket is none of ours for this machine's run")
        if found.nonce in kept.used:
            why = "the ticket was used before: somebody else had it, or the answer to it was lost"
            raise self._refused(caller, kept, why, again=True)
        if found.expires < self._keeper.clock():
            raise self._refused(caller, kept, "the ticket has expired: restart the machine")
        return replace(kept, used=(*kept.used, found.nonce)[-MOST_NONCES:])

    def _refused(self, caller: Caller, kept: Kept, why: str, *, again: bool = False) -> Denied:
        self._tell(
            events.TicketRefused(
                mac=str(caller.known.mac), peer=caller.peer, run=kept.run.id, why=why, again=again
            )
        )
        return Denied(403, why)

    async def proved(self, caller: Caller, run: str, session: int) -> tuple[Kept, str]:
        """The run that an agent speaks of, and its worker.

        Raises:
            Denied: its key is not that of this session, or not any more.
            StoreAway: the run is not in memory.
        """
        worker = ""
        for ask in (self._keeper.one, self._keeper.fresh):  # another server may have begun it
            try:
                kept = await ask(run)
            except NoRun:
                raise Denied(401, "there is no such run") from None
            worker = kept.worker(caller.known.machine.name)
            if _is_now(kept, worker, session, caller.key):
                return kept, worker
        raise Denied(401, "the session is another's by now")


def digest(key: str) -> str:
    """What is kept of a session's key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _is_now(kept: Kept, worker: str, session: int, key: str) -> bool:
    """Whether this is the session that a worker has, and its key."""
    agent, known = kept.agents.get(worker), kept.run.sessions.get(worker)
    if agent is None or known is None or known.number != session:
        return False
    return hmac.compare_digest(agent.digest, digest(key))


def _is_last(kept: Kept, worker: str, key: str) -> bool:
    """Whether a key is that of the last session; or of the one before, whose next key was lost.

    That is so as long as nothing was heard under the last one, nor handed out to it.
    """
    agent = kept.agents.get(worker)
    if agent is None:
        return False
    if hmac.compare_digest(agent.digest, digest(key)):
        return True
    session = kept.run.sessions[worker]
    steps = kept.run.steps
    unheard = not session.heard and all(
        (each.worker, each.session) != (worker, session.number) for each in steps
    )
    return unheard and bool(agent.before) and hmac.compare_digest(agent.before, digest(key))

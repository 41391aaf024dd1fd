"""A machine with a workflow: hello, then one action after the other until there is no more.

An agent begins with one hand-out once.  What it tells of it is with the server before the next is
asked for, and a machine leaves OSIE after the server's answer alone.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from boots_agent import handed
from boots_agent.cleaning import end_strays, unmount_all
from boots_agent.courier import OVER, Courier, Pace
from boots_agent.doing import Tools, work_of
from boots_agent.handed import HandOut
from boots_agent.leaving import flush
from boots_agent.outbox import Outbox
from boots_agent.process import GRACE
from boots_agent.running import Outcome, carry_out
from boots_agent.server import RefusedError, Server, StrangeKeyError
from boots_agent.session import Clock, Keeper, Nothing, Session, hello
from boots_agent.shield import lift
from boots_agent.unstacking import unstack

WAIT = 25  # seconds that the server may take to know what is next
ODD = 5.0  # seconds of pause after what makes no sense
_NEXT = frozenset({"idle", "reboot", "poweroff"})


class Workshop(NamedTuple):
    """All that working needs.

    Attributes:
        ticket: Of the kernel command line; empty without one.
        end: Ends this run of the machine: ``reboot``, ``poweroff``, ``kexec``.
        mounts: The folder below which actions mount.
        refresh: Makes the names of disks anew.
        inventory: Takes what the machine is made of.
        pace: How often the server hears.
        grace: Seconds that an action that is stopped has to put things in order.
    """

    server: Server
    clock: Clock
    keeper: Keeper
    ticket: str
    say: Callable[[str], None]
    sleep: Callable[[float], None]
    end: Callable[[str], None]
    mounts: Path
    refresh: Callable[[], None]
    inventory: Callable[[], dict[str, Any]] = dict
    root: Path = Path("/")
    pace: Pace = Pace()
    grace: float = GRACE


class Told(NamedTuple):
    """What the server says when there is nothing more to do here."""

    next: str


def tidy(shop: Workshop) -> None:
    """End and unmount what an agent before this one left, and tell what it could not."""
    session = shop.keeper.session()
    if shop.keeper.child.exists():
        end_strays(int(shop.keeper.child.read_text() or 0), str(shop.keeper.child))
        shop.keeper.child.unlink()
    unmount_all(shop.mounts, shop.say)
    unstack(shop.root, shop.say)
    lift(shop.keeper.folder)
    if session is None:
        return
    rest = Outbox.kept(shop.keeper.outbox)
    if not rest.is_empty:
        shop.say("an agent before this one left something to tell")
        _courier(shop, session, rest).finish()


def work(shop: Workshop) -> str:
    """Do all that is to be done; what is next: ``idle``, ``reboot`` or ``poweroff``."""
    session = _first(shop)
    while isinstance(session, Session):
        shop.keeper.keep(session)
        shop.say(f"run {session.run}, session {session.number}")
        told = _Bench(shop, session).work()
        if told is not None:
            shop.keeper.forget()
            return told.next
        session = _again(shop, session)
    shop.keeper.forget()
    if session.why:
        shop.say(session.why)
    return session.next if session.next in _NEXT else "idle"


def _first(shop: Workshop) -> Session | Nothing:
    kept = shop.keeper.session()
    if kept is not None:
        return _again(shop, kept)
    if not shop.ticket or shop.keeper.is_ticket_spent:
        return Nothing("idle", "a workflow waits for this machine, but there is no ticket for it")
    answer = hello(shop.server, {"ticket": shop.ticket}, shop.clock)
    shop.keeper.spend()
    return answer


def _again(shop: Workshop, session: Session) -> Session | Nothing:
    return hello(shop.server, {"key": session.key, **session.words}, shop.clock)


def _courier(
    shop: Workshop, session: Session, outbox: Outbox, wake: Callable[[], None] = lambda: None
) -> Courier:
    def tell(message: dict[str, Any]) -> dict[str, Any]:
        return shop.server.ask_once("events", {**session.words, **message}, session.key)

    return Courier(outbox, tell, shop.say, shop.pace, wake=wake)


class _Bench:
    """One session's work."""

    def __init__(self, shop: Workshop, session: Session) -> None:
        self._shop = shop
        self._session = session
        self._woken, self._wake = os.pipe()
        self._courier = _courier(shop, session, Outbox(shop.keeper.outbox), self._rouse)
        self._begun: set[tuple[int, int]] = set()

    def work(self) -> Told | None:
        """Until the run is over for this machine, or (None) the session is not this agent's."""
        try:
            while not self._courier.lost:
                told = self._step()
                if told is not None:
                    return told
            return None
        finally:
            os.close(self._woken)
            os.close(self._wake)

    def _step(self) -> Told | None:
        asked = {**self._session.words, "wait": WAIT}
        try:
            answer = self._shop.server.post("next", asked, key=self._session.key, wait=WAIT)
        except StrangeKeyError:
            self._courier.lost = True
            return None
        except RefusedError as error:
            self._courier.lost = error.status in OVER
            self._shop.say(f"the server refuses to say what is next: {error}")
            self._shop.sleep(ODD)
            return None
        self._shop.clock.set(answer.get("now"))
        if answer.get("do") == "stop":
            self._shop.say(f"the run is over here: {answer.get('why', '')}")
            following = str(answer.get("next", "idle"))
            return Told(following if following in _NEXT else "idle")
        if answer.get("do") == "action":
            self._begin(answer)
        elif answer.get("do") != "wait":
            self._shop.say(f"the server says {answer.get('do')!r}, which this OSIE does not know")
            self._shop.sleep(ODD)
        elif answer.get("tell") == "inventory":
            self._tell_inventory()
        return None

    def _tell_inventory(self) -> None:
        """Say again what the machine is made of: the server ended before it was written down."""
        try:
            self._shop.server.post("inventory", self._shop.inventory())
        except RefusedError as error:
            self._shop.say(f"the server refused the inventory: {error}")
            self._shop.sleep(ODD)
        else:
            self._shop.say("inventory sent again: the server did not have it any more")

    def _begin(self, answer: dict[str, Any]) -> None:
        try:
            handout = handed.read(answer)
        except handed.Strange as error:
            self._shop.say(str(error))
            self._shop.sleep(ODD)
            return
        if (handout.step, handout.attempt) in self._begun:
            self._shop.say(f"{handout.name} was handed out a second time, and is not begun again")
            self._shop.sleep(ODD)
            return
        self._begun.add((handout.step, handout.attempt))
        try:
            self._shop.refresh()
        except Exception as error:  # noqa: BLE001  # a disk may say anything of itself
            self._shop.say(f"names of disks are missing: {error!r}")
        self._do(handout)

    def _do(self, handout: HandOut) -> None:
        shop = self._shop
        shop.say(f"{handout.name} ({handout.kind or handout.part}) begins")
        if not handout.terminal:
            self._courier.event("started", handout.step, handout.attempt)
        tools = Tools(
            shop.server,
            shop.clock,
            shop.keeper,
            shop.mounts,
            shop.refresh,
            self._session,
            shop.root,
        )
        outcome = carry_out(
            handout,
            lambda voice: work_of(handout, tools, voice),
            self._courier,
            now=shop.clock.now,
            woken=self._woken,
            noted=shop.keeper.child,
            grace=shop.grace,
        )
        end_strays()
        unmount_all(shop.mounts, shop.say)
        unstack(shop.root, shop.say)
        lift(shop.keeper.folder)
        if outcome.leave and not self._courier.cancelled:
            self._leave(handout, outcome.leave)
        else:
            self._told(handout, outcome)
        self._courier.cancelled = False

    def _told(self, handout: HandOut, outcome: Outcome) -> None:
        shown = "timed out" if outcome.timed_out else f"ended with {outcome.code}"
        self._shop.say(f"{handout.name} {shown}")
        self._courier.event(
            "ended",
            handout.step,
            handout.attempt,
            exit_code=outcome.code,
            timed_out=outcome.timed_out,
            message=outcome.message,
            **({"wrote": dict(outcome.wrote)} if outcome.wrote else {}),
        )
        self._courier.finish()

    def _leave(self, handout: HandOut, how: str) -> None:
        """The machine goes when the server has written down that it may."""
        flush(self._shop.root)
        self._courier.event("started", handout.step, handout.attempt)
        self._courier.finish()
        if self._courier.lost or self._courier.cancelled:
            self._shop.say(f"{handout.name}: this machine stays, as the run is over or another's")
            return
        self._shop.say(f"{handout.name}: {how}")
        self._shop.end(how)

    def _rouse(self) -> None:
        os.write(self._wake, b"!")

"""Runs begin: all is judged before, and what is refused is refused with what to do instead."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection

from boots.api.desk import Refused
from boots.app.keeping import Keeping
from boots.app.runs.keeper import Keeper, NoRun
from boots.app.runs.making import Made, again, make, taken
from boots.app.runs.netboot import Netboots
from boots.app.runs.preparing import Seeing
from boots.app.runs.words import Given, Kept
from boots.client.words import FieldError
from boots.client.workflows import Arming
from boots.model.arming import Policy
from boots.model.patterns import fits
from boots.store import edges, witness
from boots.store import orders as ordered
from boots.store.runs import Busy
from boots.workflow.run import DONE, CannotRetry, Run, begin, taken_up
from boots.workflow.words import Template

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_CHANCE = 10  # bytes


class Limits(NamedTuple):
    """What the settings allow: hours that disks may be armed for, runs that write at once.

    `containers`: images that are no native action are run.
    """

    hours: float
    most_writing: int
    containers: bool = False


class Beginning:
    """Makes new runs.  `chance` gives so many random bytes."""

    def __init__(
        self,
        keeper: Keeper,
        keeping: Keeping,
        netboots: Netboots,
        seeing: Seeing,
        *,
        limits: Callable[[], Limits],
        chance: Callable[[int], bytes],
    ) -> None:
        self._keeper = keeper
        self._keeping = keeping
        self._netboots = netboots
        self._seeing = seeing
        self._limits = limits
        self._chance = chance

    async def plan(self, given: Given) -> Made:
        """What a run would do; nothing is changed.  Raises `StoreAway`."""
        names = [given.machine, *given.map.values()]
        seen = await self._seeing.of(names)
        made = await asyncio.to_thread(make, given, seen)  # a template may take a second or two
        others = [own.name for own in made.machines if own.name not in names]
        if others:  # whose machines a template names is known once it is rendered
            seen = await self._seeing.of([*names, *others])
            made = await asyncio.to_thread(make, given, seen)
        return made

    async def create(self, given: Given) -> Kept:
        """Begin with a run.

        Raises:
            Refused: it cannot begin.
            StoreAway: nothing was changed.
        """
        given = self._until(given)
        made = await self.plan(given)
        template = _refused(made)
        run = begin(self._new_id(), template, self._keeper.clock(), preparing=made.waits)
        return await self._kept(made, run)

    async def retry(
        self,
        before: Kept,
        first: int,
        arm: Arming | None,
        by: str,
        among: Sequence[str] = (),
    ) -> Kept:
        """Take up a run that is over at an action, from 1; 0: where it ended.

        Raises:
            Refused: it cannot be.
            StoreAway: nothing was changed.
        """
        if not before.run.is_final:
            state = before.run.state.value
            raise Refused(409, "it goes on", f"run {before.run.id} is {state}: cancel it first")
        _refuse_others(before, among)
        given = self._until(_given_anew(before, arm, by, among))
        if before.waits:  # it never came to its disks: nothing of it was done
            return await self.create(given)
        at = first - 1 if first else _ended_at(before.run)
        id_, now = self._new_id(), self._keeper.clock()
        try:
            run = taken_up(before.run, at, id_, now)
        except CannotRetry as cannot:
            raise Refused(409, "it cannot be taken up there", str(cannot)) from None
        seen = await self._seeing.of([each.name for each in before.machines])
        own = await self._still_its(before, taken(before, given))
        made = again(given, seen, before, at, own)
        _refused(made)
        if made.waits:
            raise _unseen()
        return await self._kept(made, run, own)

    async def _still_its(self, before: Kept, serials: Sequence[str]) -> tuple[str, ...]:
        """Those of the disks that a run had which no other run has had since, such as an undo."""
        runs = [before.run.id]
        of = before.run.of
        while of and of not in runs:
            runs.append(of)
            try:
                of = (await self._keeper.one(of)).run.of
            except NoRun:  # long ago
                break
        last: dict[str, str] = {}
        for own in before.machines:
            last |= await self._keeper.store.read(edges.last_runs, own.name)
        return tuple(each for each in serials if last.get(each) in runs)

    def _until(self, given: Given) -> Given:
        """What was given, with the end of its arming; refused while all is frozen."""
        arm, hours = given.arm, self._limits().hours
        if arm is None:
            return given
        if self._keeper.frozen.frozen:
            raise Refused(409, "all writing is frozen", self._keeper.frozen.reason)
        if not 0 < arm.hours <= hours:
            raise Refused(
                422,
                "disks cannot be armed for so long",
                f"{arm.hours:g} hours; write more than 0, and {hours:g} at most (workflow.hours)",
                [FieldError(field="arm.hours", problem=f"{arm.hours:g} is out of bounds")],
            )
        return replace(given, until=self._keeper.clock() + arm.hours * 3600)

    async def _kept(self, made: Made, run: Run, taken: Sequence[str] = ()) -> Kept:
        kept = Kept(
            run=run,
            given=made.given,
            template=made.text,
            machines=made.machines,
            disks=made.disks,
            taken=tuple(taken),
            waits=made.waits,
        )
        machine = self._seeing.find(made.given.machine)
        name = machine.name if machine is not None else made.machines[0].name
        witness.about(name, run=run.id, machines=[own.name for own in made.machines])
        given = self._netboots.on(run.id, made.machines)

        def along(connection: Connection) -> None:
            for name, order in given.items():
                ordered.give(connection, name, order, server=self._keeper.store.me)

        try:
            async with self._keeping.turn:
                kept = await self._keeper.create(kept, along)
                for name, order in given.items():
                    self._keeping.took_order(name, order)
        except Busy as busy:
            raise Refused(
                409,
                "it has a run that is not over",
                f'"{busy.machine}" has the run {busy.run}: cancel that, or wait for its end',
            ) from None
        self._netboots.told(given, kept.machines)
        return kept

    def _new_id(self) -> str:
        return new_id(self._keeper.clock(), self._chance(_CHANCE))


def new_id(now: float, chance: bytes) -> str:
    """An id that nobody else makes; of two the later one is behind."""
    number = int(now * 1000) << 8 * len(chance) | int.from_bytes(chance, "big")
    digits = [_ALPHABET[number >> 5 * at & 31] for at in reversed(range(26))]
    return f"w-{''.join(digits)}"


def _given_anew(before: Kept, arm: Arming | None, by: str, among: Sequence[str]) -> Given:
    return replace(before.given, arm=arm, by=by, until=0.0, among=tuple(among))


def _ended_at(run: Run) -> int:
    return next((at for at, each in enumerate(run.steps) if each.state not in DONE), 0)


def _refuse_others(before: Kept, among: Sequence[str]) -> None:
    """Refuse to go on with a run of other machines than these.

    Raises:
        Refused: one took part.
    """
    if among and not all(fits(own.name, among) for own in before.machines):
        raise Refused(404, "no such run", f'none has the id "{before.run.id}"')


def _refused(made: Made) -> Template:
    """What can begin; what cannot is refused.

    Raises:
        Refused: with all that is wrong.
    """
    if made.mistakes:
        raise Refused(
            422,
            "the template has mistakes",
            "; ".join(map(str, made.mistakes)),
            [
                FieldError(field=each.field or "template", problem=str(each), advice=each.advice)
                for each in made.mistakes
            ],
        )
    if made.faults or made.template is None:
        raise Refused(
            422,
            "it cannot begin",
            "; ".join(made.faults),
            [FieldError(field="arm" if made.disks else "template", problem=e) for e in made.faults],
        )
    arm = made.given.arm
    if made.waits and arm is not None and arm.policy is not Policy.EMPTY_ONLY:
        raise _unseen()
    return made.template


def _unseen() -> Refused:
    return Refused(
        409,
        "nobody has seen its disks",
        "to lose what is on a disk somebody must have looked: boot it into OSIE first,"
        " and see boots machine NAME",
    )

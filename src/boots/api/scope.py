"""The desk as somebody has it who may see some machines only: others are as if not there.

Each method of the desk is here, and says what it is about; none is handed on as it is by default,
so what is new is refused by the type checker until somebody has thought of it.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, NoReturn

from msgspec.structs import replace

from boots.api.auth import may
from boots.api.desk import Attempt, Desk, Refused, Witness
from boots.api.discreet import discreetly, store
from boots.api.viewed import viewed
from boots.client import words, workflows
from boots.client.words import EventLine, Machine, MachineLine, Me, Role
from boots.model.order import Order
from boots.model.patterns import fits
from boots.timeline.knowledge import told_of_machines
from boots.timeline.words import Boot

_OF_ITS_OWN = frozenset(
    {
        *("netboot", "profile", "action", "power", "seconds", "step", "again", "first"),
        *("policy", "hours", "edges"),
    }
)
"""Details of the audit log that are about the machine of their row, whatever else took part."""


def _told(boot: Boot) -> Boot:
    """A boot, without what was wrong with the server meanwhile."""
    return replace(boot, finding=told_of_machines(boot.finding))


def scoped(desk: Desk, me: Me) -> Desk:
    """The desk as somebody may have it."""
    desk = desk if may(me, Role.OPERATOR) else viewed(desk)
    return Scope(desk, me.machines) if me.machines else desk


@discreetly
class Scope:
    """A desk, for machines whose names fit one of these patterns."""

    def __init__(self, desk: Desk, among: Sequence[str]) -> None:
        self._desk = desk
        self._among = tuple(among)

    def _has(self, key: str) -> bool:
        """Whether a name or MAC is of a machine of theirs."""
        name = self._desk.named(key)
        return bool(name) and fits(name, self._among)

    def _own(self, *keys: str) -> None:
        for key in keys:
            if not self._has(key):
                detail = f'no record is named "{key}" or has it as MAC'
                raise Refused(404, "no such machine", detail)

    def _all_own(self, machines: Sequence[str]) -> bool:
        return bool(machines) and all(fits(each, self._among) for each in machines)

    def _for_all(self) -> NoReturn:
        of = ", ".join(self._among)
        raise Refused(403, "Forbidden", f"this token is limited to machines ({of}); this is not")

    # --- the server

    def named(self, key: str) -> str:
        """The name of a machine."""
        return self._desk.named(key) if self._has(key) else ""

    async def health(self, among: Sequence[str] = ()) -> words.Health:
        """How this server is, with the states of their machines alone."""
        del among
        found = await self._desk.health(self._among)
        return replace(
            found,
            store=store(found.store),
            why="the server has a trouble" if found.why else "",
            waiting=0,
            lost=0,
            troubles=(),
        )

    async def whose(self, secret: str) -> Me | None:
        """Who bears a token."""
        return await self._desk.whose(secret)

    async def profiles(self) -> words.Profiles:
        """All profiles: they are nobody's."""
        return await self._desk.profiles()

    async def plan(self, wanted: words.NewPlan) -> words.Plan:
        """Refused: it is about all machines."""
        del wanted
        self._for_all()

    # --- machines

    async def machines(
        self,
        *,
        text: str = "",
        state: str = "",
        after: str = "",
        limit: int = 100,
        among: Sequence[str] = (),
    ) -> words.Machines:
        """Theirs."""
        del among
        return await self._desk.machines(
            text=text, state=state, after=after, limit=limit, among=self._among
        )

    async def machine(self, key: str) -> Machine:
        """One of theirs."""
        self._own(key)
        found = await self._desk.machine(key)
        last = _told(found.last) if found.last is not None and self._is_theirs(found.last) else None
        return replace(found, last=last, before=told_of_machines(found.before))

    async def create(self, record: Any, by: str) -> Machine:
        """Refused: a record may claim what others have."""
        del record, by
        self._for_all()

    async def replace(self, name: str, record: Any, revision: int | None, by: str) -> Machine:
        """Refused, likewise."""
        del name, record, revision, by
        self._for_all()

    async def remove(self, name: str, revision: int | None, by: str) -> None:
        """Refused, likewise."""
        del name, revision, by
        self._for_all()

    async def adopt(self, mac: str, record: Any, by: str) -> Machine:
        """Refused, likewise."""
        del mac, record, by
        self._for_all()

    async def order(self, key: str, order: words.NewOrder, by: str) -> Order:
        """Order something of one of theirs."""
        self._own(key)
        return await self._desk.order(key, order, by)

    async def withdraw(self, key: str, by: str) -> None:
        """Take that back."""
        self._own(key)
        await self._desk.withdraw(key, by)

    async def provision(self, key: str, wanted: words.Provision, by: str) -> words.Provisioned:
        """Run a profile once."""
        self._own(key)
        return await self._desk.provision(key, wanted, by)

    async def power(self, key: str) -> words.Power:
        """How its power is."""
        self._own(key)
        return await self._desk.power(key)

    async def switch(self, key: str, wanted: words.NewPower, by: str) -> words.Power:
        """Switch it."""
        self._own(key)
        return await self._desk.switch(key, wanted, by)

    async def rendered(self, key: str, name: str) -> str:
        """A file of one of theirs."""
        self._own(key)
        return await self._desk.rendered(key, name)

    async def explain(self, mac: str, interface: str = "") -> words.Explained:
        """Why one of theirs gets what it gets."""
        self._own(mac)
        found = await self._desk.explain(mac, interface)
        return replace(found, finding=told_of_machines(found.finding))

    # --- what happened

    async def boots(
        self,
        *,
        key: str = "",
        state: str = "",
        after: str = "",
        limit: int = 50,
        among: Sequence[str] = (),
    ) -> words.Boots:
        """Their boots."""
        del among
        if key:
            self._own(key)
        found = await self._desk.boots(
            key=key, state=state, after=after, limit=limit, among=self._among
        )
        return replace(found, boots=tuple(_told(each) for each in found.boots))

    def _is_theirs(self, boot: Boot) -> bool:
        """Whether a boot is; a NIC may have been another machine's by then."""
        return self._has(boot.mac) and (not boot.machine or fits(boot.machine, self._among))

    async def boot(self, identity: str) -> Boot:
        """One boot of theirs."""
        found = await self._desk.boot(identity)
        if not self._is_theirs(found):
            raise Refused(404, "no such boot", "it is not known, or was forgotten by now")
        return _told(found)

    async def events(
        self,
        *,
        key: str = "",
        kind: str = "",
        since: float = 0.0,
        until: float = 0.0,
        after: int = 0,
        latest: bool = False,
        limit: int = 200,
        among: Sequence[str] = (),
    ) -> words.Events:
        """Events of their machines, that were of one of theirs then."""
        del among
        if key:
            self._own(key)
        return await self._desk.events(
            key=key,
            kind=kind,
            since=since,
            until=until,
            after=after,
            latest=latest,
            limit=limit,
            among=self._among,
        )

    @asynccontextmanager
    async def follow_events(
        self,
        *,
        key: str = "",
        kind: str = "",
        after: int | None = None,
        among: Sequence[str] = (),
    ) -> AsyncIterator[AsyncIterator[EventLine]]:
        """The same as they happen."""
        del among
        if key:
            self._own(key)
        async with self._desk.follow_events(
            key=key, kind=kind, after=after, among=self._among
        ) as lines:
            yield lines

    @asynccontextmanager
    async def follow_machines(self) -> AsyncIterator[AsyncIterator[Sequence[MachineLine]]]:
        """Their lines as they change."""
        async with self._desk.follow_machines() as changes:
            theirs = ([each for each in some if self._has(each.name)] async for some in changes)
            yield (some async for some in theirs if some)

    async def packets(
        self, key: str, among: Sequence[str] = (), *, veiled: bool = False
    ) -> words.Packets:
        """Its latest DHCP messages."""
        del among
        self._own(key)
        return await self._desk.packets(key, self._among, veiled=veiled)

    async def capture(self, key: str, among: Sequence[str] = (), *, veiled: bool = False) -> bytes:
        """The same as a pcap file."""
        del among
        self._own(key)
        return await self._desk.capture(key, self._among, veiled=veiled)

    # --- workflows

    async def plan_run(
        self, wanted: workflows.NewRun, among: Sequence[str] = ()
    ) -> workflows.RunPlan:
        """What a run would do, of their machines alone."""
        del among
        self._own(wanted.machine, *wanted.map.values())
        return await self._desk.plan_run(wanted, self._among)

    async def create_run(
        self, wanted: workflows.NewRun, by: str, among: Sequence[str] = ()
    ) -> workflows.Run:
        """Begin one, of their machines alone."""
        del among
        self._own(wanted.machine, *wanted.map.values())
        return await self._desk.create_run(wanted, by, self._among)

    async def runs(
        self,
        *,
        key: str = "",
        state: str = "",
        after: str = "",
        limit: int = 50,
        among: Sequence[str] = (),
    ) -> workflows.Runs:
        """Their runs: those of which all machines are theirs."""
        del among
        if key:
            self._own(key)
        return await self._desk.runs(
            key=key, state=state, after=after, limit=limit, among=self._among
        )

    async def run(self, identity: str) -> workflows.Run:
        """One of them."""
        found = await self._desk.run(identity)
        if not self._all_own(found.line.machines):
            raise Refused(404, "no such run", f'none has the id "{identity}"')
        return found

    async def cancel_run(self, identity: str, by: str) -> workflows.Run:
        """End it."""
        await self.run(identity)
        return await self._desk.cancel_run(identity, by)

    async def settle_run(self, identity: str, said: workflows.Settle, by: str) -> workflows.Run:
        """Say what is to become of its action."""
        await self.run(identity)
        return await self._desk.settle_run(identity, said, by)

    async def retry_run(
        self, identity: str, wanted: workflows.Retry, by: str, among: Sequence[str] = ()
    ) -> workflows.Run:
        """Take it up."""
        del among
        await self.run(identity)
        return await self._desk.retry_run(identity, wanted, by, self._among)

    async def run_lines(
        self, identity: str, after: int = 0, limit: int = 200, among: Sequence[str] = ()
    ) -> workflows.LogLines:
        """What its actions said."""
        del among
        await self.run(identity)
        return await self._desk.run_lines(identity, after, limit, self._among)

    @asynccontextmanager
    async def follow_run(self, identity: str) -> AsyncIterator[AsyncIterator[workflows.Run]]:
        """The run at each change."""
        await self.run(identity)
        async with self._desk.follow_run(identity) as changes:
            yield changes

    async def certificates(self, identity: str) -> workflows.Certificates:
        """What proves that it erased disks of theirs."""
        found = await self._desk.certificates(identity)
        if not found.certificates:
            await self.run(identity)
        elif not self._all_own([each.machine for each in found.certificates]):
            raise Refused(404, "no such run", f'none has the id "{identity}"')
        return found

    async def freeze(self) -> workflows.Freeze:
        """Whether disks may be armed and written at all, which is so for theirs, too."""
        return await self._desk.freeze()

    async def set_freeze(self, wanted: workflows.NewFreeze, by: str) -> workflows.Freeze:
        """Refused: it is about all machines."""
        del wanted, by
        self._for_all()

    async def edges(self, key: str) -> workflows.EdgesList:
        """What is kept of the ends of its disks."""
        self._own(key)
        return await self._desk.edges(key)

    async def undo(self, key: str, wanted: workflows.Undo, by: str) -> workflows.Run:
        """Put them back."""
        self._own(key)
        return await self._desk.undo(key, wanted, by)

    # --- what else is on the network

    async def discovered(self) -> words.DiscoveredList:
        """None: who has no record is nobody's."""
        return words.DiscoveredList()

    async def foreign(self) -> words.ForeignServers:
        """None: they are about all machines."""
        return words.ForeignServers()

    async def leases(self) -> words.Leases:
        """Their leases."""
        found = await self._desk.leases()
        return words.Leases(leases=tuple(each for each in found.leases if self._has(each.mac)))

    # --- who did what

    def witnessed(self, attempt: Callable[[], Attempt]) -> AbstractContextManager[Witness]:
        """The listener's."""
        return self._desk.witnessed(attempt)

    async def write_down(self, attempt: Attempt) -> bool:
        """The listener's."""
        return await self._desk.write_down(attempt)

    async def audit(
        self,
        *,
        machine: str = "",
        by: str = "",
        what: str = "",
        since: float = 0.0,
        until: float = 0.0,
        after: int = 0,
        limit: int = 200,
        among: Sequence[str] = (),
    ) -> words.Audit:
        """What was done to their machines."""
        del among
        if machine:
            self._own(machine)
        found = await self._desk.audit(
            machine=machine,
            by=by,
            what=what,
            since=since,
            until=until,
            after=after,
            limit=limit,
            among=self._among,
        )
        rows = tuple(replace(e, details=self._of_theirs(e.details)) for e in found.audit)
        return replace(found, audit=rows)

    def _of_theirs(self, details: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was asked, without what may be about others: a run of theirs may be told whole."""
        machines = details.get("machines")
        whole = isinstance(machines, list) and self._all_own(machines)
        return {
            name: value
            for name, value in details.items()
            if name in _OF_ITS_OWN
            or (name in {"machine", "name"} and self._has(str(value)))
            or (whole and name not in {"machine", "map"})
        }

    async def audit_proof(self, *, whole: bool = True) -> words.AuditProof:
        """Refused: it counts all rows."""
        del whole
        self._for_all()

    # --- tokens

    async def tokens(self) -> words.Tokens:
        """Refused: that is for admins, who are not limited."""
        self._for_all()

    async def make_token(self, wanted: words.NewToken, by: str) -> words.MadeToken:
        """Refused, likewise."""
        del wanted, by
        self._for_all()

    async def drop_token(self, identity: int, by: str) -> None:
        """Refused, likewise."""
        del identity, by
        self._for_all()

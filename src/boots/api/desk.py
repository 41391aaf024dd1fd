"""The desk: all that an operator can ask of a server, and what may be refused.

The JSON API and the pages are thin doors before it; `boots.app.desk` stands behind it.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, NamedTuple, Protocol

from boots.client.words import (
    Audit,
    AuditProof,
    Boots,
    DiscoveredList,
    EventLine,
    Events,
    Explained,
    FieldError,
    ForeignServers,
    Health,
    Leases,
    Machine,
    MachineLine,
    Machines,
    MadeToken,
    Me,
    NewOrder,
    NewPlan,
    NewPower,
    NewToken,
    Packets,
    Plan,
    Power,
    Profiles,
    Provision,
    Provisioned,
    Tokens,
)
from boots.client.workflows import (
    Certificates,
    EdgesList,
    Freeze,
    LogLines,
    NewFreeze,
    NewRun,
    Retry,
    Run,
    RunPlan,
    Runs,
    Settle,
    Undo,
)
from boots.model.order import Order
from boots.timeline.words import Boot


class Refused(Exception):
    """What was asked cannot be done: the status of HTTP, what is wrong, and what to do instead."""

    def __init__(
        self, status: int, title: str, detail: str = "", errors: Sequence[FieldError] = ()
    ) -> None:
        super().__init__(f"{title}: {detail}" if detail else title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)


class Away(Refused):
    """The store does not answer; `why` is about the server, and not for everybody."""

    def __init__(self, why: str = "") -> None:
        said = f"{why}; " if why else ""
        detail = f"{said}machines are answered all the same, try again when it is back"
        super().__init__(503, "the store does not answer", detail)


class Attempt(NamedTuple):
    """Somebody changed something, or tried to: who, from where, what, and what came of it.

    `machine` is a name, or a MAC; `details` are what was asked, without anything secret.
    """

    by: str
    role: str
    peer: str
    what: str
    machine: str
    outcome: str
    details: Mapping[str, Any] = {}


class Witness(Protocol):
    """What of a deed stands in the audit log by now."""

    @property
    def stands(self) -> str:
        """The outcome of its last row: `DONE` where that is there with the change, or none."""


DONE = "done"


class Desk(Protocol):
    """What is behind the API and the pages.  Machines are named by their name or a MAC of theirs.

    `by` says who asks, for the record of what was done.  `revision` is the one that the asker has
    seen, None for any; another one in the store refuses the change with status 412.  A thing that
    is not there is refused with 404, a change of a record in a file with 409.
    `after` goes on where a page ended, and `limit` is how many rows one has.  `among` are patterns
    of names: machines that fit none of them are as if not there.
    All refusals are `Refused`.
    """

    def named(self, key: str) -> str:
        """The name of the machine that has this name or MAC; empty where there is none."""

    async def health(self, among: Sequence[str] = ()) -> Health:
        """How this server is."""

    async def whose(self, secret: str) -> Me | None:
        """Who bears this token; None for one that is not good."""

    # --- machines

    async def machines(
        self,
        *,
        text: str = "",
        state: str = "",
        after: str = "",
        limit: int = 100,
        among: Sequence[str] = (),
    ) -> Machines:
        """Machines by name, those only that have `text` in name, MAC or address."""

    async def machine(self, key: str) -> Machine:
        """One machine."""

    async def create(self, record: Any, by: str) -> Machine:
        """Keep a new record; its name is in it."""

    async def replace(self, name: str, record: Any, revision: int | None, by: str) -> Machine:
        """Change a record that was made here."""

    async def remove(self, name: str, revision: int | None, by: str) -> None:
        """Forget a record that was made here."""

    async def order(self, key: str, order: NewOrder, by: str) -> Order:
        """Order a machine's next boots over its record."""

    async def withdraw(self, key: str, by: str) -> None:
        """Have the record alone count again."""

    async def provision(self, key: str, wanted: Provision, by: str) -> Provisioned:
        """Run a profile once."""

    async def power(self, key: str) -> Power:
        """How its power is, as its BMC says."""

    async def switch(self, key: str, wanted: NewPower, by: str) -> Power:
        """Have its BMC do something."""

    async def profiles(self) -> Profiles:
        """All profiles."""

    async def rendered(self, key: str, name: str) -> str:
        """The text of a script or file, as this machine would get it now."""

    async def explain(self, mac: str, interface: str = "") -> Explained:
        """Why a MAC gets what it gets."""

    async def plan(self, wanted: NewPlan) -> Plan:
        """What answers would change with these records."""

    # --- what happened

    async def boots(
        self,
        *,
        key: str = "",
        state: str = "",
        after: str = "",
        limit: int = 50,
        among: Sequence[str] = (),
    ) -> Boots:
        """Boots, the latest first; of one machine or MAC, or of all."""

    async def boot(self, identity: str) -> Boot:
        """One boot."""

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
    ) -> Events:
        """Events in their order; `latest` gives the last `limit` of those that match.

        With `among` those of machines with such names now that were of one then; their ids say
        nothing but which row it is.
        """

    def follow_events(
        self,
        *,
        key: str = "",
        kind: str = "",
        after: int | None = None,
        among: Sequence[str] = (),
    ) -> AbstractAsyncContextManager[AsyncIterator[EventLine]]:
        """Events as they happen, after those from `after` on that are kept."""

    def follow_machines(self) -> AbstractAsyncContextManager[AsyncIterator[Sequence[MachineLine]]]:
        """Machines' lines as they change, several at a time; at most a few times a second."""

    async def packets(
        self, key: str, among: Sequence[str] = (), *, veiled: bool = False
    ) -> Packets:
        """The latest DHCP messages of a machine or MAC, decoded.

        With `among` those since events of that MAC are of machines with such names; `veiled`
        without secrets that stand in URLs.
        """

    async def capture(self, key: str, among: Sequence[str] = (), *, veiled: bool = False) -> bytes:
        """The same as a pcap file, for ``boots replay``."""

    # --- workflows

    async def plan_run(self, wanted: NewRun, among: Sequence[str] = ()) -> RunPlan:
        """What a new run would do, with its disks as they are known; it changes nothing."""

    async def create_run(self, wanted: NewRun, by: str, among: Sequence[str] = ()) -> Run:
        """Begin one; refused where its machine has one that is not over, or all is frozen."""

    async def runs(
        self,
        *,
        key: str = "",
        state: str = "",
        after: str = "",
        limit: int = 50,
        among: Sequence[str] = (),
    ) -> Runs:
        """Runs, the latest first; of one machine or MAC, or of all."""

    async def run(self, identity: str) -> Run:
        """One run."""

    async def cancel_run(self, identity: str, by: str) -> Run:
        """End it."""

    async def settle_run(self, identity: str, said: Settle, by: str) -> Run:
        """Say what is to become of the action that it waits at."""

    async def retry_run(
        self, identity: str, wanted: Retry, by: str, among: Sequence[str] = ()
    ) -> Run:
        """Take up one that is over, as a new run."""

    async def run_lines(
        self, identity: str, after: int = 0, limit: int = 200, among: Sequence[str] = ()
    ) -> LogLines:
        """What its actions said, after the line of this id; with `among` ids say nothing else."""

    def follow_run(self, identity: str) -> AbstractAsyncContextManager[AsyncIterator[Run]]:
        """The run at each change; at most a few times a second."""

    async def certificates(self, identity: str) -> Certificates:
        """What proves that it erased disks; also of a run that is not kept any more."""

    async def freeze(self) -> Freeze:
        """Whether disks may be armed and written at all."""

    async def set_freeze(self, wanted: NewFreeze, by: str) -> Freeze:
        """Stop that, or allow it again."""

    async def edges(self, key: str) -> EdgesList:
        """What is kept of the ends of a machine's disks."""

    async def undo(self, key: str, wanted: Undo, by: str) -> Run:
        """Put the ends of a disk back, by a run that does that."""

    # --- what else is on the network

    async def discovered(self) -> DiscoveredList:
        """Machines without a record."""

    async def adopt(self, mac: str, record: Any, by: str) -> Machine:
        """Give one of them a record: this one, or with None the one that its rule makes."""

    async def foreign(self) -> ForeignServers:
        """Other DHCP servers."""

    async def leases(self) -> Leases:
        """Addresses that are leased."""

    # --- who did what

    def witnessed(self, attempt: Callable[[], Attempt]) -> AbstractContextManager[Witness]:
        """Have what this task changes within be written down in the same transaction.

        `attempt` says what is being done, as far as that is known once something is changed.
        """

    async def write_down(self, attempt: Attempt) -> bool:
        """Write down who changed something, or tried to; whether that is on the disk."""

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
    ) -> Audit:
        """That, the latest first; `what` is a part of a deed's name.

        With `among` what is about machines with such names; ids say nothing but which row it is.
        """

    async def audit_proof(self, *, whole: bool = True) -> AuditProof:
        """Whether anybody changed what was written down; else as far as is proved by now."""

    # --- tokens

    async def tokens(self) -> Tokens:
        """All tokens, without their secrets."""

    async def make_token(self, wanted: NewToken, by: str) -> MadeToken:
        """Make one."""

    async def drop_token(self, identity: int, by: str) -> None:
        """Take one away."""

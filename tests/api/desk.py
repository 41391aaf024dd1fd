"""A desk for tests: a few machines in memory, and what happens to them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from tests.api.workflows import FakeRuns

from boots.api.desk import Attempt, Refused
from boots.client import words
from boots.client.words import EventLine, FieldError, Machine, MachineLine, Me, Role
from boots.model import patterns
from boots.model.order import Netboot, Order
from boots.timeline.words import Boot, Finding, ForeignServer, Stage, State, Step, Stranger

AT = 1_700_000_000.0
MAC, OTHER_MAC, STRANGE_MAC = "52:54:00:00:00:01", "52:54:00:00:00:02", "52:54:00:00:00:99"
TOKENS = {f"{role.value}-token": Me(name=f"a {role.value}", role=role) for role in Role}
FINDING = Finding(
    code="no-script",
    title="iPXE came, and asked for no script",
    advice="see whether port 8080 is open to it",
    evidence=("TFTP sent undionly.kpxe",),
    at=AT + 9,
)


def boot(number: int, **given: Any) -> Boot:
    started = AT + 100 * number
    steps = (
        Step(stage=Stage.FIRMWARE_DHCP, began=started, ended=started + 1, detail="192.0.2.10"),
        Step(stage=Stage.BOOT_FILE, began=started + 1, ended=started + 2, sent=70_000, size=70_000),
        Step(stage=Stage.KERNEL, began=started + 2, sent=5_000_000, size=10_000_000, why="osie"),
    )
    values: dict[str, Any] = {
        "id": f"{MAC}@{started:.0f}",
        "mac": MAC,
        "machine": "one",
        "started": started,
        "heard": started + 5,
        "state": State.RUNNING,
        "profile": "osie",
        "steps": steps,
    }
    return Boot(**{**values, **given})


def line(name: str, mac: str, **given: Any) -> MachineLine:
    interfaces = (words.InterfaceLine(mac=mac, address="192.0.2.10"),)
    return MachineLine(name=name, interfaces=interfaces, **{"source": "api", **given})


class Following:
    """Hands out what is put in to all who follow."""

    def __init__(self) -> None:
        self.readers: list[asyncio.Queue[Any]] = []

    def put(self, item: Any) -> None:
        for reader in self.readers:
            reader.put_nowait(item)

    @asynccontextmanager
    async def follow(self, first: Sequence[Any] = ()) -> AsyncIterator[AsyncIterator[Any]]:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        for item in first:
            queue.put_nowait(item)
        self.readers.append(queue)

        async def items() -> AsyncIterator[Any]:
            while True:
                yield await queue.get()

        try:
            yield items()
        finally:
            self.readers.remove(queue)


class FakeDesk(FakeRuns):
    """`done` has what was asked of it that changes something, with who asked."""

    def __init__(self) -> None:
        super().__init__()
        self.machines_: dict[str, Machine] = {}
        self.happened: list[EventLine] = []
        self.events_follow = Following()
        self.machines_follow = Following()
        self.tokens_ = {1: words.TokenLine(id=1, name="first", role=Role.ADMIN, created=AT)}
        self.known = dict(TOKENS)
        self.noted: list[Attempt] = []
        self.takes_notes = True
        self.boots_ = [boot(2), boot(1, state=State.FAILED, ended=AT + 150, finding=FINDING)]
        self.looked = 0
        self.fails: Exception | None = None
        self.machines_["one"] = Machine(
            line=line(
                "one",
                MAC,
                state=State.RUNNING,
                stage="kernel",
                progress=0.5,
                heard=AT + 205,
                started=AT + 200,
                profile="osie",
                boot=self.boots_[0].id,
            ),
            record={"name": "one", "mac": MAC, "bmc": {"user": "root", "password": "geheim"}},
            revision=3,
            last=self.boots_[0],
        )
        self.machines_["two"] = Machine(
            line=line("two", OTHER_MAC, source="file", place="machines/two.yaml:1"),
            record={"name": "two", "mac": OTHER_MAC},
        )

    # --- for tests

    def happen(self, kind: str = "ScriptServed", mac: str = MAC, **event: Any) -> EventLine:
        number = len(self.happened) + 1
        made = EventLine(id=number, at=AT + number, mac=mac, kind=kind, event=event)
        self.happened.append(made)
        self.events_follow.put(made)
        return made

    def _find(self, key: str) -> Machine:
        if self.fails is not None:
            raise self.fails
        for machine in self.machines_.values():
            if key in {machine.line.name, *(each.mac for each in machine.line.interfaces)}:
                return machine
        raise Refused(404, "Not Found", f'there is no machine "{key}"')

    def _own(self, name: str, revision: int | None) -> Machine:
        machine = self._find(name)
        if machine.line.source == "file":
            raise Refused(409, "Conflict", f"its record stands in {machine.line.place}")
        if revision is not None and revision != machine.revision:
            raise Refused(412, "Precondition Failed", f"it is at revision {machine.revision}")
        return machine

    # --- the desk

    async def health(self, among: Sequence[str] = ()) -> words.Health:
        del among
        if self.fails is not None:
            raise self.fails
        return words.Health(
            version="1",
            server="here",
            started=AT,
            machines=len(self.machines_),
            store="sqlite",
            ready=True,
            states={"running": 1, "unseen": 1},
        )

    async def whose(self, secret: str) -> Me | None:
        self.looked += 1
        return self.known.get(secret)

    async def machines(
        self,
        *,
        text: str = "",
        state: str = "",
        after: str = "",
        limit: int = 100,
        among: Sequence[str] = (),
    ) -> words.Machines:
        if self.fails is not None:
            raise self.fails
        found = [
            machine.line
            for name, machine in sorted(self.machines_.items())
            if text in f"{name} {machine.line.interfaces[0].mac}"
            and state in {"", machine.line.state.value}
            and (not among or patterns.fits(name, among))
            and name > after
        ]
        more = found[limit - 1].name if len(found) > limit else ""
        return words.Machines(machines=tuple(found[:limit]), total=len(found), next=more)

    def named(self, key: str) -> str:
        try:
            return self._find(key).line.name
        except Refused:
            return ""

    async def machine(self, key: str) -> Machine:
        return self._find(key)

    async def create(self, record: Any, by: str) -> Machine:
        if not isinstance(record, dict) or not isinstance(record.get("name"), str):
            raise Refused(
                422,
                "Unprocessable Content",
                "this is no record",
                [FieldError(field="record.name", problem="missing", advice="give it a name")],
            )
        if record["name"] in self.machines_:
            raise Refused(409, "Conflict", f'there is a machine "{record["name"]}"')
        self.done.append(("create", record["name"], by))
        mac = str(record.get("mac", STRANGE_MAC))
        made = Machine(line=line(record["name"], mac), record=record, revision=1)
        self.machines_[record["name"]] = made
        return made

    async def replace(self, name: str, record: Any, revision: int | None, by: str) -> Machine:
        machine = self._own(name, revision)
        self.done.append(("replace", name, by))
        made = msgspec.structs.replace(machine, record=record, revision=machine.revision + 1)
        self.machines_[machine.line.name] = made
        return made

    async def remove(self, name: str, revision: int | None, by: str) -> None:
        machine = self._own(name, revision)
        self.done.append(("remove", name, by))
        del self.machines_[machine.line.name]

    async def order(self, key: str, order: words.NewOrder, by: str) -> Order:
        machine = self._find(key)
        self.done.append(("order", key, order.netboot.value, order.profile, by))
        made = Order(netboot=order.netboot, profile=order.profile, by=by, at=AT)
        self.machines_[machine.line.name] = msgspec.structs.replace(machine, order=made)
        return made

    async def withdraw(self, key: str, by: str) -> None:
        machine = self._find(key)
        self.done.append(("withdraw", key, by))
        self.machines_[machine.line.name] = msgspec.structs.replace(machine, order=None)

    async def provision(self, key: str, wanted: words.Provision, by: str) -> words.Provisioned:
        self._find(key)
        self.done.append(("provision", key, wanted.profile, wanted.power, by))
        order = Order(netboot=Netboot.ONCE, profile=wanted.profile, by=by, at=AT)
        if not wanted.power:
            return words.Provisioned(order=order, note="switch it on from the network")
        return words.Provisioned(order=order, power=words.Power(state="on", by="192.0.2.200"))

    async def power(self, key: str) -> words.Power:
        if self._find(key).line.name == "two":
            raise Refused(409, "Conflict", "its record names no BMC; add bmc to it")
        return words.Power(state="off", by="192.0.2.200")

    async def switch(self, key: str, wanted: words.NewPower, by: str) -> words.Power:
        self._find(key)
        self.done.append(("switch", key, wanted.action.value, by))
        return words.Power(state="on", by="192.0.2.200")

    async def profiles(self) -> words.Profiles:
        return words.Profiles(
            profiles=(
                words.ProfileLine(name="debian-installer", runs="a kernel"),
                words.ProfileLine(name="osie", runs="a kernel", files=("vmlinuz",)),
            )
        )

    async def rendered(self, key: str, name: str) -> str:
        self._find(key)
        if name == "none":
            raise Refused(404, "Not Found", f'there is no file "{name}" for it')
        return f"#!ipxe\n# {name} of {key}\n"

    async def explain(self, mac: str, interface: str = "") -> words.Explained:
        if self.fails is not None:
            raise self.fails
        having = (m for m in self.machines_.values() if m.line.interfaces[0].mac == mac)
        machine = next(having, None)
        finding = FINDING if machine is not None else None
        name = machine.line.name if machine else ""
        return words.Explained(mac=mac, machine=name, interface=interface, finding=finding)

    async def plan(self, wanted: words.NewPlan) -> words.Plan:
        return words.Plan(same=len(wanted.text))

    async def boots(
        self,
        *,
        key: str = "",
        state: str = "",
        after: str = "",
        limit: int = 50,
        among: Sequence[str] = (),
    ) -> words.Boots:
        del among
        if key:
            self._find(key)
        found = [
            each
            for each in self.boots_
            if key in {"", each.machine, each.mac}
            and state in {"", each.state.value}
            and (not after or each.id < after)
        ]
        more = found[limit - 1].id if len(found) > limit else ""
        return words.Boots(boots=tuple(found[:limit]), next=more)

    async def boot(self, identity: str) -> Boot:
        for each in self.boots_:
            if each.id == identity:
                return each
        raise Refused(404, "Not Found", f'there is no boot "{identity}"')

    def _matching(self, key: str, kind: str, after: int) -> list[EventLine]:
        mac = self._find(key).line.interfaces[0].mac if key else ""
        return [
            each
            for each in self.happened
            if each.id > after and mac in {"", each.mac} and kind in {"", each.kind}
        ]

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
        del among
        found = [
            each
            for each in self._matching(key, kind, after)
            if each.at >= since and (not until or each.at < until)
        ]
        page = found[-limit:] if latest else found[:limit]
        more = str(page[-1].id) if len(found) > limit and not latest else ""
        return words.Events(events=tuple(page), next=more)

    def follow_events(
        self,
        *,
        key: str = "",
        kind: str = "",
        after: int | None = None,
        among: Sequence[str] = (),
    ) -> Any:
        del among
        first = [] if after is None else self._matching(key, kind, after)
        return self.events_follow.follow(first)

    def follow_machines(self) -> Any:
        return self.machines_follow.follow()

    async def packets(
        self, key: str, among: Sequence[str] = (), *, veiled: bool = False
    ) -> words.Packets:
        del among, veiled
        self._find(key)
        fields = (("yiaddr", "192.0.2.10"), ("53 message type", "OFFER"))
        packet = words.Packet(at=AT, interface="eth0", ours=True, kind="OFFER", fields=fields)
        return words.Packets(packets=(packet,))

    async def capture(self, key: str, among: Sequence[str] = (), *, veiled: bool = False) -> bytes:
        del among, veiled
        self._find(key)
        return b"\xd4\xc3\xb2\xa1rest"

    async def discovered(self) -> words.DiscoveredList:
        stranger = Stranger(
            mac=STRANGE_MAC, interface="eth0", first=AT, last=AT + 5, count=3, program="pxe-rom"
        )
        found = words.Discovered(
            stranger=stranger, rule="rack", record={"name": "three", "user_data": "geheim"}
        )
        return words.DiscoveredList(discovered=(found,))

    async def adopt(self, mac: str, record: Any, by: str) -> Machine:
        if mac != STRANGE_MAC:
            raise Refused(404, "Not Found", f"{mac} was not heard of")
        return await self.create(record or {"name": "three", "mac": mac}, by)

    async def foreign(self) -> words.ForeignServers:
        server = ForeignServer(server="192.0.2.254", interface="eth0", first=AT, last=AT)
        return words.ForeignServers(servers=(server,))

    async def leases(self) -> words.Leases:
        found = words.LeaseLine(address="192.0.2.50", mac=STRANGE_MAC, until=AT + 600)
        return words.Leases(leases=(found,))

    async def write_down(self, attempt: Attempt) -> bool:
        self.noted.append(attempt)
        return self.takes_notes

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
        del among
        rows = [
            words.AuditLine(id=at + 1, at=AT, server="one", **each._asdict())
            for at, each in enumerate(self.noted)
            if by in {"", each.by} and machine in {"", each.machine} and at + 1 > after
        ]
        rows = [e for e in rows if e.at >= since and what in e.what and not 0 < until <= e.at]
        return words.Audit(audit=tuple(rows[:limit]))

    async def audit_proof(self, *, whole: bool = True) -> words.AuditProof:
        del whole
        return words.AuditProof(rows=len(self.noted), seal="5ea1")

    async def tokens(self) -> words.Tokens:
        return words.Tokens(tokens=tuple(self.tokens_.values()))

    async def make_token(self, wanted: words.NewToken, by: str) -> words.MadeToken:
        self.done.append(("make_token", wanted.name, by))
        number = max(self.tokens_, default=0) + 1
        made = words.TokenLine(id=number, name=wanted.name, role=wanted.role, created=AT)
        self.tokens_[number] = made
        self.known[f"secret-{number}"] = Me(name=wanted.name, role=wanted.role)
        return words.MadeToken(token=made, secret=f"secret-{number}")

    async def drop_token(self, identity: int, by: str) -> None:
        if identity not in self.tokens_:
            raise Refused(404, "Not Found", f"there is no token {identity}")
        self.done.append(("drop_token", identity, by))
        del self.tokens_[identity]


Told = Callable[[Any], None]

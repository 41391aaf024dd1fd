"""Runs of workflows for tests, and what a desk says of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec
from msgspec.structs import replace

from boots.api.desk import Attempt, Refused
from boots.client.workflows import (
    ArmedDisk,
    Certificate,
    Certificates,
    EdgesLine,
    EdgesList,
    Freeze,
    LogLine,
    LogLines,
    NewFreeze,
    NewRun,
    Retry,
    Run,
    RunLine,
    RunPlan,
    Runs,
    RunStep,
    Settle,
    Undo,
)
from boots.model.arming import Policy

AT = 1_700_000_000.0
GIB = 1 << 30
TEMPLATE = """\
version: "0.1"
name: debian
tasks:
  - name: os
    worker: "{{ .device_1 }}"
    actions:
      - name: stream-image
        image: image2disk
        environment: {IMG_URL: http://192.0.2.1/images/debian.raw, DEST_DISK: /dev/vda}
      - name: users
        image: writefile
        environment: {CONTENTS: "root:geheim", DEST_DISK: /dev/vda1}
      - name: boot-it
        image: reboot
"""
DISK = ArmedDisk(
    machine="one",
    path="/dev/vda",
    serial="BOOTS-1",
    size=10 * GIB,
    model="QEMU HARDDISK",
    actions=("stream-image", "users"),
)
HELD = replace(
    DISK,
    path="/dev/vdb",
    serial="BOOTS-2",
    holds="NTFS on 2 partitions",
    actions=("wipe",),
    problem="it holds NTFS on 2 partitions, and the policy is empty-only",
)


def steps(*given: dict[str, Any]) -> tuple[RunStep, ...]:
    """The three actions of the template, each with what is otherwise with it."""
    made = (
        RunStep(
            number=1,
            task="os",
            worker="52:54:00:00:00:01",
            name="stream-image",
            kind="image2disk",
            meaning="writes an image to a disk",
            state="PENDING",
            timeout=600,
            writes=("/dev/vda",),
        ),
        RunStep(
            number=2,
            task="os",
            worker="52:54:00:00:00:01",
            name="users",
            kind="writefile",
            meaning="writes a file on a partition",
            state="PENDING",
            timeout=90,
            writes=("/dev/vda1",),
        ),
        RunStep(
            number=3,
            task="os",
            worker="52:54:00:00:00:01",
            name="boot-it",
            kind="reboot",
            meaning="restarts the machine",
            state="PENDING",
            timeout=90,
        ),
    )
    wanted = (*given, {}, {}, {})
    return tuple(replace(step, **other) for step, other in zip(made, wanted, strict=False))


REFUSED = RunPlan(
    name="debian",
    steps=steps(),
    disks=(DISK, HELD),
    faults=(f"{HELD.path}: {HELD.problem}",),
)
DONE = {"state": "SUCCESS", "started": AT + 60, "ended": AT + 80, "exit_code": 0, "progress": 1.0}
WRITING = {
    "state": "RUNNING",
    "started": AT + 60,
    "phase": "write",
    "progress": 0.42,
    "rate": 110e6,
    "eta": 12.0,
}
BROKEN = {
    "state": "FAILED",
    "started": AT + 60,
    "ended": AT + 73,
    "exit_code": 1,
    "message": "fetching debian.raw\nthe image ends after 1,024 of 4,096 bytes",
}


def run_of(identity: str = "w-1", *, by: str = "ann", **given: Any) -> Run:
    """A run that writes its first disk, or another."""
    found = {name: given.pop(name) for name in tuple(given) if name in Run.__struct_fields__}
    found.setdefault("steps", steps(WRITING))
    at = next((each for each in found["steps"] if each.state not in {"SUCCESS", "SKIPPED"}), None)
    line = {
        "id": identity,
        "name": "debian",
        "machine": "one",
        "mac": "52:54:00:00:00:01",
        "state": "RUNNING",
        "step": f"{at.number} {at.name}" if at else "",
        "steps": len(found["steps"]),
        "done": sum(each.state == "SUCCESS" for each in found["steps"]),
        "progress": at.progress if at else -1.0,
        "created": AT,
        "started": AT + 60,
        "by": by,
    }
    values = {
        "disks": (DISK,),
        "policy": "empty-only",
        "armed_by": by,
        "armed_until": AT + 7200,
        "template": TEMPLATE,
        "heard": AT + 70,
        "revision": 4,
        "needs": ("cancel",),
    }
    return Run(line=RunLine(**line | given), **values | found)


def failed(identity: str = "w-1", **given: Any) -> Run:
    """A run whose first action failed."""
    values = {"steps": steps(BROKEN), "state": "FAILED", "ended": AT + 73, "needs": ("retry",)}
    why = "stream-image: the image ends after 1,024 of 4,096 bytes"
    return run_of(identity, **values | {"why": why, "armed_by": "", "policy": ""} | given)


def waiting(identity: str = "w-1", **given: Any) -> Run:
    """A run that waits for a person: power was cut while it wrote."""
    why = "stream-image was interrupted: nobody knows how far it came"
    at = {**WRITING, "state": "INTERRUPTED", "message": why, "progress": -1.0, "rate": 0.0}
    values = {"steps": steps(at), "sub": "NEEDS_PERSON", "needs": ("again", "done", "cancel")}
    return run_of(identity, **values | {"why": why} | given)


def succeeded(identity: str = "w-1", **given: Any) -> Run:
    """A run that is over, and well."""
    values = {
        "steps": steps(DONE, DONE, DONE),
        "state": "SUCCESS",
        "ended": AT + 120,
        "needs": (),
        "armed_until": 0.0,
    }
    return run_of(identity, **values | given)


class Unseen:
    """A witness who has seen nothing."""

    stands = ""


class FakeRuns:
    """The part of a desk that is about workflows, from memory; `done` as `FakeDesk` has it."""

    def __init__(self) -> None:
        self.runs_: dict[str, Run] = {}
        self.lines_: dict[str, list[LogLine]] = {}
        self.plan_ = RunPlan(name="debian", steps=steps(), disks=(DISK,))
        self.freeze_ = Freeze(frozen=False, most=16)
        self.planned: list[NewRun] = []
        self.done: list[tuple[Any, ...]] = []
        self._followers: list[tuple[str, asyncio.Queue[Run]]] = []

    @contextmanager
    def witnessed(self, attempt: Callable[[], Attempt]) -> Iterator[Unseen]:
        """Nothing here is in a store: rows are written after, by `write_down`."""
        del attempt
        yield Unseen()

    # --- for tests

    def move(self, run: Run) -> None:
        """A run is otherwise now."""
        self.runs_[run.line.id] = run
        for identity, queue in self._followers:
            if identity == run.line.id:
                queue.put_nowait(run)

    def say(self, text: str, identity: str = "w-1", step: int = 1) -> None:
        """An action says a line."""
        lines = self.lines_.setdefault(identity, [])
        at = len(lines) + 1
        lines.append(LogLine(id=at, at=AT + 60 + at, step=step, attempt=1, text=text))

    @property
    def run_followers(self) -> int:
        return len(self._followers)

    def _whose(self, key: str) -> str:
        return "one" if key in {"one", "52:54:00:00:00:01"} else key

    # --- the desk

    async def plan_run(self, wanted: NewRun, among: Sequence[str] = ()) -> RunPlan:
        del among
        self.planned.append(wanted)
        if wanted.machine == "nobody":
            raise Refused(404, "no such machine", 'no record is called "nobody"')
        return self.plan_

    async def create_run(self, wanted: NewRun, by: str, among: Sequence[str] = ()) -> Run:
        del among
        self.done.append(("create", wanted, by))
        if self.freeze_.frozen and wanted.arm is not None:
            raise Refused(409, "all writing is frozen", self.freeze_.why)
        identity = f"w-{len(self.runs_) + 1}"
        name = wanted.name or "debian"
        policy = wanted.arm.policy.value if wanted.arm else ""
        made = run_of(identity, by=by, machine=self._whose(wanted.machine), name=name,
                      template=wanted.template, policy=policy, state="PENDING", steps=steps(),
                      started=0.0)  # fmt: skip
        self.runs_[identity] = made
        return made

    async def runs(
        self,
        *,
        key: str = "",
        state: str = "",
        after: str = "",
        limit: int = 50,
        among: Sequence[str] = (),
    ) -> Runs:
        del among
        if key and not key.startswith(("one", "two", "rack-", "52:54:")):
            raise Refused(404, "no such machine", f'no record is called "{key}"')
        found = [
            each.line
            for each in reversed(self.runs_.values())
            if self._whose(key) in {"", each.line.machine}
            and state in {"", each.line.state}
            and (not after or each.line.id < after)
        ]
        more = found[limit - 1].id if len(found) > limit else ""
        return Runs(runs=tuple(found[:limit]), next=more, total=len(self.runs_))

    async def run(self, identity: str) -> Run:
        if identity not in self.runs_:
            raise Refused(404, "no such run", f'none is called "{identity}"')
        return self.runs_[identity]

    async def cancel_run(self, identity: str, by: str) -> Run:
        found = await self.run(identity)
        self.done.append(("cancel", identity, by))
        line = replace(found.line, state="FAILED", sub="CANCELLED", why=f"cancelled by {by}")
        made = replace(found, line=line, needs=("retry",))
        self.move(made)
        return made

    async def settle_run(self, identity: str, said: Settle, by: str) -> Run:
        found = await self.run(identity)
        self.done.append(("settle", identity, said.step, said.again, by))
        made = replace(found, line=replace(found.line, sub="", why=""), needs=("cancel",))
        self.move(made)
        return made

    async def retry_run(
        self, identity: str, wanted: Retry, by: str, among: Sequence[str] = ()
    ) -> Run:
        del among
        found = await self.run(identity)
        if not found.line.is_over:
            raise Refused(409, "it goes on", f"run {identity} is RUNNING: cancel it first")
        self.done.append(("retry", identity, wanted, by))
        made = run_of(f"{identity}b", of=identity, state="PENDING", steps=steps(), by=by)
        self.runs_[made.line.id] = made
        return made

    async def run_lines(
        self, identity: str, after: int = 0, limit: int = 200, among: Sequence[str] = ()
    ) -> LogLines:
        del among
        await self.run(identity)
        found = [each for each in self.lines_.get(identity, ()) if each.id > after]
        more = found[limit - 1].id if len(found) > limit else 0
        return LogLines(lines=tuple(found[:limit]), next=more)

    @asynccontextmanager
    async def follow_run(self, identity: str) -> AsyncIterator[AsyncIterator[Run]]:
        await self.run(identity)
        queue: asyncio.Queue[Run] = asyncio.Queue()
        self._followers.append((identity, queue))

        async def changes() -> AsyncIterator[Run]:
            while True:
                yield await queue.get()

        try:
            yield changes()
        finally:
            self._followers.remove((identity, queue))

    async def freeze(self) -> Freeze:
        return self.freeze_

    async def set_freeze(self, wanted: NewFreeze, by: str) -> Freeze:
        self.done.append(("freeze", wanted.frozen, wanted.why, by))
        at = AT if wanted.frozen else 0.0
        self.freeze_ = replace(self.freeze_, frozen=wanted.frozen, why=wanted.why, by=by, at=at)
        return self.freeze_

    async def certificates(self, identity: str) -> Certificates:
        if identity != "w-1":
            await self.run(identity)
            return Certificates(run=identity, public_key="-----BEGIN PUBLIC KEY-----")
        disk = {"serial": "BOOTS-1", "model": "ACME", "size": 10 * GIB}
        said = {"certificate": {"disk": disk, "method": "discard", "ended": AT}, "kept": AT + 1}
        proof = Certificate(step=1, attempt=2, machine="one", serial="BOOTS-1", at=AT + 1,
                            text=msgspec.json.encode(said).decode(), signature="c2ln")  # fmt: skip
        key = "-----BEGIN PUBLIC KEY-----"
        return Certificates(run=identity, public_key=key, certificates=(proof,))

    async def edges(self, key: str) -> EdgesList:
        if self._whose(key) not in {"one", "rack-0003"}:
            return EdgesList()
        line = EdgesLine(id=7, machine="one", run="w-1", serial="BOOTS-1", path="/dev/vda",
                         size=10 * GIB, holds="NTFS on 2 partitions", at=AT + 60)  # fmt: skip
        return EdgesList(edges=(line,))

    async def undo(self, key: str, wanted: Undo, by: str) -> Run:
        if wanted.serial != "BOOTS-1":
            raise Refused(409, "another disk", "the ends are those of BOOTS-1")
        self.done.append(("undo", self._whose(key), wanted, by))
        made = run_of("w-9", name="undo-partition-table", by=by, policy=Policy.FORCE.value)
        self.runs_["w-9"] = made
        return made

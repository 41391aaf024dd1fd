"""From what a person asks for to a run: rendered, judged, planned, and its disks found."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from boots.app.runs.words import Given, Kept, Own
from boots.documents.fault import Fault
from boots.documents.hints import Hint
from boots.model import mac as macs
from boots.model.arming import Policy
from boots.model.machine import Machine
from boots.model.patterns import fits
from boots.workflow import plan as planned
from boots.workflow.actions import lays_out_storage
from boots.workflow.arming import Resolved, resolve
from boots.workflow.doubts import Rules
from boots.workflow.hardware import as_object, protected, storage_of
from boots.workflow.images import least
from boots.workflow.plan import Plan
from boots.workflow.rendering import of_machine
from boots.workflow.run import State
from boots.workflow.settling import Unfit, settled
from boots.workflow.words import Task, Template
from boots.workflow.wrapped import NoTemplate, Text, unwrapped

NAMED = "template"
"""What a template that came over the API is called where mistakes are told."""

Find = Callable[[str], Machine | None]
"""The machine of a name, a MAC or an agent's id."""


class Seen(NamedTuple):
    """What is known of machines: found by `find`, and by their names what each told of itself.

    `known` are the GUIDs of partition tables that runs of ours wrote, by the same names and by
    the serial numbers of their disks.
    `images` are ours, with their sizes.  `containers`: images that are no native action are run.
    """

    find: Find
    inventories: Mapping[str, Any] = {}
    known: Mapping[str, Mapping[str, Sequence[str]]] = {}
    images: Mapping[str, int] = {}
    containers: bool = False


class Made(NamedTuple):
    """What came of it.  `waits`: for an inventory, then it is to be made again.

    `faults` are why it cannot begin: `mistakes` of the template, and what is wrong with disks.
    """

    given: Given
    template: Template | None
    text: str
    machines: tuple[Own, ...] = ()
    disks: tuple[Resolved, ...] = ()
    mistakes: tuple[Fault, ...] = ()
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    waits: bool = False


def make(given: Given, seen: Seen) -> Made:
    """What a person's words come to; never raises on what they say."""
    seen = _within(seen, given.among)
    try:
        texts = unwrapped(given.source, NAMED)
    except NoTemplate as none:
        return Made(given, None, "", mistakes=(none.fault,))
    if len(texts) != 1:
        names = ", ".join(each.name for each in texts)
        return Made(given, None, "", faults=(f"it holds several templates: {names}; send one",))
    first = seen.find(given.machine)
    if first is None or not first.interfaces:
        return Made(given, None, "", faults=(f'no record is called "{given.machine}"',))
    return _made(given, seen, first, texts[0])


def _within(seen: Seen, among: Sequence[str]) -> Seen:
    """What is known, for who may see some machines only: others are found by no name of theirs."""
    if not among:
        return seen

    def find(key: str) -> Machine | None:
        machine = seen.find(key)
        return machine if machine is not None and fits(machine.name, among) else None

    return seen._replace(find=find)


def _made(given: Given, seen: Seen, first: Machine, source: Text) -> Made:
    own = {key: _in_map(value, seen.find) for key, value in given.map.items()} or None
    rules = Rules(containers=seen.containers, images=frozenset(seen.images))
    outcome = of_machine(
        source, first, own, seen.inventories.get(first.name), disk=given.disk, rules=rules
    )
    reading = outcome.reading
    doubts = tuple(map(str, reading.doubts))
    if reading.template is None or reading.faults:
        return Made(given, None, outcome.text, mistakes=reading.faults, doubts=doubts)
    named = replace(reading.template, name=given.name or reading.template.name)
    template, machines, faults = _with_machines(named, seen, first, outcome.storage)
    if faults:
        return Made(given, None, outcome.text, faults=faults, doubts=doubts)
    made = _with_disks(given, seen, template, machines)
    return made._replace(text=outcome.text, doubts=doubts, waits=made.waits or outcome.waits)


def again(given: Given, seen: Seen, before: Kept, first: int, own: tuple[str, ...] = ()) -> Made:
    """The steps of an earlier run from one on, with disks that are armed anew.

    `own` are the serial numbers of disks whose content is the earlier run's.
    """
    seen = _within(seen, given.among)
    tasks: dict[str, Task] = {}
    for step in before.run.steps[first:]:
        known = tasks.get(step.task)
        actions = (*known.actions, step.action) if known else (step.action,)
        tasks[step.task] = Task(name=step.task, worker=step.worker, actions=actions)
    template = Template(name=before.run.name, tasks=tuple(tasks.values()))
    return _with_disks(given, seen, template, before.machines, own)._replace(text=before.template)


def taken(before: Kept, given: Given) -> tuple[str, ...]:
    """The disks whose content is the earlier run's own, which did not come to its end.

    They may be lost by `WIPE_KNOWN`; a run that was a success left a system.
    """
    arm = given.arm
    if arm is None or arm.policy is not Policy.WIPE_KNOWN or before.run.state is State.SUCCESS:
        return ()
    return before.taken


def _with_disks(
    given: Given,
    seen: Seen,
    template: Template,
    machines: tuple[Own, ...],
    taken: tuple[str, ...] = (),
) -> Made:
    plans = [_of_worker(template, each) for each in machines]
    found = [
        resolve(
            plan,
            seen.inventories.get(own.name),
            given.arm,
            seen.known.get(own.name, {}),
            worker=own.worker,
            taken=taken,
            least=least(plan, seen.images),
            protected=_protected(own, seen),
        )
        for plan, own in zip(plans, machines, strict=True)
    ]
    all_disks = tuple(disk for each in found for disk in each.disks)
    return Made(
        given,
        template,
        "",
        machines,
        all_disks,
        faults=(*(fault for each in found for fault in each.faults), *_shared(all_disks)),
        waits=any(each.waits for each in found),
    )


def _shared(all_disks: Iterable[Resolved]) -> Iterator[str]:
    """Disks of two machines with one serial number: a run knows by that what it has taken."""
    workers: dict[str, set[str]] = {}
    for each in all_disks:
        workers.setdefault(each.serial, set()).add(each.worker)
    for serial, those in workers.items():
        if serial and len(those) > 1:
            who = " and ".join(sorted(those))
            yield f"{who} have each a disk {serial}: give each machine a run of its own"


def _in_map(value: str, find: Find) -> str:
    """A value of the hardware map: of a machine's name its first MAC."""
    if macs.parse(value) is not None:
        return value
    machine = find(value)
    return machine.interfaces[0].mac if machine and machine.interfaces else value


def _with_machines(
    template: Template, seen: Seen, first: Machine, storage: Any
) -> tuple[Template, tuple[Own, ...], tuple[str, ...]]:
    """The template with each worker by its machine's first MAC, the machines, and what is wrong."""
    own: dict[str, Own] = {}
    faults: list[str] = []
    tasks: list[Task] = []
    for task in template.tasks:
        machine = seen.find(task.worker)
        if machine is None or not machine.interfaces:
            faults.append(f'worker "{task.worker}" is no machine of ours: write its MAC')
            continue
        worker = str(machine.interfaces[0].mac)
        if worker not in own:
            theirs = storage
            if machine.name != first.name:
                theirs, wrong = _storage(machine, seen, template, task.worker)
                faults += wrong
            own[worker] = Own(
                worker=worker,
                name=machine.name,
                storage=theirs,
            )
        tasks.append(replace(task, worker=worker))
    return replace(template, tasks=tuple(tasks)), tuple(own.values()), tuple(faults)


def _storage(
    machine: Machine, seen: Seen, template: Template, worker: str
) -> tuple[Any, list[str]]:
    """What its record says of storage, its hints settled, and what is wrong with those."""
    try:
        told = seen.inventories.get(machine.name)
        found = settled(as_object(machine), told, protected=protected(machine))
    except Unfit as unfit:
        return None, [f"{machine.name}: {unfit.field}: {unfit}; {unfit.advice}"]
    storage = storage_of(found.hardware)
    lays_out = any(
        lays_out_storage(action)
        for task in template.tasks
        for action in task.actions
        if task.worker == worker
    )
    used = [each.unfit for each in found.open if lays_out and each.path in repr(storage)]
    return storage, [f"{machine.name}: {each.field}: {each}; {each.advice}" for each in used]


def _protected(own: Own, seen: Seen) -> tuple[Hint, ...]:
    machine = seen.find(own.name)
    return protected(machine) if machine is not None else ()


def _of_worker(template: Template, own: Own) -> Plan:
    tasks = tuple(each for each in template.tasks if each.worker == own.worker)
    return planned.plan(replace(template, tasks=tasks), own.storage)

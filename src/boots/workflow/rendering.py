"""A template and a machine to what that machine is taken through."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from boots.documents.fault import Fault
from boots.model.machine import Machine
from boots.workflow import template
from boots.workflow.actions import lays_out_storage
from boots.workflow.doubts import PLAIN, Rules
from boots.workflow.gotemplate import Broken, Rendered, parse, render
from boots.workflow.gotemplate.functions.calling import Native
from boots.workflow.hardware import as_object, in_go, protected, storage_of
from boots.workflow.settling import Settled, Unfit, functions, settled, waits
from boots.workflow.template import Reading
from boots.workflow.wrapped import Text

_OWN = {"Hardware", "hardware"}


class Outcome(msgspec.Struct, frozen=True):
    """What came of it: the text, unless it could not be made, and what it says."""

    text: str
    reading: Reading
    storage: Any = None
    seen: bool = False

    @property
    def waits(self) -> bool:
        """Whether it names disks by hints that only the machine's inventory can settle.

        One that was `seen` together with the inventory has nothing to wait for.
        """
        return not self.seen and (waits(self.text) or waits(repr(self.storage)))


def data(
    machine: Machine,
    hardware_map: Mapping[str, str] | None = None,
    inventory: Any = None,
    disk: str = "",
) -> dict[str, Any]:
    """What a template sees: the hardware map's keys, ``.Hardware`` and ``.hardware``.

    Where the map does not say it, ``device_1`` is the machine's first MAC, as in every template
    of Tinkerbell's.
    Hints in place of disks are settled by the `inventory`; `disk` is in place of the first.

    Raises:
        Unfit: a hint is none.
    """
    found = settled(as_object(machine), inventory, disk, protected(machine))
    return _seen(found, machine, hardware_map)


def _seen(
    found: Settled, machine: Machine, hardware_map: Mapping[str, str] | None
) -> dict[str, Any]:
    hardware = found.hardware
    usual = {"device_1": machine.interfaces[0].mac} if machine.interfaces else {}
    whole = {**usual, **(hardware_map or {})}
    own = {key: value for key, value in whole.items() if key not in _OWN}
    return {**own, "Hardware": in_go(hardware), "hardware": hardware}


def rendered(
    source: Text, seen: Mapping[str, Any], own: Mapping[str, Native] = MappingProxyType({})
) -> Rendered:
    """The text of a template for what it sees.

    Raises:
        Broken: it is no template, or cannot be rendered.
    """
    return render(parse(source.text, source.name), seen, own=own)


def of_machine(
    source: Text,
    machine: Machine,
    hardware_map: Mapping[str, str] | None = None,
    inventory: Any = None,
    *,
    disk: str = "",
    rules: Rules = PLAIN,
) -> Outcome:
    """A template for a machine: rendered, read and judged.  Never raises on what it says.

    Without an `inventory` hints stay open, and the outcome `waits` for it.
    """
    try:
        found = settled(as_object(machine), inventory, disk, protected(machine))
    except Unfit as unfit:
        return Outcome("", Reading(None, (_of_record(unfit, machine, disk),)))
    own = functions(inventory, protected(machine))
    seen = _seen(found, machine, hardware_map)
    outcome = of_data(source, seen, own, rules, told=inventory is not None)
    used = [each.unfit for each in found.open if _is_used(each.path, outcome)]
    if not used:
        return outcome
    faults = tuple(_of_record(each, machine, disk) for each in used)
    reading = Reading(None, (*faults, *outcome.reading.faults), outcome.reading.doubts)
    return msgspec.structs.replace(outcome, reading=reading)


def _is_used(path: str, outcome: Outcome) -> bool:
    """Whether a template has to do with a disk: it says the path, or lays out the storage."""
    found = outcome.reading.template
    lays_out = found is not None and any(
        lays_out_storage(action) for task in found.tasks for action in task.actions
    )
    return path in outcome.text or (lays_out and path in repr(outcome.storage))


def of_data(
    source: Text,
    seen: Mapping[str, Any],
    own: Mapping[str, Native] = MappingProxyType({}),
    rules: Rules = PLAIN,
    *,
    told: bool = False,
) -> Outcome:
    """The same, for what a template sees and calls; `told`: the machine's disks are known."""
    storage = storage_of(seen["hardware"]) if "hardware" in seen else None
    try:
        made = rendered(source, seen, own)
    except Broken as broken:
        return Outcome("", Reading(None, (fault_of(broken, source),)), storage)
    reading = template.read(made, source.origin, rules, source.text)
    return Outcome(made.text, reading, storage, told)


def _of_record(unfit: Unfit, machine: Machine, disk: str) -> Fault:
    mine = bool(disk) and unfit.field == "spec.disks[0]"
    return Fault(
        file="disk" if mine else machine.place.file or machine.name,
        line=0 if mine else machine.place.line,
        field="" if mine else unfit.field,
        problem=unfit.problem,
        advice=unfit.advice,
    )


def fault_of(broken: Broken, source: Text) -> Fault:
    """What is wrong with a template, with its place in the file."""
    problem = broken.problem
    advice = broken.advice or "the reference of workflows says what may stand there"
    if problem.startswith(".references is not there"):
        problem = "references are not allowed: templates see the record of their machine only"
        advice = "write what is wanted into the record (values:, Tinkerbell's metadata.custom)"
    return Fault(
        file=source.origin.file,
        line=broken.line + source.origin.first - 1,
        column=broken.column + source.origin.indent,
        field="",
        problem=problem,
        advice=advice,
    )

"""A template and a machine to what that machine is taken through."""

from collections.abc import Mapping
from typing import Any

import msgspec

from boots.documents.fault import Fault
from boots.model.machine import Machine
from boots.workflow import template
from boots.workflow.gotemplate import Broken, Rendered, parse, render
from boots.workflow.hardware import as_object, in_go, storage_of
from boots.workflow.template import Reading
from boots.workflow.wrapped import Text

_OWN = {"Hardware", "hardware"}


class Outcome(msgspec.Struct, frozen=True):
    """What came of it: the text, unless it could not be made, and what it says."""

    text: str
    reading: Reading
    storage: Any = None


def data(machine: Machine, hardware_map: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a template sees: the hardware map's keys, ``.Hardware`` and ``.hardware``.

    Without a map ``device_1`` is the machine's first MAC, as in every template of Tinkerbell's.
    """
    hardware = as_object(machine)
    if hardware_map is None:
        hardware_map = {"device_1": machine.interfaces[0].mac} if machine.interfaces else {}
    own = {key: value for key, value in hardware_map.items() if key not in _OWN}
    return {**own, "Hardware": in_go(hardware), "hardware": hardware}


def rendered(source: Text, seen: Mapping[str, Any]) -> Rendered:
    """The text of a template for what it sees.

    Raises:
        Broken: it is no template, or cannot be rendered.
    """
    return render(parse(source.text, source.name), seen)


def of_machine(
    source: Text, machine: Machine, hardware_map: Mapping[str, str] | None = None
) -> Outcome:
    """A template for a machine: rendered, read and judged.  Never raises on what it says."""
    return of_data(source, data(machine, hardware_map))


def of_data(source: Text, seen: Mapping[str, Any]) -> Outcome:
    """The same, for what a template sees."""
    storage = storage_of(seen["hardware"]) if "hardware" in seen else None
    try:
        made = rendered(source, seen)
    except Broken as broken:
        return Outcome("", Reading(None, (told(broken, source),)), storage)
    return Outcome(made.text, template.read(made, source.origin), storage)


def told(broken: Broken, source: Text) -> Fault:
    """What is wrong with a template, with its place in the file."""
    return Fault(
        file=source.origin.file,
        line=broken.line + source.origin.first - 1,
        column=broken.column + source.origin.indent,
        field="",
        problem=broken.problem,
        advice=broken.advice or "the reference of workflows says what may stand there",
    )

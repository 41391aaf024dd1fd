"""A machine is taken through a workflow: the form, its plan, and the button that begins it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from boots.api.asked import Asked
from boots.api.desk import Refused
from boots.client import shipped
from boots.client.words import Machine
from boots.client.workflows import NewRun, RunLine
from boots.model.arming import Policy
from boots.web import arming, records
from boots.web.looks import segment
from boots.web.room import Room, form_of, goes_on, html, softly

_FIELDS = ("shipped", "template", "map", "disk", "policy", "disks", "hours", "power")


@dataclass(frozen=True, slots=True)
class Form:
    """What was filled in."""

    fields: Mapping[str, str]

    def get(self, name: str, default: str = "") -> str:
        """What a field holds."""
        return self.fields.get(name, default)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """All of it, to be sent again by the button of the next page."""
        return [(name, self.fields[name]) for name in _FIELDS if self.fields.get(name)]


async def form(room: Room, asked: Asked) -> web.StreamResponse:
    """What is to be filled in."""
    machine = await room.desk.machine(asked.keys["name"])
    usual = {"power": "1", "policy": Policy.EMPTY_ONLY.value, "hours": "2"}
    return await room.page(asked, "provision.html", **await _about(room, machine, Form(usual)))


async def _about(
    room: Room, machine: Machine, filled: Form, refused: Refused | None = None
) -> dict[str, Any]:
    return {
        "line": machine.line,
        "has_bmc": records.has_bmc(machine.record),
        "form": filled,
        "refused": refused,
        "policies": arming.POLICIES,
        "shipped": shipped.names(),
        "freeze": await softly(room.desk.freeze()),
    }


async def plan(room: Room, asked: Asked) -> web.StreamResponse:
    """Say what would be done to which disks; ask whether it shall be."""
    machine = await room.desk.machine(asked.keys["name"])
    filled = Form(await form_of(asked.request))
    try:
        wanted = _wanted(machine, filled)
        found = await room.desk.plan_run(wanted)
    except Refused as refused:
        return await _again(room, asked, machine, filled, refused)
    values = {
        "line": machine.line,
        "plan": found,
        "form": filled,
        "policy": filled.get("policy"),
        "meaning": arming.POLICIES[filled.get("policy", Policy.EMPTY_ONLY.value)],
        "forced": filled.get("policy") == Policy.FORCE.value,
        "freeze": await softly(room.desk.freeze()),
        "busy": await busy(room, machine.line.name),
    }
    return await room.page(asked, "planned.html", **values)


async def busy(room: Room, name: str) -> RunLine | None:
    """The run of a machine that is not over: it has one at a time."""
    found = await softly(room.desk.runs(key=name, limit=1))
    latest = found.runs[0] if not isinstance(found, Refused) and found.runs else None
    return latest if latest is not None and not latest.is_over else None


async def begin(room: Room, asked: Asked) -> web.StreamResponse:
    """Begin it."""
    machine = await room.desk.machine(asked.keys["name"])
    filled = Form(await form_of(asked.request))
    try:
        wanted = _wanted(machine, filled)
        if filled.get("unarmed"):
            wanted = replace(wanted, arm=None)
        if wanted.arm is not None:
            arming.check(filled.fields, machine.line.name, wanted.arm)
        made = await room.desk.create_run(wanted, asked.me.name)
    except Refused as refused:
        return await _again(room, asked, machine, filled, refused)
    return goes_on(f"/workflows/{segment(made.line.id)}")


async def change(room: Room, asked: Asked) -> web.StreamResponse:
    """The form once more, as it was filled in."""
    machine = await room.desk.machine(asked.keys["name"])
    filled = Form(await form_of(asked.request))
    return await room.page(asked, "provision.html", **await _about(room, machine, filled))


async def _again(
    room: Room, asked: Asked, machine: Machine, filled: Form, refused: Refused
) -> web.StreamResponse:
    """The form as it was filled in, with what is wrong with it."""
    values = await _about(room, machine, filled, refused)
    page = await room.page(asked, "provision.html", **values)
    return html(page.text or "", refused.status)


def _wanted(machine: Machine, filled: Form) -> NewRun:
    text = filled.get("template")
    if not text.strip():
        name = filled.get("shipped")
        text = shipped.text(name) or ""
        if not text:
            raise Refused(400, "No workflow was given", "choose one, or write its template")
    return NewRun(
        machine=machine.line.name,
        template=text,
        map=_map(filled.get("map")),
        disk=filled.get("disk").strip(),
        arm=arming.read(filled.fields),
        power=bool(filled.get("power")),
    )


def _map(text: str) -> Mapping[str, str]:
    found = {}
    for each in text.split():
        key, equals, value = each.partition("=")
        if not key or not equals:
            raise Refused(400, "The hardware map cannot be read", f"{each}: write device_2=MAC")
        found[key] = value
    return found

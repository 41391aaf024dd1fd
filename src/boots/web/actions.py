"""What a person can do to a machine: a page that asks first, and a button that does it."""

import enum
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from boots.api.asked import Asked
from boots.api.desk import Desk, Refused
from boots.client.words import Machine, NewOrder, NewPower, PowerAction, Provision
from boots.model.order import Netboot
from boots.web import records
from boots.web.looks import segment
from boots.web.room import Room, form_of, goes_on


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done: to the machine of this name, with what the form says, and for whom."""

    desk: Desk
    name: str
    form: Mapping[str, str]
    by: str

    @property
    def profile(self) -> str:
        """The profile that was chosen; empty for the recorded one."""
        return self.form.get("profile", "")


Do = Callable[[Wish], Awaitable[str]]
"""Does it, and gives a note if there is something left to say."""


class Needs(enum.Enum):
    """What a machine must have for an action to make sense."""

    NOTHING = ""
    BMC = "its record names no BMC"
    OURS = "its record is in a file: remove it there"
    ORDER = "nothing is ordered over its record"


@dataclass(frozen=True, slots=True)
class Action:
    """One of them: `means` says what will happen, `fields` what the form asks besides."""

    title: str
    means: str
    do: Do
    needs: Needs = Needs.NOTHING
    fields: tuple[str, ...] = ()
    grave: bool = False


def _order(netboot: Netboot) -> Do:
    async def do(wish: Wish) -> str:
        order = NewOrder(netboot=netboot, profile=wish.profile)
        await wish.desk.order(wish.name, order, wish.by)
        return ""

    return do


def _switch(action: PowerAction) -> Do:
    async def do(wish: Wish) -> str:
        await wish.desk.switch(wish.name, NewPower(action=action), wish.by)
        return ""

    return do


async def _withdraw(wish: Wish) -> str:
    await wish.desk.withdraw(wish.name, wish.by)
    return ""


async def _provision(wish: Wish) -> str:
    wanted = Provision(profile=wish.profile, power=bool(wish.form.get("power")))
    return (await wish.desk.provision(wish.name, wanted, wish.by)).note


async def _remove(wish: Wish) -> str:
    revision = wish.form.get("revision", "")
    seen = int(revision) if revision.isdecimal() else None
    await wish.desk.remove(wish.name, seen, wish.by)
    return ""


ACTIONS: Mapping[str, Action] = {
    "netboot-once": Action(
        "Netboot once",
        "The next time it asks, it is told to boot from the network; after that from its disk.",
        _order(Netboot.ONCE),
        fields=("profile",),
    ),
    "netboot-on": Action(
        "Netboot on",
        "It boots from the network at every start, whatever its record says.",
        _order(Netboot.ON),
        fields=("profile",),
    ),
    "netboot-off": Action(
        "Netboot off",
        "It boots from its disk at every start, whatever its record says.",
        _order(Netboot.OFF),
    ),
    "as-recorded": Action(
        "As recorded",
        "What was ordered is withdrawn: its record alone counts again.",
        _withdraw,
        Needs.ORDER,
    ),
    "provision": Action(
        "Provision",
        "It runs this profile once. A profile that installs a system overwrites what is on its "
        "disks.",
        _provision,
        fields=("profile", "power"),
        grave=True,
    ),
    "power-on": Action("Power on", "Its BMC switches it on.", _switch(PowerAction.ON), Needs.BMC),
    "power-off": Action(
        "Power off",
        "Its BMC takes the power away: what runs on it is not asked.",
        _switch(PowerAction.OFF),
        Needs.BMC,
        grave=True,
    ),
    "power-cycle": Action(
        "Power cycle",
        "Its BMC takes the power away and gives it back: what runs on it is not asked.",
        _switch(PowerAction.CYCLE),
        Needs.BMC,
        grave=True,
    ),
    "power-netboot": Action(
        "Start from the network",
        "Its BMC starts it, from the network this once; what runs on it is not asked.",
        _switch(PowerAction.NETBOOT),
        Needs.BMC,
        grave=True,
    ),
    "remove": Action(
        "Remove",
        "Its record is forgotten: it is answered as a machine that nobody knows.",
        _remove,
        Needs.OURS,
        grave=True,
    ),
}


def lacks(action: Action, machine: Machine) -> bool:
    """Whether a machine has not what an action needs."""
    return {
        Needs.NOTHING: False,
        Needs.BMC: not records.has_bmc(machine.record),
        Needs.OURS: machine.line.source == "file",
        Needs.ORDER: machine.order is None,
    }[action.needs]


def possible(machine: Machine) -> dict[str, Action]:
    """What can be done to a machine."""
    return {key: each for key, each in ACTIONS.items() if not lacks(each, machine)}


async def _found(room: Room, asked: Asked) -> tuple[Machine, Action]:
    machine = await room.desk.machine(asked.keys["name"])
    action = ACTIONS.get(asked.keys["action"])
    if action is None:
        raise Refused(404, "There is no such action", f"one of {', '.join(ACTIONS)}")
    if lacks(action, machine):
        raise Refused(409, f"{action.title} cannot be done", action.needs.value)
    return machine, action


async def ask(room: Room, asked: Asked) -> web.StreamResponse:
    """Say what would be done, and ask whether it shall."""
    machine, action = await _found(room, asked)
    profiles = (await room.desk.profiles()).profiles if "profile" in action.fields else ()
    return await room.page(
        asked,
        "ask.html",
        machine=machine,
        action=action,
        profiles=profiles,
        has_bmc=records.has_bmc(machine.record),
    )


async def act(room: Room, asked: Asked) -> web.StreamResponse:
    """Do it."""
    machine, action = await _found(room, asked)
    form = await form_of(asked.request)
    wish = Wish(room.desk, machine.line.name, form, asked.me.name)
    if action.grave and "profile" in action.fields and not wish.profile:
        raise Refused(400, "No profile was chosen", "go back and choose one")
    note = await action.do(wish)
    if note:
        return await room.page(asked, "done.html", line=machine.line, action=action, note=note)
    if action.needs is Needs.OURS:
        return goes_on("/")
    return goes_on(f"/machines/{segment(wish.name)}?did={asked.keys['action']}")

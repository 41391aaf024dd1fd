"""The desk: the power of machines, and what needs it."""

import asyncio

from boots.api.desk import Refused
from boots.app.desk.house import House, asks_store
from boots.app.desk.machines import MachinesDesk
from boots.bmc.control import power, switch
from boots.bmc.words import Action, Trouble
from boots.client.words import (
    NewOrder,
    NewPower,
    Power,
    PowerAction,
    Provision,
    Provisioned,
)
from boots.journal import events
from boots.model.bmc import Bmc
from boots.model.machine import Machine
from boots.model.order import Netboot

_AT_ONCE = 16  # BMCs that are talked to at the same time: each by a process of its own


class PowerDesk:
    """Answers what `boots.api.desk.Desk` asks of power."""

    def __init__(self, house: House, machines: MachinesDesk) -> None:
        self._house = house
        self._machines = machines
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def power(self, key: str) -> Power:
        """How its power is, as its BMC says."""
        machine = self._house.machine(key)
        bmc = _bmc(machine)
        try:
            async with self._turns:
                state = await asyncio.to_thread(power, bmc)
        except Trouble as trouble:
            raise _failed(trouble) from None
        return Power(state=state.value, by=_whose(bmc))

    @asks_store
    async def switch(self, key: str, wanted: NewPower, by: str) -> Power:
        """Have its BMC do something."""
        machine = self._house.machine(key)
        bmc, action = _bmc(machine), Action(wanted.action.value)
        await self._house.begin()
        try:
            async with self._turns:
                state = await asyncio.to_thread(switch, bmc, action)
        except Trouble as trouble:
            self._tell(machine, wanted.action, by, trouble.problem)
            raise _failed(trouble) from None
        self._tell(machine, wanted.action, by)
        return Power(state=state.value, by=_whose(bmc))

    async def provision(self, key: str, wanted: Provision, by: str) -> Provisioned:
        """Run a profile once, at its next start, which is now if its BMC can do that."""
        machine = self._house.machine(key)
        order = NewOrder(netboot=Netboot.ONCE, profile=wanted.profile)
        given = await self._machines.order(key, order, by)
        if not wanted.power or machine.bmc is None:
            why = "its record names no BMC: " if machine.bmc is None and wanted.power else ""
            return Provisioned(order=given, note=f"{why}start it, or restart it, from the network")
        try:
            done = await self.switch(key, NewPower(action=PowerAction.NETBOOT), by)
        except Refused as refused:
            note = f"ordered, and its BMC could not start it: {refused.detail}"
            return Provisioned(order=given, note=note)
        return Provisioned(order=given, power=done)

    def _tell(self, machine: Machine, action: PowerAction, by: str, problem: str = "") -> None:
        mac = str(machine.interfaces[0].mac) if machine.interfaces else ""
        self._house.tell(
            events.PowerSwitched(
                mac=mac, machine=machine.name, action=action.value, by=by, problem=problem
            )
        )


def _bmc(machine: Machine) -> Bmc:
    if machine.bmc is None:
        raise Refused(
            409,
            "it has no BMC",
            f'the record of "{machine.name}" names none; write bmc: with a url',
        )
    return machine.bmc


def _whose(bmc: Bmc) -> str:
    """The BMC's address, without what opens it."""
    return bmc.url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _failed(trouble: Trouble) -> Refused:
    return Refused(502, "its BMC does not do it", f"{trouble.problem}; {trouble.advice}")

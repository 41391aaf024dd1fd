"""The desk: machines, and what is ordered of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from boots.api.desk import Refused
from boots.app.desk.house import House, asks_store
from boots.client.words import (
    FieldError,
    Machine,
    MachineLine,
    Machines,
    NewOrder,
    ProfileLine,
    Profiles,
)
from boots.journal import events
from boots.machines.secrets import without_secrets
from boots.model.mac import Mac
from boots.model.machine import Machine as Known
from boots.model.order import Order
from boots.model.site import Profile
from boots.policy.leaks import told_url
from boots.store import seen
from boots.timeline.words import Boot, State

_ENOUGH = 1_000  # machines on a page at most


class MachinesDesk:
    """Answers what `boots.api.desk.Desk` asks of machines."""

    def __init__(self, house: House) -> None:
        self._house = house

    # --- to read

    async def machines(
        self,
        *,
        text: str = "",
        state: str = "",
        after: str = "",
        limit: int = 100,
        among: Sequence[str] = (),
    ) -> Machines:
        """Machines by name."""
        # Among many machines this may take a while, in which packets have their turn.
        limit = min(limit, _ENOUGH)
        return await asyncio.to_thread(self._page, text, state, after, limit, tuple(among))

    def _page(
        self, text: str, state: str, after: str, limit: int, among: tuple[str, ...]
    ) -> Machines:
        house = self._house
        roster = house.roster()
        wanted = roster.matching(text)
        if among:
            own = roster.among(among)
            wanted = own if wanted is None else wanted & own
        if state:
            in_state = self._in_state(state)
            wanted = in_state if wanted is None else wanted & in_state
        lines: list[MachineLine] = []
        more = False
        for name in roster.after(after):
            if wanted is not None and name not in wanted:
                continue
            if len(lines) == limit:
                more = True
                break
            lines.append(house.line(house.machine(name)))
        total = len(roster.names) if wanted is None else len(wanted)
        last = lines[-1].name if more else ""
        return Machines(next=last, machines=tuple(lines), total=total)

    def _in_state(self, state: str) -> set[str]:
        house = self._house
        index = house.answers.world.index
        last: dict[str, Boot] = {}
        for boot in house.history.timelines.latest():
            name = boot.machine
            if name not in index.by_name:  # its record is newer than the boot
                known = index.by_mac.get(Mac(boot.mac))
                if known is None:
                    continue
                name = known.machine.name
            there = last.get(name)
            if there is None or there.started < boot.started:
                last[name] = boot
        if state == State.UNSEEN.value:
            return {name for name in house.roster().names if name not in last}
        return {name for name, boot in last.items() if boot.state.value == state}

    def named(self, key: str) -> str:
        """The name of the machine that has this name or MAC; empty where there is none."""
        try:
            return self._house.machine(key).name
        except Refused:
            return ""

    async def machine(self, key: str) -> Machine:
        """One machine."""
        house = self._house
        found = house.machine(key)
        inventory, at = await self._inventory(found)
        return Machine(
            line=house.line(found),
            record=without_secrets(msgspec.json.decode(bytes(found.record))),
            revision=house.keeping.kept.revision(found.name) if house.keeping else 0,
            order=house.order(found.name),
            inventory=inventory,
            inventory_at=at,
            last=house.last_boot(found),
            before=house.before(found),
        )

    async def _inventory(self, machine: Known) -> tuple[Any, float]:
        keeping = self._house.keeping
        if keeping is None or keeping.trouble:
            return None, 0.0
        macs = [str(each.mac) for each in machine.interfaces]
        told = await keeping.store.read(seen.read_inventories, macs)
        if not told:
            return None, 0.0
        last = max(told.values(), key=lambda each: each.at)
        return msgspec.json.decode(last.body), last.at

    async def profiles(self) -> Profiles:
        """All profiles."""
        sites = list(self._house.answers.world.sites.values())
        known = sites[0].profiles.values() if sites else ()
        return Profiles(
            profiles=tuple(
                ProfileLine(name=each.name, runs=_runs(each), files=tuple(each.templates))
                for each in sorted(known, key=lambda each: each.name)
            )
        )

    # --- orders

    @asks_store
    async def order(self, key: str, order: NewOrder, by: str) -> Order:
        """Order a machine's next boots over its record."""
        house = self._house
        keeping, machine = house.kept(), house.machine(key)
        self._refuse_profile(order.profile)
        given = Order(netboot=order.netboot, profile=order.profile, by=by, at=house.clock())
        await keeping.give(machine.name, given)
        self._tell_order(machine, order.netboot.value, order.profile, by)
        return given

    @asks_store
    async def withdraw(self, key: str, by: str) -> None:
        """Have the record alone count again."""
        machine = self._house.machine(key)
        await self._house.kept().withdraw(machine.name)
        self._tell_order(machine, "", "", by)

    def _refuse_profile(self, name: str) -> None:
        sites = self._house.answers.world.sites.values()
        known = {each for site in sites for each in site.profiles}
        if name and name not in known:
            raise Refused(
                422,
                "there is no such profile",
                f'none is named "{name}"; there are {", ".join(sorted(known))}',
                [FieldError(field="profile", problem=f'no profile is named "{name}"')],
            )

    def _tell_order(self, machine: Known, netboot: str, profile: str, by: str) -> None:
        house = self._house
        mac = str(machine.interfaces[0].mac) if machine.interfaces else ""
        house.tell(
            events.BootOrdered(
                mac=mac, machine=machine.name, netboot=netboot, profile=profile, by=by
            )
        )
        house.history.machines.note([mac])


def _runs(profile: Profile) -> str:
    if profile.disk:
        return "the machine's own disk"
    if profile.script:
        return "an iPXE script"
    return told_url(profile.script_url or profile.kernel)

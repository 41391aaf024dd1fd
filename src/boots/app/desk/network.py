"""The desk: who is on the network, what was said there, and why a machine gets what it gets."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from ipaddress import IPv4Address
from math import inf
from typing import Any

import msgspec

from boots.api.desk import Refused
from boots.app.desk import explained
from boots.app.desk.house import House, asks_store
from boots.app.enrolment import propose
from boots.app.planned import Failed, in_a_process
from boots.app.world import World
from boots.client.words import (
    Discovered,
    DiscoveredList,
    Explained,
    ForeignServers,
    LeaseLine,
    Leases,
    NewPlan,
    Packet,
    Packets,
    Plan,
)
from boots.model import mac as macs
from boots.model.mac import Mac
from boots.model.machine import Known
from boots.model.patterns import fits
from boots.model.site import Site
from boots.policy import metadata
from boots.policy.attributes import attributes
from boots.policy.boot import fetch
from boots.policy.explain import nearest_miss
from boots.policy.got import File, Got, Refusal, Rendered, Script
from boots.policy.path import read
from boots.policy.served import as_served
from boots.serve.packets import Packet as Kept
from boots.serve.packets import capture, decoded, discreet
from boots.store import history, seen
from boots.timeline.knowledge import of_stranger
from boots.timeline.words import Finding, Stranger

_MOST = 500  # strangers that are shown
_MOST_PACKETS = 200  # shown of a machine; who floods in its name makes thousands, 3 s of decoding
_AT_ONCE = 1_000  # events of a MAC that are looked through at once
_AFTER = 1.0  # seconds in which the answer to what an event tells of has left
_LARGEST = 64 << 10  # characters of an inventory in a list; a server's has some thousands


class NetworkDesk:
    """Answers what `boots.api.desk.Desk` asks of strangers, other servers and reasons."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._one_plan = asyncio.Lock()  # each takes a core

    # --- reasons

    async def explain(self, mac: str, interface: str = "") -> Explained:
        """Why a MAC gets what it gets."""
        wanted = self._mac(mac)
        name, site = self._site(interface, wanted)
        finding = self._finding(wanted)  # what is followed is the loop's alone
        return await asyncio.to_thread(self._explain, wanted, name, site, finding)

    def _explain(self, mac: Mac, interface: str, site: Site, finding: Finding | None) -> Explained:
        house = self._house
        index = house.answers.world.index
        known = index.by_mac.get(mac)
        served = as_served(mac, known, site)
        near = nearest_miss(mac, index.by_mac) if known is None else None
        held = house.answers.held(known) if known is not None else ""
        said = _said(known, served, site, held)
        return Explained(
            mac=mac,
            machine=known.machine.name if known else "",
            interface=interface,
            said=said,
            nearest=near or "",
            nearest_name=index.by_mac[near].machine.name if near else "",
            chains=explained.chains(mac, served, site) if served is not None else (),
            rendered=explained.rendered(served, site) if served is not None else (),
            finding=finding,
        )

    def _finding(self, mac: Mac) -> Finding | None:
        """What was found last: of its boot, of a MAC without a record, or of this server."""
        timelines = self._house.history.timelines
        boot = timelines.boot(mac)
        if boot is not None:
            return boot.finding or timelines.before(mac) or timelines.trouble()
        strangers = timelines.strangers()
        found = [each for each in strangers if mac in (each.mac, each.nearest)]
        return of_stranger(found[0]) if found else timelines.trouble()

    async def rendered(self, key: str, name: str) -> str:
        """The text of a script or file, as this machine would get it now."""
        mac = Mac(self._house.macs(key)[0])
        _, site = self._site("", mac)
        known = self._house.answers.world.index.by_mac.get(mac)
        served = as_served(mac, known, site)
        got: Got
        if metadata.is_name(name) and name not in site.files:
            got = await asyncio.to_thread(metadata.give, name, known, site)
        else:
            got = await asyncio.to_thread(fetch, read(name).name, served, site)
        match got:
            case Rendered(_, content):
                return content.decode(errors="replace")
            case Script(text):
                return text
            case File(_, path):
                raise Refused(409, "this is a file", f"{name} is {path}, the same for all machines")
            case Refusal(_, why):
                raise Refused(404, "it does not get that", why)

    async def plan(self, wanted: NewPlan) -> Plan:
        """What answers would change with these records."""
        async with self._one_plan:
            raw = self._house.answers.raw
            world = World(raw.index, raw.sites)
            try:
                return await asyncio.to_thread(in_a_process, world, wanted)
            except Failed as failed:
                raise Refused(503, "there is no plan", str(failed)) from None

    # --- who is there

    @asks_store
    async def discovered(self) -> DiscoveredList:
        """Machines without a record."""
        house = self._house
        heard = await asyncio.to_thread(house.history.timelines.strangers)
        now = {each.mac: each for each in heard}
        told: Mapping[str, seen.Inventory] = {}
        store = None
        if house.keeping is not None and not house.keeping.trouble:
            store = house.keeping.store
            before = await store.read(seen.read_sightings, Stranger)
            now = {each.mac: each for each in before} | now
        by_mac = house.answers.world.index.by_mac
        strange = [each for each in now.values() if each.mac not in by_mac]
        strange.sort(key=lambda each: each.last, reverse=True)
        del strange[_MOST:]
        if store is not None:
            these = [each.mac for each in strange]
            told = await store.read(seen.read_inventories, these, _LARGEST)
        return await asyncio.to_thread(self._all_discovered, strange, told)

    def _all_discovered(
        self, strange: list[Stranger], told: Mapping[str, seen.Inventory]
    ) -> DiscoveredList:
        return DiscoveredList(
            discovered=tuple(self._discovered(each, told.get(each.mac)) for each in strange)
        )

    def _discovered(self, stranger: Stranger, told: seen.Inventory | None) -> Discovered:
        inventory = msgspec.json.decode(told.body) if told is not None else None
        mac = Mac(stranger.mac)
        found = propose(self._house.answers.world, mac, inventory, self._address_of(mac))
        plugged = next(iter(attributes(inventory, mac).plugged), None)
        return Discovered(
            stranger=stranger,
            inventory=inventory,
            inventory_at=told.at if told is not None else 0.0,
            switch=plugged.switch if plugged else "",
            port=plugged.port if plugged else "",
            rule=found.rule,
            record=dict(found.record) if found.record is not None else None,
            problem=found.problem,
        )

    def _address_of(self, mac: Mac) -> IPv4Address | None:
        boot = self._house.history.timelines.last(mac)
        return IPv4Address(boot.address) if boot and boot.address else None

    async def proposed(self, mac: Mac) -> Any:
        """The record that the rules make of a machine.

        Raises:
            Refused: they make none.
        """
        keeping = self._house.kept()
        told = await keeping.store.read(seen.read_inventories, [str(mac)])
        inventory = msgspec.json.decode(told[mac].body) if mac in told else None
        found = propose(self._house.answers.world, mac, inventory, self._address_of(mac))
        if found.record is None:
            raise Refused(409, "there is no record for it", found.problem)
        return dict(found.record)

    async def foreign(self) -> ForeignServers:
        """Other DHCP servers."""
        return ForeignServers(servers=self._house.history.timelines.foreign())

    @asks_store
    async def leases(self) -> Leases:
        """Addresses that are leased."""
        house = self._house
        if house.keeping is None:
            return Leases()
        found = await house.keeping.store.read(seen.read_leases, house.clock())
        subnets = {s.network for site in house.answers.world.sites.values() for s in site.subnets}

        def network(address: str) -> str:
            return next((str(net) for net in subnets if IPv4Address(address) in net), "")

        lines = [
            LeaseLine(address=e.address, mac=e.mac, until=e.until, network=network(e.address))
            for e in found
        ]
        return Leases(leases=tuple(sorted(lines, key=lambda each: IPv4Address(each.address))))

    # --- what was said

    @asks_store
    async def packets(
        self, key: str, among: Sequence[str] = (), *, veiled: bool = False
    ) -> Packets:
        """The latest DHCP messages of a machine or MAC, decoded."""
        kept = (await self._kept_of(key, tuple(among)))[-_MOST_PACKETS:]
        return await asyncio.to_thread(lambda: _decoded(discreet(kept) if veiled else kept))

    @asks_store
    async def capture(self, key: str, among: Sequence[str] = (), *, veiled: bool = False) -> bytes:
        """The same as a pcap file."""
        kept = await self._kept_of(key, tuple(among))
        return await asyncio.to_thread(lambda: capture(discreet(kept) if veiled else kept))

    async def _kept_of(self, key: str, among: tuple[str, ...]) -> list[Kept]:
        found: list[Kept] = []
        for mac in self._house.macs(key):
            kept = self._house.packets.of(mac)
            since = await self._since(mac, kept[0].at, among) if among and kept else 0.0
            found += [each for each in kept if each.at > since]
        return sorted(found, key=lambda each: each.at)

    async def _since(self, mac: str, first: float, among: tuple[str, ...]) -> float:
        """When a MAC was heard last that was not of such a machine then; who knows not, waits."""
        store, before = self._house.kept().store, 0
        read = partial(history.read_events, macs=(mac,), since=first - _AFTER, latest=True)
        while True:
            found = await store.read(read, before=before, limit=_AT_ONCE)
            others = [each for each in found if not each.machine or not fits(each.machine, among)]
            if others:
                return others[-1].at + _AFTER
            if len(found) < _AT_ONCE:
                return 0.0 if found or before else inf
            before = found[0].id

    # ---

    def _mac(self, text: str) -> Mac:
        mac = macs.parse(text)
        if mac is not None:
            return mac
        return Mac(self._house.macs(text)[0])

    def _site(self, interface: str, mac: Mac) -> tuple[str, Site]:
        """The site that a machine is behind: the one that is named, its address's, or the first."""
        sites = self._house.answers.world.sites
        if interface:
            if interface not in sites:
                raise Refused(404, "no such interface", f"{interface}: we serve {', '.join(sites)}")
            return interface, sites[interface]
        known = self._house.answers.world.index.by_mac.get(mac)
        own = known.interface.reservation if known else None
        for name, site in sites.items():
            if own is not None and site.network is not None and own.address in site.network:
                return name, site
        return next(iter(sites.items()))


def _said(known: Known | None, served: Known | None, site: Site, held: str) -> str:
    if known is None:
        if served is None:
            return "no record has this MAC: it gets no answer at all, at any door"
        return f"no record has this MAC: it is a stranger and boots {site.unknown or 'nothing'}"
    return held or f"it is {known.machine.name}, of the record at {known.machine.place}"


def _decoded(kept: list[Kept]) -> Packets:
    found = []
    for each in kept:
        kind, fields = decoded(each)
        place = each.place
        found.append(
            Packet(at=each.at, interface=place.interface, ours=place.ours, kind=kind, fields=fields)
        )
    return Packets(packets=tuple(found))

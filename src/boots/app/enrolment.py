"""Enrolment as a server sees it: the record that its rules make of a stranger, if it can be kept.

A rule never changes a record that is there: a name, a MAC or an address of another machine is a
problem, and a person is to solve it.
"""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

import msgspec

from boots.app.world import World
from boots.machines import records
from boots.model.mac import Mac
from boots.model.machine import Machine
from boots.policy import enrol, hook
from boots.policy.attributes import attributes
from boots.policy.enrol import Proposal


def propose(
    world: World, mac: Mac, inventory: Any = None, address: IPv4Address | None = None
) -> Proposal:
    """The record that the machine with this MAC would get.

    `inventory` is what it told, None where it told nothing; `address` is the one it has now.
    """
    known = world.index.by_mac.get(mac)
    if known is not None:
        return Proposal(problem=f'it is "{known.machine.name}" at {known.machine.place} already')
    found = attributes(inventory, mac, address, _prefix(world, address))
    made = enrol.propose(found, world.rules)
    problem = made.problem or _problem(world, made.record or {}, made.rule)
    return replace(made, record=None, problem=problem) if problem else made


def _prefix(world: World, address: IPv4Address | None) -> int:
    """The prefix of the network that an address is in, as far as the settings know it."""
    if address is None:
        return 0
    sites = world.sites.values()
    known = [each.network for site in sites for each in site.subnets]
    known += [site.network for site in sites if site.network is not None]
    return next((network.prefixlen for network in known if address in network), 0)


def _problem(world: World, record: Mapping[str, Any], rule: str) -> str:
    """Why a record cannot be kept; empty if it can."""
    file = f'the rule "{rule}"' if rule else "what it tells"
    read = records.read(msgspec.json.encode(record).decode(), file)
    if read.faults:
        fault = read.faults[0]
        return f"{file} makes no record: {fault.field}: {fault.problem}; {fault.advice}"
    machine = read.machines[0]
    return _claimed(world, machine) or _profile(world, machine)


def _claimed(world: World, machine: Machine) -> str:
    """Whether it takes what is another machine's."""
    other = world.index.by_name.get(machine.name)
    if other is not None:
        return f'"{machine.name}" is the name of the machine at {other.place}'
    for interface in machine.interfaces:
        known = world.index.by_mac.get(interface.mac)
        if known is not None:
            return f'{interface.mac} is of "{known.machine.name}" at {known.machine.place}'
        own = interface.reservation
        known = world.index.by_address.get(own.address) if own else None
        if own is not None and known is not None:
            return f'{own.address} is of "{known.machine.name}" at {known.machine.place}'
    return ""


def _profile(world: World, machine: Machine) -> str:
    name = machine.interfaces[0].netboot.profile
    known = {hook.NAME, *(each for site in world.sites.values() for each in site.profiles)}
    return f'there is no profile "{name}"' if name and name not in known else ""

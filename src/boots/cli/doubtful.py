"""What is doubtful about records: they can be read, and would fail all the same."""

import stat
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

from boots.documents.fault import Fault
from boots.model.machine import Known, Machine, Netboot, Reservation
from boots.model.site import Site
from boots.policy import boot, profile
from boots.policy.got import Refusal, Script
from boots.policy.programs import misfit


def grouped(warnings: list[Fault]) -> list[str]:
    """One line for what many machines share: a file that is missing is missing for all."""
    same: dict[tuple[str, str], list[Fault]] = {}
    for warning in warnings:
        same.setdefault((warning.problem, warning.advice), []).append(warning)
    return [
        f"{first}" if not others else f"{first} (and {len(others)} more like this)"
        for first, *others in same.values()
    ]


def warnings(machine: Machine, site: Site) -> list[Fault]:
    """What can be read and would fail all the same, at boot or in the network after it."""
    found: list[Fault] = []
    if not machine.interfaces:
        found.append(
            _doubt(machine, "no interface has a MAC yet", "write one, or nothing is answered")
        )
    addresses = [each.reservation.address for each in machine.interfaces if each.reservation]
    for address in sorted({each for each in addresses if addresses.count(each) > 1}):
        advice = "give each an address of its own if both are used at once"
        found.append(_doubt(machine, f"several interfaces have the address {address}", advice))
    found += [_doubt(machine, *why) for why in _of_bmc(machine)]
    for interface in machine.interfaces:
        if interface.reservation is not None:
            found += [_doubt(machine, *why) for why in _doubtful(interface.reservation)]
        known = Known(machine=machine, interface=interface)
        script = boot.fetch("auto.ipxe", known, site)
        if isinstance(script, Script) and script.problem:
            advice = "mend it, or the machine stops at its script"
            found.append(_doubt(machine, script.problem, advice))
        for name in profile.names(known, site):
            made = profile.source(name, known, site)
            if isinstance(made, Refusal):
                advice = "mend the template, or the record"
                found.append(_doubt(machine, made.why, advice))
        found += [_doubt(machine, *why) for why in _boot_files(interface.netboot, site)]
    return found


def _of_bmc(machine: Machine) -> Iterator[tuple[str, str]]:
    """A BMC that nothing opens, and passwords in files that every user of this system may read."""
    bmc = machine.bmc
    if bmc is None:
        return
    if not (bmc.username or bmc.password or bmc.password_file):
        advice = "write username and password_file, or the Secret into the file of its Machine"
        yield "nothing opens its BMC", advice
    if bmc.password and _all_may_read(machine.place.file):
        advice = "write password_file, or keep the file from others (chmod o-r)"
        yield "the password of its BMC stands in a file that all may read", advice
    if bmc.password_file and _all_may_read(bmc.password_file):
        problem = f"all may read {bmc.password_file}, which holds the password of its BMC"
        yield problem, "keep it from others (chmod o-r)"


def _all_may_read(file: str) -> bool:
    try:
        return bool(Path(file).stat().st_mode & stat.S_IROTH)
    except (OSError, ValueError):  # it is not here, or cannot be anywhere
        return False


def _boot_files(netboot: Netboot, site: Site) -> Iterator[tuple[str, str]]:
    """Boot files that are not there, or for another kind of machine, and what to do."""
    for architecture, name in netboot.boot_files.items():
        wrong = misfit(name, site.programs.get(name), architecture)
        if wrong is not None:
            yield f"{wrong.why}, which would load it", "name another in boot_files"
    if netboot.boot_file and netboot.boot_file not in site.files:
        yield f"there is no boot file {netboot.boot_file}", "install it, see boot.files"


def _doubtful(own: Reservation) -> Iterator[tuple[str, str]]:
    """What is odd about an address, and what to do.  Odd networks exist: it is not refused."""
    network = IPv4Network((own.address, own.prefix), strict=False)
    if own.prefix < 31 and own.address == network.network_address:
        yield f"{own.address} is the address of its network {network}", "write another"
    if own.prefix < 31 and own.address == network.broadcast_address:
        yield f"{own.address} is the broadcast address of {network}", "write another"
    if own.gateway == own.address:
        yield f"{own.address} is its own gateway", "write the router's address"
    elif own.gateway is not None and own.gateway not in network:
        yield f"the gateway {own.gateway} is outside {network}", "check address, prefix and gateway"


def _doubt(machine: Machine, problem: str, advice: str) -> Fault:
    return Fault(
        file=machine.place.file,
        line=machine.place.line,
        field=machine.name,
        problem=problem,
        advice=advice,
    )

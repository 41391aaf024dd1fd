"""What is wrong with records beside the networks and the files that are there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

from boots.doctor.place import Place
from boots.doctor.words import Finding, Severity
from boots.model.machine import Architecture, Interface, Machine, Reservation
from boots.model.site import OSIE, Site, Subnet

_SHOWN = 8

# What machines of a CPU boot by, and where its iPXE comes from.
_OF_CPUS: Mapping[str, tuple[Architecture, ...]] = {
    "x86_64": (Architecture.BIOS, Architecture.X64_UEFI),
    "aarch64": (Architecture.ARM64_UEFI,),
    "riscv64": (Architecture.RISCV64_UEFI,),
    "loongarch64": (Architecture.LOONG64_UEFI,),
}
_IPXE = "install Debian's package ipxe (apt install ipxe), or set boot.files"
_FETCH = "run boots boot-files fetch, which takes it from Debian, and set boot.files"
_SOURCES = {Architecture.BIOS: _IPXE, Architecture.X64_UEFI: _IPXE}
# Where Debian's signed programs come from, by the names that records and profiles give them.
_PACKAGES: Mapping[str, str] = {
    "shimx64.efi": "shim-signed",
    "mmx64.efi": "shim-helpers-amd64-signed",
    "fbx64.efi": "shim-helpers-amd64-signed",
    "grubx64.efi": "grub-efi-amd64-signed",
    "shimaa64.efi": "shim-signed",
    "mmaa64.efi": "shim-helpers-arm64-signed",
    "fbaa64.efi": "shim-helpers-arm64-signed",
    "grubaa64.efi": "grub-efi-arm64-signed",
}


def judge(places: Sequence[Place], machines: Sequence[Machine]) -> Iterator[Finding]:
    """All that records say against networks and files."""
    problems: dict[tuple[str, Severity, str, str], list[str]] = {}
    for machine in machines:
        for interface in machine.interfaces:
            if interface.reservation is None:
                continue
            who = f"{machine.name} ({interface.mac}), {interface.reservation.address}"
            for kind, detail in _of_address(interface.reservation, places):
                problems.setdefault(kind, []).append(f"{who}{detail}")
    for (code, severity, title, advice), whose in problems.items():
        yield Finding(
            code=code, severity=severity, title=title, advice=advice, seen=tuple(_some(whose))
        )
    if places:
        yield from _files(places[0].site, machines)


_OURS = (
    "address-ours",
    Severity.ERROR,
    "a record has the address of this server",
    "give the machine another",
)
_NOWHERE = (
    "address-nowhere",
    Severity.WARNING,
    "records have addresses that are in none of our networks",
    "mend address and prefix; or describe the network with [[subnets]], if a relay is there",
)
_IN_POOL = (
    "address-in-pool",
    Severity.WARNING,
    "records have addresses of a pool",
    "take them out of the pool: a lease that was given before the record may still hold one",
)
_PREFIX = (
    "prefix-differs",
    Severity.WARNING,
    "records have another prefix than their network",
    "write the network's prefix, or the machine takes others for its neighbours",
)

_Kind = tuple[str, Severity, str, str]


def _of_address(own: Reservation, places: Sequence[Place]) -> Iterator[tuple[_Kind, str]]:
    if any(own.address in _taken(place) for place in places):
        yield _OURS, ""
    networks = _networks(places)
    here = next((network for network in networks if own.address in network), None)
    if here is None:
        yield _NOWHERE, ""
    elif own.prefix != here.prefixlen:
        yield _PREFIX, f"/{own.prefix}, in {here}"
    if any(_is_in_pool(own, subnet) for place in places for subnet in place.site.subnets):
        yield _IN_POOL, ""


def _taken(place: Place) -> set[IPv4Address]:
    """The server's own addresses, as far as they are known here."""
    return {place.site.server, place.own.ip} if place.here else {place.site.server}


def _networks(places: Sequence[Place]) -> dict[IPv4Network, None]:
    """Those that settings describe come first: they say most."""
    subnets = (each.network for place in places for each in place.site.subnets)
    links = (place.site.network for place in places if place.site.network)
    return dict.fromkeys((*subnets, *links))


def _is_in_pool(own: Reservation, subnet: Subnet) -> bool:
    return any(each.first <= own.address <= each.last for each in subnet.pool)


def _files(site: Site, machines: Iterable[Machine]) -> Iterator[Finding]:
    """Boot files and OSIE, for the CPUs and profiles that there are."""
    wanted: dict[Architecture, list[str]] = {}
    named: dict[str, list[str]] = {}
    osie: dict[str, list[str]] = {}
    for machine in machines:
        booting = [each for each in machine.interfaces if each.netboot.allowed and each.dhcp]
        if not booting:
            continue
        for architecture in _OF_CPUS.get(machine.cpu, ()):
            if not any(_has_own(each, architecture) for each in booting):
                wanted.setdefault(architecture, []).append(machine.name)
        for name in {name for each in booting for name in _names(each, site)} - {*site.files}:
            named.setdefault(name, []).append(machine.name)
        if any(_boots_osie(each, site) for each in booting):
            osie.setdefault(machine.cpu, []).append(machine.name)
    yield from _missing(site, wanted, named)
    yield from _without_osie(site, osie)


def _missing(
    site: Site, wanted: Mapping[Architecture, list[str]], named: Mapping[str, list[str]]
) -> Iterator[Finding]:
    """Boot files that are not there, by architecture and by name."""
    for architecture, who in wanted.items():
        name = site.boot_files.get(architecture)
        if name is None or name not in site.files:
            yield Finding(
                code="no-boot-file",
                severity=Severity.ERROR,
                title=f"there is no boot file for {architecture.value}"
                + (f": {name} is not installed" if name else ""),
                advice=_SOURCES.get(architecture, _FETCH),
                seen=tuple(_some(who)),
            )
    for name, who in named.items():
        package = _PACKAGES.get(name)
        yield Finding(
            code="no-boot-file",
            severity=Severity.ERROR,
            title=f"there is no boot file {name}, which records or profiles name",
            advice=f"install Debian's package {package}" if package else "put it into boot.files",
            seen=tuple(_some(who)),
        )


def _without_osie(site: Site, osie: Mapping[str, list[str]]) -> Iterator[Finding]:
    for cpu, who in osie.items():
        names = (OSIE.kernel, *OSIE.initrds)
        lacking = [name for each in names if (name := each.replace("{cpu}", cpu)) not in site.files]
        if lacking:
            yield Finding(
                code="no-osie",
                severity=Severity.ERROR,
                title=f"OSIE is not there for {cpu}: {', '.join(lacking)}",
                advice="run boots osie build, or name its folder in boot.osie",
                seen=tuple(_some(who)),
            )


def _names(interface: Interface, site: Site) -> Iterator[str]:
    """The boot files that its record and its profile name."""
    netboot = interface.netboot
    if netboot.boot_file:
        yield netboot.boot_file
    yield from netboot.boot_files.values()
    profile = site.profiles.get(netboot.profile or site.default_profile)
    if profile is not None:
        yield from profile.boot_files.values()


def _has_own(interface: Interface, architecture: Architecture) -> bool:
    """Whether its record names a boot file of its own, in place of the architecture's."""
    netboot = interface.netboot
    return bool(netboot.boot_file) or architecture in netboot.boot_files


def _boots_osie(interface: Interface, site: Site) -> bool:
    netboot = interface.netboot
    if netboot.script or netboot.script_url or netboot.osie_url:
        return False
    return (netboot.profile or site.default_profile) == OSIE.name


def _some(who: Sequence[str]) -> list[str]:
    """A few of many."""
    more = [f"and {len(who) - _SHOWN} more"] if len(who) > _SHOWN else []
    return [*who[:_SHOWN], *more]

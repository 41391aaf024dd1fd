"""The world as the answers see it: records, files and one site for each interface.

A `World` is a value.  Reloading makes a new one, whole, or keeps the old.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from boots.app import catalogue, profiles
from boots.machines import files
from boots.machines.fault import Fault
from boots.machines.files import Cache
from boots.machines.index import Index
from boots.model.site import OSIE, Hook, Profile, Site
from boots.policy.ladder import climb
from boots.settings import Settings


class Faulty(Exception):
    """Records or profiles hold mistakes; `faults` says which."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} mistakes")
        self.faults = list(faults)


@dataclass(frozen=True, slots=True)
class World:
    """What answers come from: the index, and the site behind each interface."""

    index: Index
    sites: Mapping[str, Site]


def build(settings: Settings, addresses: Mapping[str, IPv4Address], cache: Cache) -> World:
    """Read everything that answers come from.  `addresses` holds ours by interface.

    Raises:
        Faulty: some record or profile is wrong.
    """
    loaded = files.load([Path(path) for path in settings.machines], cache)
    known = {OSIE.name: OSIE}
    published = catalogue.boot_files(Path(folder) for folder in settings.boot.files)
    published |= catalogue.osie_files(Path(settings.boot.osie))
    faults = list(loaded.faults)
    if settings.boot.profiles:
        folder = Path(settings.boot.profiles)
        own, wrong = profiles.load(folder)
        faults += wrong
        for profile in own:
            known[profile.name], more = catalogue.profile_files(profile, folder)
            published |= more
    if faults:
        raise Faulty(faults)
    sites = {
        interface: site(settings, address, published, known)
        for interface, address in addresses.items()
    }
    return World(loaded.index, sites)


def site(
    settings: Settings,
    address: IPv4Address,
    published: Mapping[str, str],
    known: Mapping[str, Profile],
) -> Site:
    """The site behind one interface: every address and URL is derived from the interface's own."""
    server = IPv4Address(settings.address) if settings.address else address
    return Site(
        server=server,
        http_url=(settings.http.url or f"http://{server}:{settings.http.port}").rstrip("/"),
        tftp=IPv4Address(settings.tftp.address or server),
        tftp_port=settings.tftp.port,
        syslog=IPv4Address(settings.syslog.address or server) if settings.syslog.enabled else None,
        lease_time=settings.dhcp.lease_time,
        boot_files=climb(published),
        files=published,
        profiles=known,
        default_profile=settings.boot.profile,
        kernel_args=tuple(settings.boot.kernel_args),
        script_retries=settings.boot.retries,
        script_retry_delay=settings.boot.retry_delay,
        hook=Hook(
            grpc_authority=settings.hook.grpc_authority,
            tls=settings.hook.tls,
            insecure_tls=settings.hook.insecure_tls,
        ),
    )

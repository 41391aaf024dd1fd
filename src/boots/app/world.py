"""The world as the answers see it: records, files and one site for each interface.

A `World` is a value.  Reloading makes a new one, whole, or keeps the old.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path

from boots.app import catalogue, profiles, sites
from boots.app.sites import Offered
from boots.machines import files
from boots.machines.fault import Fault
from boots.machines.files import Cache
from boots.machines.index import Index
from boots.model.site import OSIE, Site
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


def build(settings: Settings, addresses: Mapping[str, IPv4Interface], cache: Cache) -> World:
    """Read everything that answers come from.  `addresses` holds ours by interface.

    Raises:
        Faulty: some record or profile is wrong.
        SettingsError: a subnet or an override is wrong.
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
    offered = Offered(files=published, profiles=known)
    return World(
        loaded.index,
        {
            interface: sites.make(settings, address, offered)
            for interface, address in addresses.items()
        },
    )

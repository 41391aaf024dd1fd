"""The world as the answers see it: records, files and one site for each interface.

A `World` is a value.  Reloading makes a new one, whole, or keeps the old.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Interface
from pathlib import Path

from boots.app import catalogue, leaked, profiles, quirks, rules, sites, tls, withheld
from boots.app.folders import patched_of
from boots.app.patched import with_patch
from boots.app.sites import Offered
from boots.documents.fault import Fault, Faulty
from boots.machines import files
from boots.machines.files import Cache
from boots.machines.index import Index
from boots.machines.kept import Kept, combined
from boots.model.quirk import Quirk
from boots.model.rule import Rule
from boots.model.site import OSIE, Profile, Site
from boots.policy.quirks import SHIPPED
from boots.settings import Settings

NO_KEY = b"not the key of any server"
"""Makes the tokens that are shown where no server runs."""


@dataclass(frozen=True, slots=True)
class World:
    """What answers come from: the index, and the site behind each interface.

    `files` is the index of the records in files alone, `left_out` what is left out of the
    store's, or gets no script, and why.  `rules` say which records machines without one would get.
    """

    index: Index
    sites: Mapping[str, Site]
    files: Index = field(default_factory=Index)
    left_out: tuple[Fault, ...] = ()
    rules: tuple[Rule, ...] = ()


def with_kept(world: World, kept: Kept) -> World:
    """The same world with the store's records as they are now."""
    index, faults = combined(world.files, kept)
    allowed = next((site.secrets_allowed for site in world.sites.values()), ())
    packs = (pack for portion in kept.portions() for pack in portion.packs)
    faults += leaked.found_in(packs, allowed)
    return replace(world, index=index, left_out=tuple(faults))


def build(
    settings: Settings,
    addresses: Mapping[str, IPv4Interface],
    cache: Cache,
    token_key: bytes = NO_KEY,
    kept: Kept | None = None,
    *,
    pin: str | None = None,
) -> World:
    """Read everything that answers come from.  `addresses` holds ours by interface.

    `token_key` makes the tokens of metadata URLs, `kept` holds the records of the store, `pin` is
    of the certificate that is shown, where that is not the one that is in its file by now.

    Raises:
        Faulty: some record, profile, quirk or rule is wrong.
        SettingsError: a subnet, an override or the patch of boot files is wrong.
    """
    boot = settings.boot
    loaded = files.load([Path(path) for path in settings.machines], cache)
    published = _published(settings)
    known, theirs, of_profiles = _profiles(boot.profiles, boot.secrets_allowed)
    own_quirks, of_quirks = _quirks(settings.dhcp.quirks)
    own_rules, of_rules = _rules(settings.enrol.rules)
    of_secrets = leaked.found(loaded.index, boot.secrets_allowed)
    faults = [*loaded.faults, *of_secrets, *of_profiles, *of_quirks, *of_rules]
    if faults:
        raise Faulty(faults)
    published = with_patch(published | theirs, boot.script_patch, patched_of(settings))
    offered = Offered(
        files=published,
        profiles=known,
        quirks=(*SHIPPED, *own_quirks),
        token_key=token_key,
        programs=catalogue.programs(published),
        pin=tls.pin(settings) if pin is None else pin,
        networks=tuple({each.network for each in addresses.values()}),
    )
    made = {
        interface: sites.make(settings, address, offered)
        for interface, address in addresses.items()
    }
    world = World(loaded.index, made, loaded.index, rules=own_rules)
    return with_kept(world, kept) if kept is not None else world


def _published(settings: Settings) -> dict[str, str]:
    """The files that are published besides those of profiles, by their names."""
    boot, own = settings.boot, withheld.of(settings)
    # An empty name is no folder: as a path it would be the one that the server was started in.
    osie, images = boot.osie and Path(boot.osie), boot.images and Path(boot.images)
    return {
        **catalogue.boot_files((Path(each) for each in boot.files if each), withheld=own),
        **(catalogue.osie_files(osie, own) if osie else {}),
        **(catalogue.image_files(images, own) if images else {}),
    }


def _quirks(place: str) -> tuple[tuple[Quirk, ...], list[Fault]]:
    return quirks.load(Path(place)) if place else ((), [])


def _rules(file: str) -> tuple[tuple[Rule, ...], list[Fault]]:
    return rules.load(Path(file)) if file else ((), [])


def _profiles(
    own: str, allowed: Sequence[str]
) -> tuple[dict[str, Profile], dict[str, str], list[Fault]]:
    """OSIE, the profiles we ship, those of a folder of one's own; their files; what is wrong."""
    known, published, faults = {OSIE.name: OSIE}, dict[str, str](), list[Fault]()
    folders = [Path(own)] if own else []
    for folder in (profiles.SHIPPED, *folders):
        found, wrong = profiles.load(folder, allowed)
        faults += wrong
        for profile in found:
            known[profile.name], more = catalogue.profile_files(profile, *folders, folder)
            published |= more
    return known, published, faults

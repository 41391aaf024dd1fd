"""What is doubtful about the settings: they can be read, but may not be what is meant."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from ipaddress import IPv4Interface
from pathlib import Path

from boots.app import withheld
from boots.app.sites import overrides
from boots.model.rule import Rule
from boots.model.site import Mode, Site
from boots.policy import hook
from boots.policy.programs import misfit
from boots.policy.templates import is_template
from boots.settings import Settings


def doubts(settings: Settings, site: Site) -> Iterator[str]:
    """Each as ``key: what will fail; what to do``; `site` is any of those that they make."""
    yield from _profiles(site)
    yield from _subnets(site)
    yield from _boot_files(settings, site)
    for folder in filter(None, settings.boot.files):
        if not Path(folder).is_dir():
            yield f"boot.files: there is no folder {folder}; make it, or mend boot.files"
        for own in withheld.of(settings).below(Path(folder)):
            yield (
                f"boot.files: {own} is the server's own, and no machine can fetch it; but all else"
                f" in {folder} can be fetched, so name a folder that has only boot files"
            )
    if site.user_class not in {"", "iPXE"} and not settings.boot.files:
        yield (
            f'boot.user_class: the installed iPXE is not "{site.user_class}" but "iPXE", and would'
            " load itself until it is held; name a folder with yours in boot.files"
        )
    if settings.http.key and not settings.http.certificate:
        yield "http.key: there is no http.certificate for it, so no HTTPS; name both"


def of_rules(rules: Sequence[Rule], site: Site, *, store: bool) -> Iterator[str]:
    """What would keep rules from ever making a record; `store` is whether there is one."""
    if not rules:
        return
    if not store and any(rule.auto for rule in rules):
        yield (
            "enrol.rules: records that are made by themselves are kept in the store, and there is"
            " none; write store.enabled = true, or enrol: ask"
        )
    if site.mode not in {Mode.POOL, Mode.AUTO_PROXY}:
        yield (
            f'enrol.rules: in the mode "{site.mode.value}" machines without a record are not'
            ' answered, so none is discovered; write dhcp.mode = "pool" or "auto-proxy"'
        )
    elif not site.unknown:
        yield (
            "enrol.rules: machines without a record boot nothing, so they tell nothing;"
            ' write boot.unknown = "osie"'
        )
    known = [*site.profiles, hook.NAME]
    for rule in rules:
        name = str(rule.record.get("profile") or "")
        if name and not is_template(name) and name not in known:
            close = get_close_matches(name, known, n=1)
            advice = f'did you mean "{close[0]}"?' if close else f"write one of {_listed(known)}"
            yield f'{rule.place}: "{rule.name}" names the profile "{name}", which is none; {advice}'


def _profiles(site: Site) -> Iterator[str]:
    """Names of profiles that do not exist: whoever boots them would stop at the script."""
    names = {"boot.profile": site.default_profile}
    if site.mode in {Mode.POOL, Mode.AUTO_PROXY}:
        names["boot.unknown"] = site.unknown
    known = [*site.profiles, hook.NAME]
    for key, name in names.items():
        if name and name not in known:
            close = get_close_matches(name, known, n=1)
            advice = f'did you mean "{close[0]}"?' if close else f"write one of {_listed(known)}"
            yield f'{key}: there is no profile "{name}"; {advice}'


def _boot_files(settings: Settings, site: Site) -> Iterator[str]:
    """Boot files for another kind of machine than those that would get them."""
    named = overrides(settings.boot.override)
    for architecture, name in site.boot_files.items():
        wrong = misfit(name, site.programs.get(name), architecture)
        if wrong is not None:
            key = "boot.override" if architecture in named else "boot.files"
            yield f"{key}: {wrong.why}, which would load it; put another in its place"
    for profile in site.profiles.values():
        for architecture, name in profile.boot_files.items():
            wrong = misfit(name, site.programs.get(name), architecture)
            if wrong is not None:
                yield (
                    f"profile {profile.name}: boot_files: {wrong.why}, which would load it;"
                    " name another"
                )


def _listed(known: list[str]) -> str:
    return ", ".join(sorted(known))


def _subnets(site: Site) -> Iterator[str]:
    if site.mode is Mode.POOL and not any(subnet.pool for subnet in site.subnets):
        yield (
            'dhcp.mode: "pool", and no pool: machines without a record get no address;'
            " write [[subnets]] with network and pool"
        )
    for subnet in site.subnets:
        if subnet.gateway is not None and subnet.gateway not in subnet.network:
            yield f'[[subnets]] "{subnet.network}": gateway {subnet.gateway} is outside; check both'
    for number, later in enumerate(site.subnets):
        for earlier in site.subnets[:number]:
            if later.network.subnet_of(earlier.network):
                yield (
                    f'[[subnets]] "{later.network}": never used, as "{earlier.network}" comes'
                    " before it; write the smaller network first"
                )


def of_neighbours(
    machines: int, addresses: Iterable[IPv4Interface], kept: int | None
) -> Iterator[str]:
    """Whether so many machines can be neighbours of ours, with these `addresses`, at once.

    The kernel drops what goes to a neighbour that it has no room for, and tells nobody.
    """
    near = min(machines, sum(own.network.num_addresses for own in addresses))
    if kept is not None and near > kept:
        yield (
            f"net.ipv4.neigh.default.gc_thresh3: the kernel keeps {kept} neighbours, and of"
            f" {near} machines without a router between many would get no files at once;"
            f" sysctl net.ipv4.neigh.default.gc_thresh3={_power_of_two(2 * near)}"
        )


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()


def of_certificate(settings: Settings, urls: Iterable[str]) -> Iterator[str]:
    """What firmware will not take of the certificate, if there is one, where clients use these."""
    if not settings.http.certificate:
        return
    from boots.app import certificate  # noqa: PLC0415  # cryptography takes long to load

    now = certificate.now()
    for url in urls:
        yield from map(str, certificate.doubts(settings, url, now))

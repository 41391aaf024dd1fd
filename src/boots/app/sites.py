"""From settings to sites: what this server offers behind each of its interfaces."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import TypeVar

from boots import settings as given
from boots.documents.fault import Wrong, field_name
from boots.documents.node import Node
from boots.machines import extra
from boots.model.machine import Architecture
from boots.model.quirk import Quirk
from boots.model.site import Hook, Iso, Mode, Profile, Range, Site, Subnet
from boots.policy import leaks
from boots.policy.client import ARCHITECTURES
from boots.policy.ladder import climb
from boots.policy.leaks import secret_in
from boots.settings import Settings, SettingsError

T = TypeVar("T", IPv4Address, IPv4Network)

_LARGEST_POOL = 1 << 18  # who makes machines up could have us remember each of its addresses
_SEPARATORS = {"colons": ":", "dashes": "-", "dots": ".", "plain": ""}


@dataclass(frozen=True, slots=True)
class Offered:
    """What all sites have in common besides the settings: what was read from files."""

    files: Mapping[str, str]
    profiles: Mapping[str, Profile]
    quirks: tuple[Quirk, ...] = ()
    token_key: bytes = b""
    programs: Mapping[str, Architecture] = field(default_factory=dict)
    pin: str = ""
    networks: tuple[IPv4Network, ...] = ()


def make(settings: Settings, own: IPv4Interface, offered: Offered) -> Site:
    """The site behind one interface: every address and URL is derived from the interface's own.

    Raises:
        SettingsError: a subnet, an override or an address cannot be read.
    """
    for text in settings.boot.kernel_args:
        why = secret_in(text, settings.boot.secrets_allowed)
        if why:
            raise SettingsError(f"boot.kernel_args: {why}; {leaks.ADVICE}")
    server = IPv4Address(settings.address) if settings.address else own.ip
    url = (settings.http.url or f"http://{server}:{settings.http.port}").rstrip("/")
    return Site(
        server=server,
        http_url=url,
        pin=offered.pin if url.startswith("https://") else "",
        tftp=IPv4Address(settings.tftp.address or server),
        tftp_port=settings.tftp.port,
        syslog=IPv4Address(settings.syslog.address or server) if settings.syslog.enabled else None,
        mode=Mode(settings.dhcp.mode),
        shadow=settings.dhcp.shadow,
        authoritative=settings.dhcp.authoritative,
        lease_time=settings.dhcp.lease_time,
        netboot_lease_time=settings.dhcp.netboot_lease_time,
        network=own.network,
        networks=(*offered.networks, *_further(settings)),
        subnets=tuple(subnet(each) for each in settings.subnets),
        quirks=offered.quirks,
        boot_files=climb(offered.files, overrides(settings.boot.override)),
        files=offered.files,
        programs=offered.programs,
        profiles=offered.profiles,
        default_profile=settings.boot.profile,
        unknown=settings.boot.unknown,
        user_class=settings.boot.user_class,
        mac_separator=_SEPARATORS[settings.boot.mac_form],
        kernel_args=tuple(settings.boot.kernel_args),
        script_retries=settings.boot.retries,
        script_retry_delay=settings.boot.retry_delay,
        hook=_hook(settings.hook),
        secrets_allowed=tuple(settings.boot.secrets_allowed),
        any_address=settings.boot.any_address,
        iso=Iso(
            enabled=settings.iso.enabled,
            url=settings.iso.url,
            placeholder=settings.iso.placeholder.encode(),
            static_ipam=settings.iso.static_ipam,
        ),
        token_key=offered.token_key if settings.metadata.enabled else b"",
        metadata_by_address=settings.metadata.by_address,
        ticket_key=offered.token_key if settings.store.enabled else b"",
    )


def _further(settings: Settings) -> Iterator[IPv4Network]:
    """Networks of machines, relays and proxies besides those of our interfaces and subnets."""
    named = given.networks("networks", settings.networks)
    for each in (*named, *given.trusted_proxies(settings)):
        if isinstance(each, IPv4Network):
            yield each


def _hook(hook: given.Hook) -> Hook:
    return Hook(
        release=int(hook.release),
        url=hook.url,
        kernel=hook.kernel,
        initrd=hook.initrd,
        syslog=hook.syslog,
        grpc_authority=hook.grpc_authority,
        tls=hook.tls,
        insecure_tls=hook.insecure_tls,
    )


def overrides(words: list[str]) -> dict[Architecture, str]:
    """Boot files by architecture, from ``x64-uefi=NAME`` and ``7=NAME``.

    Raises:
        SettingsError: a word is neither.
    """
    names = {each.value: each for each in Architecture}
    numbers = {str(int(code)): each for code, each in ARCHITECTURES.items()}
    found = {}
    for text in words:
        architecture, _, file = text.partition("=")
        known = names.get(architecture) or numbers.get(architecture)
        if known is None or not file:
            raise SettingsError(
                f'boot.override = "{text}" will not do; write ARCHITECTURE=FILE,'
                f" with one of {', '.join(names)}, or a number of option 93"
            )
        found[known] = file
    return found


def subnet(said: given.Subnet) -> Subnet:
    """A subnet as the settings describe it.

    Raises:
        SettingsError: an address is none, or a pool leaves its network.
    """
    where = f'[[subnets]] "{said.network}"'
    network = _read(IPv4Network, said.network, where, "network", "192.168.1.0/24")
    return Subnet(
        network=network,
        gateway=_address(said.gateway, where, "gateway") if said.gateway else None,
        name_servers=tuple(_address(each, where, "name_servers") for each in said.name_servers),
        ntp_servers=tuple(_address(each, where, "ntp_servers") for each in said.ntp_servers),
        domain=said.domain,
        search=tuple(said.search),
        lease_time=said.lease_time,
        pool=tuple(_ranges(said.pool, network, where)),
        options=_options(said.options, where),
    )


def _options(said: Mapping[str, str | int], where: str) -> dict[int, bytes]:
    try:
        return extra.options(Node(dict(said), ("options",)))
    except Wrong as wrong:
        field = field_name(wrong.path)
        raise SettingsError(f"{where}: {field}: {wrong.problem}; {wrong.advice}") from None


def _read(kind: type[T], text: str, where: str, key: str, example: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise SettingsError(f'{where}: {key} = "{text}" will not do; write {example}') from None


def _address(text: str, where: str, key: str) -> IPv4Address:
    return _read(IPv4Address, text, where, key, "an address, like 192.168.1.1")


def _ranges(texts: list[str], network: IPv4Network, where: str) -> Iterator[Range]:
    for text in texts:
        first, _, last = text.partition("-")
        example = "FIRST-LAST, like 192.168.1.100-192.168.1.199"
        found = Range(
            first=_read(IPv4Address, first.strip(), where, "pool", example),
            last=_read(IPv4Address, (last or first).strip(), where, "pool", example),
        )
        if found.first not in network or found.last not in network or found.last < found.first:
            raise SettingsError(
                f'{where}: pool = "{text}" is no range of {network}; write {example}, within it'
            )
        if int(found.last) - int(found.first) >= _LARGEST_POOL:
            raise SettingsError(
                f'{where}: pool = "{text}" has more than {_LARGEST_POOL} addresses;'
                " write the range that is in use"
            )
        yield found

"""What no type can say of a value: its bounds, addresses, URLs, networks."""

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network

from boots.settings.errors import SettingsError
from boots.settings.keys import value_of
from boots.settings.words import Settings

# Numbers that must lie within bounds: port 0 lets the kernel choose, which tests use.
_BOUNDS: Mapping[str, tuple[int, int]] = {
    "workers": (0, 1024),
    "dhcp.port": (0, 65_535),
    "drain": (0, 3_600),
    "tftp.port": (0, 65_535),
    "http.port": (0, 65_535),
    "syslog.port": (0, 65_535),
    "dhcp.lease_time": (60, 0xFFFFFFFF),
    "dhcp.netboot_lease_time": (60, 0xFFFFFFFF),
    "dhcp.proxy_port": (0, 65_535),
    "http.https_port": (0, 65_535),
    "boot.loop_limit": (0, 100_000),
    "boot.loop_window": (1, 31_536_000),
    "tftp.largest_block": (0, 65_464),
    "dhcp.strangers": (1, 1_000_000),
    "tftp.strangers": (1, 1_000_000),
    "http.connections": (16, 1_000_000),
    "boot.retries": (0, 1000),
    "boot.retry_delay": (0, 600),
    "log.lines": (0, 1_000_000),
    "operator.port": (0, 65_535),
    "store.keep_days": (1, 36_500),
    "store.keep_audit_days": (1, 36_500),
    "store.keep_events": (100, 1_000_000_000),
    "store.poll": (1, 3_600),
    "workflow.most_writing": (1, 100_000),
    "workflow.hours": (1, 8_760),
}

_ROLES = ("viewer", "operator", "admin")
_PLAIN_URL = re.compile(r"[A-Za-z0-9:/._~\[\]-]+")


def check(settings: Settings) -> None:
    """See whether these values can be.

    Raises:
        SettingsError: one is out of bounds, or is not what it should be.
    """
    for key, (least, most) in _BOUNDS.items():
        value = value_of(settings, key)
        if not least <= value <= most:
            raise SettingsError(f"{key} = {value} is out of range; write {least} to {most}")
    for key, text in (
        ("address", settings.address),
        ("tftp.address", settings.tftp.address),
        ("syslog.address", settings.syslog.address),
        ("operator.address", settings.operator.address),
        *(("dhcp.friends", friend) for friend in settings.dhcp.friends),
    ):
        try:
            if text:
                IPv4Address(text)
        except ValueError:
            raise SettingsError(f'{key} = "{text}" is no IPv4 address') from None
    clients(settings)
    url = settings.http.url
    if url and not (url.startswith(("http://", "https://")) and _PLAIN_URL.fullmatch(url)):
        raise SettingsError(f'http.url = "{url}" will not do; write it like http://boots.example')


def clients(settings: Settings) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """The names, roles and machines of ``operator.clients``.

    Raises:
        SettingsError: one cannot be read.
    """
    found = []
    for text in settings.operator.clients:
        name, role, *machines = text.split() if len(text.split()) > 1 else ("", "")
        if role not in _ROLES or (role == "admin" and machines):
            raise SettingsError(
                f'operator.clients: "{text}" will not do; write NAME ROLE, like'
                f" ci.example operator, with a role of {', '.join(_ROLES)},"
                " and behind those two patterns of machines for some only, but for an admin"
            )
        found.append((name, role, tuple(machines)))
    return tuple(found)


def trusted_proxies(settings: Settings) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of ``http.trusted_proxies``; an address is a network of its own.

    Raises:
        SettingsError: one cannot be read.
    """
    return networks("http.trusted_proxies", settings.http.trusted_proxies)


def networks(key: str, texts: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks that a key of the settings names.

    Raises:
        SettingsError: one cannot be read.
    """
    found = []
    for text in texts:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:
            raise SettingsError(
                f'{key}: "{text}" will not do; write a network like 10.0.0.0/8, or an address'
            ) from None
    return tuple(found)

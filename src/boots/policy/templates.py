"""Templates: files that a profile has rendered for each machine, and values in its arguments.

Jinja2 in its sandbox, with nothing undefined let through and bounds on what a template may make.
There are two kinds.  In plain text, values stand as they are, and filters quote them: ``tojson``
(JSON, and so YAML), ``shell``, ``line``.  In iPXE scripts and kernel arguments every value is one
word that iPXE reads as nothing else, or the template cannot be rendered; ``words`` allows several.
"""

import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from boots.model.mac import dashed
from boots.model.machine import Known, Machine, Reservation
from boots.model.site import Profile, Site
from boots.policy import token

_SECRETIVE = frozenset({"values", "metadata", "record", "token_url", "nocloud"})


class Broken(ValueError):
    """A template cannot be rendered; the text says why, `line` where (from 1; 0: unknown)."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.line = line

    def within(self, name: str) -> str:
        """The whole story, of the template called so."""
        return f"{name}, line {self.line}: {self}" if self.line else f"{name}: {self}"


def check(source: str) -> None:
    """See whether a text is a template at all.

    Raises:
        Broken: it is none.
    """
    from boots.policy import rendering  # noqa: PLC0415  # most starts need no Jinja2

    rendering.check(source)


def names(source: str) -> set[str]:
    """The names that a template wants to be given.

    Raises:
        Broken: it is none.
    """
    from boots.policy import rendering  # noqa: PLC0415  # as above

    return rendering.names(source)


@functools.lru_cache(maxsize=512)
def may_tell(source: str) -> bool:
    """Whether a template names what may hold secrets of a machine."""
    try:
        return is_template(source) and not _SECRETIVE.isdisjoint(names(source))
    except Broken:
        return True  # what it says of itself then is for the machine's own screen


def is_template(text: str) -> bool:
    """Whether there is anything to render in a text."""
    return "{{" in text or "{%" in text


def render(source: str, variables: Mapping[str, Any], *, ipxe: bool = False) -> str:
    """The text that a template makes of these variables; with `ipxe` no value can bend it.

    Raises:
        Broken: it is no template, or cannot be rendered with these.
    """
    from boots.policy import rendering  # noqa: PLC0415  # as above

    return rendering.render(source, variables, ipxe=ipxe)


def variables(profile: Profile, known: Known, site: Site) -> dict[str, Any]:
    """What templates may name; ``docs/reference/profiles.md`` explains each.

    What is not known of the machine is empty, and not undefined.
    """
    machine, interface, about = known.machine, known.interface, known.machine.metadata
    url = f"{site.http_url}/{known.mac}"
    token_url = token.url(known, site)
    return {
        "machine": {
            "name": machine.name,
            "cpu": machine.cpu,
            "facility": machine.facility,
            "agent_id": machine.agent_id,
        },
        "interface": {"mac": known.mac, "dashed": dashed(known.mac), "vlan": interface.vlan},
        **_network(interface.reservation),
        "values": dict(about.values),
        "metadata": {
            "instance_id": about.instance_id,
            "user_data": about.user_data,
            "vendor_data": about.vendor_data,
            "ssh_keys": list(about.ssh_keys),
            "tags": list(about.tags),
            "plan": about.plan,
        },
        "record": _record(machine),
        "url": url,
        "files": f"{url}/profiles/{profile.name}",
        "token_url": token_url,
        "nocloud": f"{token_url}/nocloud/" if token_url else "",
        "site": {
            "server": str(site.server),
            "url": site.http_url,
            "syslog": str(site.syslog or ""),
        },
    }


def _record(machine: Machine) -> Any:
    """The record, but for what opens the machine's BMC: that is no business of who boots."""
    written = msgspec.json.decode(bytes(machine.record) or b"{}")
    if isinstance(written, dict):
        written.pop("bmc", None)
    return written


def _network(own: Reservation | None) -> dict[str, Any]:
    return {
        "address": str(own.address) if own else "",
        "prefix": own.prefix if own else 0,
        "netmask": str(own.netmask) if own else "",
        "gateway": str(own.gateway or "") if own else "",
        "name_servers": [str(each) for each in own.name_servers] if own else [],
        "ntp_servers": [str(each) for each in own.ntp_servers] if own else [],
        "host_name": own.host_name if own else "",
        "domain": own.domain if own else "",
        "search": list(own.search) if own else [],
        "routes": [
            {"to": str(route.network), "via": str(route.router)}
            for route in (own.routes if own else ())
        ],
    }

"""Where it is looked: one interface, and what the settings say of the server there."""

from dataclasses import dataclass
from ipaddress import IPv4Interface

from boots.model.site import Site


@dataclass(frozen=True, slots=True)
class Place:
    """An interface of this host, its address, and the site that should be there.

    `here` says that the server runs on this host, or should; else it is asked from outside.
    """

    interface: str
    own: IPv4Interface
    site: Site
    here: bool

"""A DHCP request with everything that its answer depends on."""

from dataclasses import dataclass

from boots.model.machine import Known
from boots.model.site import Site
from boots.policy.client import Client
from boots.wire.dhcp import Message


@dataclass(frozen=True, slots=True)
class Asked:
    """The message, the program that sent it, the machine it runs on, and the site it reached."""

    message: Message
    client: Client
    known: Known
    site: Site

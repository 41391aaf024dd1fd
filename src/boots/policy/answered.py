"""What a DHCP message gets."""

from dataclasses import dataclass

from boots.policy.boot import Decision, Load
from boots.policy.client import Client
from boots.policy.destination import Destination
from boots.policy.leaks import told_url
from boots.wire.dhcp import Message


@dataclass(frozen=True, slots=True)
class Answer:
    """What a DHCP message gets, and why.  `reply` and `to` are None when it gets silence.

    `address_why` says how the address was found, `decision` what to boot; either is absent where
    it was not asked for.  `limit` is how many bytes of DHCP the client can take.
    """

    why: str
    client: Client | None = None
    reply: Message | None = None
    to: Destination | None = None
    decision: Decision | None = None
    address_why: str = ""
    limit: int | None = None

    @property
    def boot_file(self) -> str:
        """The URL that it says to load, as anybody may be told it; empty for none."""
        return told_url(self.decision.url) if isinstance(self.decision, Load) else ""

"""ProxyDHCP: boot answers beside somebody else's DHCP server (PXE specification 2.1 §2.2)."""

from boots.policy.answered import Answer
from boots.policy.asked import Asked


def answer(asked: Asked, *, port_4011: bool) -> Answer:
    """What a message gets from a server that gives no addresses."""
    where = "port 4011" if port_4011 else "proxyDHCP"
    return Answer(f"nothing is answered at {where}", asked.client)

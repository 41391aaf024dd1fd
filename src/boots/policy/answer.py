"""One DHCP message in, one answer out: the five kinds of request that a server hears."""

from boots.model.machine import Known
from boots.model.site import Site
from boots.policy import proxy as proxies
from boots.policy import reply
from boots.policy.address import Assignment, Denial, NoAddress, assign
from boots.policy.answered import Answer
from boots.policy.asked import Asked
from boots.policy.boot import Decision, decide
from boots.policy.client import Client
from boots.policy.destination import destination
from boots.policy.fitting import size_limit
from boots.policy.subnet import outside
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

__all__ = ["Answer", "answer"]


def answer(
    message: Message, client: Client | None, known: Known | None, site: Site, *, proxy: bool = False
) -> Answer:
    """What this message gets.  `client` is from `boots.policy.client.from_dhcp`.

    With `proxy` it came to the port for boot questions alone (4011).

    RELEASE and DECLINE get no answer by RFC 2131 §4.3; the journal hears of them.
    """
    if client is None:
        return Answer("not a request of an Ethernet client")
    if message.kind is None:
        return Answer("BOOTP without DHCP is not served", client)
    if message.kind not in {MessageType.DISCOVER, MessageType.REQUEST, MessageType.INFORM}:
        return Answer(f"{message.kind.name} gets no answer", client)
    if known is None:
        return Answer("no record has this MAC", client)
    if proxy or site.mode.proxies:
        return proxies.answer(Asked(message, client, known, site), port_4011=proxy)
    if not known.interface.dhcp:
        return Answer("DHCP is off for this interface", client)
    why = outside(message, site, known.interface.reservation)
    if why:
        return Answer(why, client)
    asked = Asked(message, client, known, site)
    if message.kind is MessageType.INFORM:
        decision = decide(client, known, site)
        whole = reply.inform_ack(asked, decision)
        return _send(asked, whole, decision.why, decision)
    return _address(asked)


def _address(asked: Asked) -> Answer:
    assignment = assign(asked)
    match assignment:
        case NoAddress(why):
            return Answer(why, asked.client)
        case Denial(why):
            return _send(asked, reply.nak(asked, why), why)
        case Assignment():
            decision = decide(asked.client, asked.known, asked.site)
            whole = reply.offer_or_ack(asked, assignment, decision)
            return _send(asked, whole, decision.why, decision, assignment.why)


def _send(
    asked: Asked, whole: Message, why: str, decision: Decision | None = None, address_why: str = ""
) -> Answer:
    return Answer(
        why=why,
        client=asked.client,
        reply=whole,
        to=destination(asked, whole),
        decision=decision,
        address_why=address_why,
        limit=size_limit(asked.message),
    )

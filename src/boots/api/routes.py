"""All that the API can be asked, as a table; the listener, OpenAPI and the reference read it."""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from boots.api import happened, machines, others
from boots.api.asked import Asked, Handler
from boots.api.desk import Desk
from boots.api.reading import Param
from boots.api.streams import Feed, Outbox
from boots.client import words
from boots.client.words import Role
from boots.model.order import Order
from boots.timeline.words import Boot, State

MIB = 1 << 20
TEXT, PCAP = "text/plain", "application/vnd.tcpdump.pcap"


class Tag(enum.Enum):
    """What an answer's ETag is made of."""

    NONE = "none"
    CONTENT = "content"
    REVISION = "revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One thing that can be asked.

    `name` is that of the client's method, and the ``operationId``.  It `takes` a body of that
    kind, of `largest` bytes at most; `spare` says that there need be none.  It `gives` that kind,
    or what is of that media type, or None: nothing.  `role` is None where nobody need be known.
    `feed` is there in place of `handler` for what streams; `gives` is then what each event has.
    With `once` an ``Idempotency-Key`` is heeded, with `matched` ``If-Match``.
    """

    method: str
    path: str
    name: str
    role: Role | None
    summary: str
    handler: Handler | None = None
    feed: Callable[[Desk, Asked], tuple[Feed, Outbox]] | None = None
    takes: type[msgspec.Struct] | None = None
    spare: bool = False
    largest: int = MIB
    gives: type[msgspec.Struct] | str | None = None
    status: int = 200
    query: tuple[Param, ...] = ()
    tag: Tag = Tag.NONE
    once: bool = False
    matched: bool = False
    refuses: tuple[int, ...] = ()


def _limit(usual: int) -> Param:
    return Param("limit", usual, "how many rows a page has", least=1, most=1000)


_AFTER = Param("after", "", "go on after this row: `next` of the page before")
_STATES = tuple(state.value for state in State)
_STATE = Param("state", "", "only those in this state", words=_STATES)
_KEY = Param("key", "", "only those of this machine or MAC")
_KIND = Param("kind", "", "only events of this class, like `ScriptServed`")
_INTERFACE = Param("interface", "", "the interface of ours it asks on; the first without one")
_BOOTS = (Param("state", "", "only boots in this state", words=_STATES), _AFTER, _limit(50))
_EVENTS = (
    _KEY,
    _KIND,
    Param("since", 0.0, "only those at this moment or later"),
    Param("until", 0.0, "only those before this moment"),
    Param("after", 0, "go on after the event of this id"),
    Param("latest", False, "the last ones of those that match, in place of the first"),
    _limit(200),
)

TABLE: Sequence[Route] = (
    Route(
        method="GET",
        path="/v1/health",
        name="health",
        role=Role.VIEWER,
        summary="How this server is, and what troubles it",
        handler=others.health,
        gives=words.Health,
    ),
    Route(
        method="GET",
        path="/v1/me",
        name="me",
        role=Role.VIEWER,
        summary="Who asks, and what they may",
        handler=others.me,
        gives=words.Me,
    ),
    Route(
        method="GET",
        path="/v1/machines",
        name="machines",
        role=Role.VIEWER,
        summary="Machines by name",
        handler=machines.listed,
        gives=words.Machines,
        query=(
            Param("q", "", "only those with this text in name, MAC or address"),
            _STATE,
            _AFTER,
            _limit(100),
        ),
        tag=Tag.CONTENT,
    ),
    Route(
        method="POST",
        path="/v1/machines",
        name="create",
        role=Role.OPERATOR,
        summary="Keep a new record: our short form, or a Tinkerbell Hardware object",
        handler=machines.created,
        takes=words.NewMachine,
        gives=words.Machine,
        status=201,
        tag=Tag.REVISION,
        once=True,
        refuses=(409,),
    ),
    Route(
        method="GET",
        path="/v1/machines/stream",
        name="follow_machines",
        role=Role.VIEWER,
        summary="Machines' lines as they change",
        feed=machines.changing,
        gives=words.MachineLine,
    ),
    Route(
        method="GET",
        path="/v1/machines/{key}",
        name="machine",
        role=Role.VIEWER,
        summary="All of one machine; viewers see no passwords and user data",
        handler=machines.one,
        gives=words.Machine,
        tag=Tag.REVISION,
    ),
    Route(
        method="PUT",
        path="/v1/machines/{key}",
        name="replace",
        role=Role.OPERATOR,
        summary="Change a record that was made here",
        handler=machines.replaced,
        takes=words.NewMachine,
        gives=words.Machine,
        tag=Tag.REVISION,
        matched=True,
        refuses=(409,),
    ),
    Route(
        method="DELETE",
        path="/v1/machines/{key}",
        name="remove",
        role=Role.OPERATOR,
        summary="Forget a record that was made here",
        handler=machines.removed,
        status=204,
        matched=True,
        refuses=(409,),
    ),
    Route(
        method="PUT",
        path="/v1/machines/{key}/order",
        name="order",
        role=Role.OPERATOR,
        summary="Order its next boots over its record: netboot on, off or once, and a profile",
        handler=machines.ordered,
        takes=words.NewOrder,
        gives=Order,
    ),
    Route(
        method="DELETE",
        path="/v1/machines/{key}/order",
        name="withdraw",
        role=Role.OPERATOR,
        summary="Have the record alone count again",
        handler=machines.withdrawn,
        status=204,
    ),
    Route(
        method="POST",
        path="/v1/machines/{key}/provision",
        name="provision",
        role=Role.OPERATOR,
        summary="Run a profile once: order it, and switch the power where there is a BMC",
        handler=machines.provisioned,
        takes=words.Provision,
        gives=words.Provisioned,
        once=True,
        refuses=(409, 502),
    ),
    Route(
        method="GET",
        path="/v1/machines/{key}/power",
        name="power",
        role=Role.VIEWER,
        summary="How its power is, as its BMC says",
        handler=machines.power,
        gives=words.Power,
        refuses=(409, 502),
    ),
    Route(
        method="POST",
        path="/v1/machines/{key}/power",
        name="switch",
        role=Role.OPERATOR,
        summary="Have its BMC switch it on or off, off and on, or on from the network",
        handler=machines.switched,
        takes=words.NewPower,
        gives=words.Power,
        once=True,
        refuses=(409, 502),
    ),
    Route(
        method="GET",
        path="/v1/machines/{key}/explain",
        name="explain_machine",
        role=Role.VIEWER,
        summary="What it would get, and why",
        handler=machines.explained,
        gives=words.Explained,
        query=(_INTERFACE,),
    ),
    Route(
        method="GET",
        path="/v1/machines/{key}/files/{name...}",
        name="rendered",
        role=Role.OPERATOR,
        summary="A script or file as it would get it now; it may hold secrets",
        handler=machines.rendered,
        gives=TEXT,
    ),
    Route(
        method="GET",
        path="/v1/machines/{key}/packets",
        name="packets",
        role=Role.VIEWER,
        summary="Its latest DHCP messages, decoded",
        handler=happened.packets,
        gives=words.Packets,
    ),
    Route(
        method="GET",
        path="/v1/machines/{key}/capture",
        name="capture",
        role=Role.VIEWER,
        summary="The same as a pcap file",
        handler=happened.capture,
        gives=PCAP,
    ),
    Route(
        method="GET",
        path="/v1/machines/{key}/boots",
        name="boots_of",
        role=Role.VIEWER,
        summary="Its boots, the latest first",
        handler=happened.boots,
        gives=words.Boots,
        query=_BOOTS,
        tag=Tag.CONTENT,
    ),
    Route(
        method="GET",
        path="/v1/explain/{mac}",
        name="explain",
        role=Role.VIEWER,
        summary="What a MAC would get, with a record or without, and why",
        handler=machines.explained_mac,
        gives=words.Explained,
        query=(_INTERFACE,),
    ),
    Route(
        method="GET",
        path="/v1/boots",
        name="boots",
        role=Role.VIEWER,
        summary="All boots, the latest first",
        handler=happened.boots,
        gives=words.Boots,
        query=(_KEY, *_BOOTS),
        tag=Tag.CONTENT,
    ),
    Route(
        method="GET",
        path="/v1/boots/{id}",
        name="boot",
        role=Role.VIEWER,
        summary="One boot, step by step",
        handler=happened.boot,
        gives=Boot,
    ),
    Route(
        method="GET",
        path="/v1/events",
        name="events",
        role=Role.VIEWER,
        summary="Events in their order",
        handler=happened.events,
        gives=words.Events,
        query=_EVENTS,
    ),
    Route(
        method="GET",
        path="/v1/events/stream",
        name="follow_events",
        role=Role.VIEWER,
        summary="Events as they happen",
        feed=happened.happening,
        gives=words.EventLine,
        query=(
            _KEY,
            _KIND,
            Param("after", -1, "first those after this id that are kept", least=0),
        ),
    ),
    Route(
        method="GET",
        path="/v1/profiles",
        name="profiles",
        role=Role.VIEWER,
        summary="What machines can run",
        handler=others.profiles,
        gives=words.Profiles,
        tag=Tag.CONTENT,
    ),
    Route(
        method="GET",
        path="/v1/discovered",
        name="discovered",
        role=Role.VIEWER,
        summary="Machines without a record that were heard of",
        handler=others.discovered,
        gives=words.DiscoveredList,
        tag=Tag.CONTENT,
    ),
    Route(
        method="POST",
        path="/v1/discovered/{mac}",
        name="adopt",
        role=Role.OPERATOR,
        summary="Give one of them a record: this one, or without a body what its rule makes",
        handler=machines.adopted,
        takes=words.NewMachine,
        spare=True,
        gives=words.Machine,
        status=201,
        tag=Tag.REVISION,
        once=True,
        refuses=(409,),
    ),
    Route(
        method="GET",
        path="/v1/foreign",
        name="foreign",
        role=Role.VIEWER,
        summary="Other DHCP servers that were heard",
        handler=others.foreign,
        gives=words.ForeignServers,
        tag=Tag.CONTENT,
    ),
    Route(
        method="GET",
        path="/v1/leases",
        name="leases",
        role=Role.VIEWER,
        summary="Addresses of the pools that are leased",
        handler=others.leases,
        gives=words.Leases,
        tag=Tag.CONTENT,
    ),
    Route(
        method="GET",
        path="/v1/tokens",
        name="tokens",
        role=Role.ADMIN,
        summary="All tokens, without their secrets",
        handler=others.tokens,
        gives=words.Tokens,
    ),
    Route(
        method="POST",
        path="/v1/tokens",
        name="make_token",
        role=Role.ADMIN,
        summary="Make a token; its secret is said this once",
        handler=others.token,
        takes=words.NewToken,
        gives=words.MadeToken,
        status=201,
        refuses=(409,),
    ),
    Route(
        method="DELETE",
        path="/v1/tokens/{id}",
        name="drop_token",
        role=Role.ADMIN,
        summary="Take a token away",
        handler=others.token_dropped,
        status=204,
    ),
    Route(
        method="POST",
        path="/v1/plan",
        name="plan",
        role=Role.OPERATOR,
        summary="What answers would change with these records",
        handler=others.plan,
        takes=words.NewPlan,
        largest=16 * MIB,
        gives=words.Plan,
    ),
)

FORMS: Mapping[str, str] = {
    "key": "a machine's name, or a MAC of its",
    "mac": "a MAC, in any usual form",
    "id": "as the list has it",
    "name": "the file's name, slashes and all",
}
"""What the named parts of paths are."""

"""A typed client of the operator's API: a method for each thing that can be asked."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from boots.client import words
from boots.client.connecting import Answered, ApiError, Connecting, NoServer
from boots.client.stream import Broken, Sent, sent
from boots.client.words import EventLine, Machine, MachineLine
from boots.model.order import Netboot, Order
from boots.timeline.words import Boot, Word

T = TypeVar("T")
DEFAULT = "http://127.0.0.1:8081"
_SILENCE = 45.0  # seconds; a server gives a sign of life each 15
_PASSING = {429, 500, 502, 503, 504}  # what may be otherwise the next time
_BACK = (0.5, 1.0, 2.0, 5.0)  # seconds to wait before a stream is asked for again


class Client:
    """Talks to one server.  All methods raise `ApiError` and `NoServer`.

    `ca` is a PEM file of certificates to trust, `own` one with the server's own, which then alone
    will do; `timeout` in seconds.  Machines are named by their name, or a MAC of theirs.
    """

    def __init__(
        self,
        url: str = DEFAULT,
        token: str = "",
        ca: str = "",
        *,
        own: str = "",
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connecting = Connecting(url, token, ca, own, timeout)
        self._sleep = sleep
        self.url = self._connecting.url

    # --- the server

    def health(self) -> words.Health:
        """How the server is."""
        return self._get("/v1/health", words.Health)

    def me(self) -> words.Me:
        """Who we are to the server."""
        return self._get("/v1/me", words.Me)

    def openapi(self) -> dict[str, Any]:
        """The description of all that can be asked."""
        return self._get("/v1/openapi.json", dict[str, Any])

    # --- machines

    def machines(
        self, *, text: str = "", state: str = "", after: str = "", limit: int = 100
    ) -> words.Machines:
        """A page of machines by name."""
        query = {"q": text, "state": state, "after": after, "limit": limit}
        return self._get("/v1/machines", words.Machines, query)

    def all_machines(self, *, text: str = "", state: str = "") -> Iterator[MachineLine]:
        """All machines by name, page by page."""
        after = ""
        while True:
            page = self.machines(text=text, state=state, after=after, limit=1000)
            yield from page.machines
            if not page.next:
                return
            after = page.next

    def machine(self, key: str) -> Machine:
        """All of one machine."""
        return self._get(_machine(key), Machine)

    def create(self, record: Any, *, once: str = "") -> Machine:
        """Keep a new record; asked again with the same word in `once`, nothing is done."""
        body = words.NewMachine(record=record)
        return self._send("POST", "/v1/machines", body, Machine, _once(once))

    def replace(self, key: str, record: Any, *, revision: int | None = None) -> Machine:
        """Change a record; with `revision` only if it is still at that one."""
        body = words.NewMachine(record=record)
        return self._send("PUT", _machine(key), body, Machine, _revision(revision))

    def remove(self, key: str, *, revision: int | None = None) -> None:
        """Forget a record; with `revision` only if it is still at that one."""
        self._ask("DELETE", _machine(key), headers=_revision(revision))

    def order(self, key: str, netboot: Netboot, profile: str = "") -> Order:
        """Order its next boots over its record."""
        body = words.NewOrder(netboot=netboot, profile=profile)
        return self._send("PUT", f"{_machine(key)}/order", body, Order)

    def withdraw(self, key: str) -> None:
        """Have the record alone count again."""
        self._ask("DELETE", f"{_machine(key)}/order")

    def provision(
        self, key: str, profile: str, *, power: bool = True, once: str = ""
    ) -> words.Provisioned:
        """Run a profile once."""
        body = words.Provision(profile=profile, power=power)
        path = f"{_machine(key)}/provision"
        return self._send("POST", path, body, words.Provisioned, _once(once))

    def power(self, key: str) -> words.Power:
        """How its power is."""
        return self._get(f"{_machine(key)}/power", words.Power)

    def switch(self, key: str, action: words.PowerAction, *, once: str = "") -> words.Power:
        """Have its BMC do something."""
        body = words.NewPower(action=action)
        return self._send("POST", f"{_machine(key)}/power", body, words.Power, _once(once))

    def rendered(self, key: str, name: str) -> str:
        """A script or file as it would get it now."""
        answer = self._ask("GET", f"{_machine(key)}/files/{quote(name)}")
        return answer.body.decode(errors="replace")

    def explain_machine(self, key: str, interface: str = "") -> words.Explained:
        """What it would get, and why."""
        query = {"interface": interface}
        return self._get(f"{_machine(key)}/explain", words.Explained, query)

    def explain(self, mac: str, interface: str = "") -> words.Explained:
        """What a MAC would get, and why."""
        query = {"interface": interface}
        return self._get(f"/v1/explain/{quote(mac, safe='')}", words.Explained, query)

    def profiles(self) -> words.Profiles:
        """What machines can run."""
        return self._get("/v1/profiles", words.Profiles)

    def plan(self, text: str, replaces: str = "") -> words.Plan:
        """What answers would change with these records."""
        body = words.NewPlan(text=text, replaces=replaces)
        return self._send("POST", "/v1/plan", body, words.Plan)

    # --- what happened

    def boots(
        self, *, key: str = "", state: str = "", after: str = "", limit: int = 50
    ) -> words.Boots:
        """A page of boots, the latest first; of one machine, or of all."""
        query = {"key": key, "state": state, "after": after, "limit": limit}
        return self._get("/v1/boots", words.Boots, query)

    def boots_of(
        self, key: str, *, state: str = "", after: str = "", limit: int = 50
    ) -> words.Boots:
        """A page of a machine's boots, the latest first."""
        query = {"state": state, "after": after, "limit": limit}
        return self._get(f"{_machine(key)}/boots", words.Boots, query)

    def boot(self, identity: str) -> Boot:
        """One boot."""
        return self._get(f"/v1/boots/{quote(identity, safe='')}", Boot)

    def events(
        self,
        *,
        key: str = "",
        kind: str = "",
        since: float = 0.0,
        until: float = 0.0,
        after: int = 0,
        latest: bool = False,
        limit: int = 200,
    ) -> words.Events:
        """A page of events; `latest` gives the last ones of those that match."""
        query = {
            "key": key,
            "kind": kind,
            "since": f"{since:.6f}" if since else "",
            "until": f"{until:.6f}" if until else "",
            "after": after or "",
            "latest": "true" if latest else "",
            "limit": limit,
        }
        return self._get("/v1/events", words.Events, query)

    def follow_events(
        self, *, key: str = "", kind: str = "", after: int | None = None
    ) -> Iterator[EventLine]:
        """Events as they happen; a stream that breaks off is taken up where it was.

        Events that the server left out for us, since we did not keep up, are read from its history.
        """
        query = {"key": key, "kind": kind}
        place = _Place(after)
        for each in self._follow("/v1/events/stream", query, place):
            if each.kind == "missed":
                lines = self._missed(each, key, kind)
            elif each.id:
                lines = iter((_decoded(each.data, EventLine, self.url),))
            else:
                continue
            for line in lines:
                place.seen = line.id
                yield line

    def _missed(self, gap: Sent, key: str, kind: str) -> Iterator[EventLine]:
        told = _decoded(gap.data, _Gap, self.url)
        at = told.first - 1
        while at < told.last:
            page = self.events(key=key, kind=kind, after=at, limit=1000)
            for line in page.events:
                if line.id <= told.last:
                    yield line
            if not page.events:
                return
            at = page.events[-1].id

    def follow_machines(self) -> Iterator[tuple[MachineLine, ...]]:
        """Machines' lines as they change, several at a time.

        An empty tuple says that some were left out, or the stream broke off for a while: what
        they are now, `machines` tells.
        """
        for each in self._follow("/v1/machines/stream", {}, _Place(None)):
            whole = each.kind == "machines"
            yield _decoded(each.data, tuple[MachineLine, ...], self.url) if whole else ()

    def packets(self, key: str) -> words.Packets:
        """Its latest DHCP messages."""
        return self._get(f"{_machine(key)}/packets", words.Packets)

    def capture(self, key: str) -> bytes:
        """The same as a pcap file."""
        return self._ask("GET", f"{_machine(key)}/capture").body

    # --- what else is on the network

    def discovered(self) -> words.DiscoveredList:
        """Machines without a record."""
        return self._get("/v1/discovered", words.DiscoveredList)

    def adopt(self, mac: str, record: Any = None, *, once: str = "") -> Machine:
        """Give one of them a record: this one, or with None what its rule makes."""
        body = None if record is None else words.NewMachine(record=record)
        path = f"/v1/discovered/{quote(mac, safe='')}"
        return self._send("POST", path, body, Machine, _once(once))

    def foreign(self) -> words.ForeignServers:
        """Other DHCP servers."""
        return self._get("/v1/foreign", words.ForeignServers)

    def leases(self) -> words.Leases:
        """Addresses that are leased."""
        return self._get("/v1/leases", words.Leases)

    # --- tokens

    def tokens(self) -> words.Tokens:
        """All tokens, without their secrets."""
        return self._get("/v1/tokens", words.Tokens)

    def make_token(self, name: str, role: words.Role, seconds: int = 0) -> words.MadeToken:
        """Make one; its secret is said this once."""
        body = words.NewToken(name=name, role=role, seconds=seconds)
        return self._send("POST", "/v1/tokens", body, words.MadeToken)

    def drop_token(self, identity: int) -> None:
        """Take one away."""
        self._ask("DELETE", f"/v1/tokens/{identity}")

    # --- how

    def _get(self, path: str, kind: type[T], query: Mapping[str, Any] | None = None) -> T:
        return _decoded(self._ask("GET", _with(path, query or {})).body, kind, self.url)

    def _send(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | None,
        kind: type[T],
        headers: Mapping[str, str] | None = None,
    ) -> T:
        raw = None if body is None else msgspec.json.encode(body)
        return _decoded(self._ask(method, path, raw, headers).body, kind, self.url)

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        return self._connecting.ask(method, path, body, headers or {})

    def _follow(self, path: str, query: Mapping[str, Any], place: "_Place") -> Iterator[Sent]:
        """A stream; one that breaks off is asked for again, from its place, and says ``again``.

        The first time a server that is not there is told at once; after that it may come back.
        """
        tries, began = 0, False
        while True:
            try:
                with self._connecting.lines(_with(path, query), place.headers, _SILENCE) as lines:
                    if began:
                        yield Sent("", "again", b"")
                    began = True
                    for each in sent(lines):
                        tries = 0
                        yield each
            except (NoServer, Broken):
                if not began:
                    raise
            except ApiError as error:
                if not began or error.problem.status not in _PASSING:
                    raise
            self._sleep(_BACK[min(tries, len(_BACK) - 1)])
            tries += 1


@dataclass(slots=True)
class _Place:
    """Where a stream is: the id that was seen last, or None before there is one."""

    seen: int | None

    @property
    def headers(self) -> Mapping[str, str]:
        """What says so to the server."""
        last = {} if self.seen is None else {"Last-Event-ID": str(self.seen)}
        return {"Accept": "text/event-stream", **last}


class _Gap(Word, frozen=True):
    """What a stream left out."""

    missed: int
    first: int = 0
    last: int = 0


def _decoded(raw: bytes, kind: type[T], url: str) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except ValueError as error:
        raise NoServer(
            url, f"what answers there is no Boots, or another version: {error}"
        ) from None


def _machine(key: str) -> str:
    return f"/v1/machines/{quote(key, safe='')}"


def _with(path: str, query: Mapping[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value != ""}
    return f"{path}?{urlencode(given)}" if given else path


def _once(word: str) -> Mapping[str, str]:
    return {"Idempotency-Key": word} if word else {}


def _revision(revision: int | None) -> Mapping[str, str]:
    return {} if revision is None else {"If-Match": f'"{revision}"'}

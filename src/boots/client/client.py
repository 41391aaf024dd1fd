"""A typed client of the operator's API: a method for each thing that can be asked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from boots.client import words
from boots.client.asking import Place, decoded, machine_path, once_header
from boots.client.runs import RunsClient
from boots.client.stream import Sent
from boots.client.words import EventLine, Machine, MachineLine
from boots.model.order import Netboot, Order
from boots.timeline.words import Boot, Word


class Client(RunsClient):
    """Talks to one server.  All methods raise `ApiError` and `NoServer`.

    `ca` is a PEM file of certificates to trust, `own` one with the server's own, which then alone
    will do; `timeout` in seconds.  Machines are named by their name, or a MAC of theirs.
    """

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
        return self._get(machine_path(key), Machine)

    def create(self, record: Any, *, once: str = "") -> Machine:
        """Keep a new record; asked again with the same word in `once`, nothing is done."""
        body = words.NewMachine(record=record)
        return self._send("POST", "/v1/machines", body, Machine, once_header(once))

    def replace(self, key: str, record: Any, *, revision: int | None = None) -> Machine:
        """Change a record; with `revision` only if it is still at that one."""
        body = words.NewMachine(record=record)
        return self._send("PUT", machine_path(key), body, Machine, _revision(revision))

    def remove(self, key: str, *, revision: int | None = None) -> None:
        """Forget a record; with `revision` only if it is still at that one."""
        self._ask("DELETE", machine_path(key), headers=_revision(revision))

    def order(self, key: str, netboot: Netboot, profile: str = "") -> Order:
        """Order its next boots over its record."""
        body = words.NewOrder(netboot=netboot, profile=profile)
        return self._send("PUT", f"{machine_path(key)}/order", body, Order)

    def withdraw(self, key: str) -> None:
        """Have the record alone count again."""
        self._ask("DELETE", f"{machine_path(key)}/order")

    def provision(
        self, key: str, profile: str, *, power: bool = True, once: str = ""
    ) -> words.Provisioned:
        """Run a profile once."""
        body = words.Provision(profile=profile, power=power)
        path = f"{machine_path(key)}/provision"
        return self._send("POST", path, body, words.Provisioned, once_header(once))

    def power(self, key: str) -> words.Power:
        """How its power is."""
        return self._get(f"{machine_path(key)}/power", words.Power)

    def switch(self, key: str, action: words.PowerAction, *, once: str = "") -> words.Power:
        """Have its BMC do something."""
        body = words.NewPower(action=action)
        return self._send(
            "POST", f"{machine_path(key)}/power", body, words.Power, once_header(once)
        )

    def rendered(self, key: str, name: str) -> str:
        """A script or file as it would get it now."""
        answer = self._ask("GET", f"{machine_path(key)}/files/{quote(name)}")
        return answer.body.decode(errors="replace")

    def explain_machine(self, key: str, interface: str = "") -> words.Explained:
        """What it would get, and why."""
        query = {"interface": interface}
        return self._get(f"{machine_path(key)}/explain", words.Explained, query)

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
        return self._get(f"{machine_path(key)}/boots", words.Boots, query)

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
        place = Place(after)
        for each in self._follow("/v1/events/stream", query, place):
            if each.kind == "missed":
                lines = self._missed(each, key, kind)
            elif each.id:
                lines = iter((decoded(each.data, EventLine, self.url),))
            else:
                continue
            for line in lines:
                place.seen = line.id
                yield line

    def _missed(self, gap: Sent, key: str, kind: str) -> Iterator[EventLine]:
        """What was left out, as many as were; ids are in no order for who may see some only."""
        told = decoded(gap.data, _Gap, self.url)
        at, left = told.first - 1 if told.after is None else told.after, told.missed
        while left > 0:
            page = self.events(key=key, kind=kind, after=at, limit=1000)
            if not page.events:
                return
            for line in page.events[:left]:
                yield line
                if line.id == told.last:
                    return
            at, left = page.events[-1].id, left - len(page.events)

    def follow_machines(self) -> Iterator[tuple[MachineLine, ...]]:
        """Machines' lines as they change, several at a time.

        An empty tuple says that some were left out, or the stream broke off for a while: what
        they are now, `machines` tells.
        """
        for each in self._follow("/v1/machines/stream", {}, Place(None)):
            whole = each.kind == "machines"
            yield decoded(each.data, tuple[MachineLine, ...], self.url) if whole else ()

    def packets(self, key: str) -> words.Packets:
        """Its latest DHCP messages."""
        return self._get(f"{machine_path(key)}/packets", words.Packets)

    def capture(self, key: str) -> bytes:
        """The same as a pcap file."""
        return self._ask("GET", f"{machine_path(key)}/capture").body

    # --- what else is on the network

    def discovered(self) -> words.DiscoveredList:
        """Machines without a record."""
        return self._get("/v1/discovered", words.DiscoveredList)

    def adopt(self, mac: str, record: Any = None, *, once: str = "") -> Machine:
        """Give one of them a record: this one, or with None what its rule makes."""
        body = None if record is None else words.NewMachine(record=record)
        path = f"/v1/discovered/{quote(mac, safe='')}"
        return self._send("POST", path, body, Machine, once_header(once))

    def foreign(self) -> words.ForeignServers:
        """Other DHCP servers."""
        return self._get("/v1/foreign", words.ForeignServers)

    def leases(self) -> words.Leases:
        """Addresses that are leased."""
        return self._get("/v1/leases", words.Leases)

    # --- who did what

    def audit(
        self,
        *,
        machine: str = "",
        by: str = "",
        what: str = "",
        since: float = 0.0,
        until: float = 0.0,
        after: int = 0,
        limit: int = 200,
    ) -> words.Audit:
        """Who changed what, or tried to; the latest first."""
        asked = {"machine": machine, "by": by, "what": what, "since": since, "until": until}
        return self._get("/v1/audit", words.Audit, {**asked, "after": after, "limit": limit})

    def audit_proof(self, *, whole: bool = True) -> words.AuditProof:
        """Whether somebody changed that."""
        return self._get("/v1/audit/proof", words.AuditProof, {"whole": int(whole)})

    # --- tokens

    def tokens(self) -> words.Tokens:
        """All tokens, without their secrets."""
        return self._get("/v1/tokens", words.Tokens)

    def make_token(
        self, name: str, role: words.Role, seconds: int = 0, machines: Sequence[str] = ()
    ) -> words.MadeToken:
        """Make one; its secret is said this once.  It may be limited to some machines."""
        body = words.NewToken(name=name, role=role, seconds=seconds, machines=tuple(machines))
        return self._send("POST", "/v1/tokens", body, words.MadeToken)

    def drop_token(self, identity: int) -> None:
        """Take one away."""
        self._ask("DELETE", f"/v1/tokens/{identity}")


class _Gap(Word, frozen=True):
    """What a stream left out; servers of before say not after which id."""

    missed: int
    after: int | None = None
    first: int = 0
    last: int = 0


def _revision(revision: int | None) -> Mapping[str, str]:
    return {} if revision is None else {"If-Match": f'"{revision}"'}

"""A token that is limited to some machines: the walk over every route and page there is.

No route may forget it: those of others are as if not there, and no list, page or stream says a
word of them.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import quote

import pytest
from tests.app.desks import STRANGE_MAC, offer, stranger
from tests.app.operators import Counter, counter
from tests.app.runs.test_desk import LOOK, failed
from tests.app.runs.yard import SERIAL, Yard, opened
from tests.timeline.journal import arrived

from boots.api.asked import PageRoute
from boots.api.desk import Away, Desk
from boots.api.routes import TABLE
from boots.api.scope import Scope
from boots.client.words import NewToken, Role
from boots.journal import events
from boots.model.mac import Mac
from boots.serve.packets import Place
from boots.store.engine import StoreAway
from boots.web.pages import OperatorPages

OWN_MAC, THEIR_MAC = "52:54:00:00:00:02", "52:54:00:00:00:01"
OWN, THEIRS = "ci-2", "file-1"
RECORDS = f"""\
machines:
  - name: {THEIRS}
    mac: {THEIR_MAC}
    address: 192.168.1.11/24
    user_data: "the secret of another"
  - name: {OWN}
    mac: {OWN_MAC}
    address: 192.168.1.12/24
"""
MARKS = (
    THEIRS,
    THEIR_MAC,
    "525400000001",
    "192.168.1.11",
    "the secret of another",
    SERIAL,
    STRANGE_MAC,
    "zither",
)
"""What is said of the other machine, of its disk, of its console, and of a stranger."""


class There(NamedTuple):
    """What there is of the other machine: a run of its, and a boot."""

    at: Counter
    run: str
    boot: str


@asynccontextmanager
async def there(folder: Path, role: Role) -> AsyncIterator[There]:
    """Two machines of which something happened, and somebody who may see one of them."""
    async with opened(folder, records=RECORDS) as yard:
        run, _ = await failed(yard)
        said = events.ConsoleLine(
            mac=THEIR_MAC, peer="", text="zither", source="system", severity="info"
        )
        yard.hear(offer(THEIR_MAC), said, stranger(), offer(OWN_MAC, address="192.168.1.12"))
        await yard.written()
        boot = next(e for e in (await yard.desk.boots()).boots if e.mac == THEIR_MAC)
        made = await yard.desk.make_token(
            NewToken(name="ci", role=role, machines=("CI-*", "build-?")), "ann"
        )
        async with counter(yard, tokens_required=True) as at:
            at.token = made.secret
            yield There(at, run.line.id, boot.id)


def walked(folder: Path, role: Role, test: Callable[[There], Awaitable[None]]) -> None:
    async def main() -> None:
        async with there(folder, role) as found:
            await test(found)

    asyncio.run(asyncio.wait_for(main(), 120))


def pages() -> list[PageRoute]:
    class Nobody:
        pass

    return [*OperatorPages(Nobody()).routes]  # type: ignore[arg-type]


BODIES: dict[str, Any] = {
    "create": {"record": {"name": "ci-3", "mac": STRANGE_MAC}},
    "replace": {"record": {"name": OWN, "mac": STRANGE_MAC}},
    "adopt": {"record": {"name": "ci-3", "mac": STRANGE_MAC}},
    "order": {"netboot": "once"},
    "provision": {"profile": "osie"},
    "switch": {"action": "on"},
    "plan": {"text": "machines: []"},
    "create_run": {"machine": THEIRS, "template": LOOK},
    "plan_run": {"machine": THEIRS, "template": LOOK},
    "settle_run": {"step": 1, "again": True},
    "retry_run": {},
    "undo": {"edges": 1, "serial": SERIAL},
    "set_freeze": {"frozen": True},
    "make_token": {"name": "x", "role": "viewer"},
}


def filled(path: str, found: There, key: str) -> str:
    """A path of the other machine's, of its run, or of its boot."""
    identity = found.boot if "boots" in path else found.run
    if "tokens" in path:
        identity = "1"
    parts = {"{key}": key, "{name}": key, "{mac}": THEIR_MAC, "{id}": identity, "{edges}": "1"}
    parts |= {"{name...}": "auto.ipxe", "{file...}": "auto.ipxe", "{action}": "netboot-once"}
    for part, value in parts.items():
        path = path.replace(part, value)
    return path


def is_quiet(said: bytes, asked: str) -> list[str]:
    """The marks of others that an answer has, beside those that were in what was asked."""
    text = said.decode(errors="replace")
    return [mark for mark in MARKS if mark in text and mark not in asked]


@pytest.mark.parametrize(
    ("role", "key"), [(Role.OPERATOR, THEIRS), (Role.OPERATOR, THEIR_MAC), (Role.VIEWER, THEIRS)]
)
def test_what_is_anothers_is_not_there_at_any_route_of_the_api(
    tmp_path: Path, role: Role, key: str
) -> None:
    async def test(found: There) -> None:
        before = await found.at.office.desk.machine(THEIRS)
        for route in TABLE:
            asked = filled(route.path, found, key)
            body = BODIES.get(route.name)
            if route.feed is not None:
                status, said = await found.at.begins(asked)
            else:
                answer = await found.at.ask(route.method, asked, body)
                status, said = answer.status, answer.body
            about = f"{asked} {json.dumps(body)}"
            assert [] == is_quiet(said, about), (route.name, said)
            if "{" in route.path or route.method != "GET" or route.name == "audit_proof":
                assert status in {403, 404}, (route.name, status, said)
            else:
                may = route.role in {None, Role.VIEWER, role}
                assert status == (200 if may else 403), route.name
        assert before == await found.at.office.desk.machine(THEIRS)

    walked(tmp_path, role, test)


def test_nor_by_the_key_of_a_list(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        lists = [each for each in TABLE if any(p.name == "key" for p in each.query)]
        assert {"boots", "events", "runs", "follow_events"} == {each.name for each in lists}
        for route in lists:
            for key in (THEIRS, THEIR_MAC, STRANGE_MAC):
                status, said = await found.at.begins(f"{route.path}?key={key}")
                assert (404, []) == (status, is_quiet(said, key)), route.name
        answer = await found.at.ask("GET", f"/v1/audit?machine={THEIRS}")
        assert (404, []) == (answer.status, is_quiet(answer.body, THEIRS))

    walked(tmp_path, Role.OPERATOR, test)


def test_what_is_anothers_is_on_no_page(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        assert 40 <= len(pages())
        for route in pages():
            if route.role is None:
                continue
            asked = filled(route.path, found, THEIRS)
            if route.path.startswith("/live/"):
                status, said = await found.at.begins(asked)
            elif route.method == "POST":
                answer = await found.at.fill_in(asked, frozen="1", shipped="wipe")
                status, said = answer.status, answer.body
            else:
                answer = await found.at.ask("GET", asked)
                status, said = answer.status, answer.body
            assert [] == is_quiet(said, asked), (route.method, route.path, said.decode())
            if b"event: over" in said:
                continue  # a stream that has nothing to say
            if "{" in route.path:
                assert status in {303, 403, 404}, (route.path, status)
                assert status != 303 or b"explain" in _head(answer.headers), route.path

    walked(tmp_path, Role.OPERATOR, test)


def _head(headers: dict[str, str]) -> bytes:
    return headers.get("location", "").encode()


def test_no_way_to_the_next_page_leads_past_anothers(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        at, yard = found.at, found.at.office
        assert isinstance(yard, Yard)
        for mac, address in ((OWN_MAC, "192.168.1.12"), (THEIR_MAC, "192.168.1.11")) * 3:
            yard.now += 3600
            yard.hear(offer(mac, address=address))
            await yard.written()
        secret = at.token
        made = await yard.desk.make_token(NewToken(name="all", role=Role.OPERATOR), "ann")
        for machine in (OWN, THEIRS, OWN, THEIRS):
            at.token = made.secret
            run = await at.ask("POST", "/v1/workflows", {"machine": machine, "template": LOOK})
            await at.ask("POST", f"/v1/workflows/{run.json['line']['id']}/cancel")
        at.token = made.secret
        all_boots = (await at.ask("GET", "/v1/boots?limit=1000")).json["boots"]
        all_runs = (await at.ask("GET", "/v1/workflows?limit=1000")).json["runs"]
        foreign = [e["id"] for e in (*all_boots, *all_runs) if OWN_MAC != e["mac"]]
        assert 5 < len(foreign)
        at.token = secret
        for path, rows, many in (
            ("/v1/boots", "boots", all_boots),
            ("/v1/workflows", "runs", all_runs),
        ):
            seen, after = list[str](), ""
            while True:
                answer = await at.ask("GET", f"{path}?limit=1{after}")
                said = answer.body.decode() + str(answer.headers)
                assert [] == [each for each in (*MARKS, *foreign) if each in said]
                [row] = answer.json[rows]
                seen.append(row["id"])
                if not answer.json["next"]:
                    break
                after = f"&after={quote(answer.json['next'])}"
            assert [e["id"] for e in many if e["mac"] == OWN_MAC] == seen
            assert len(seen) == answer.json.get("total", len(seen))
        for page in ("/boots", "/workflows"):
            said = (await at.ask("GET", page)).body.decode()
            assert [] == [each for each in (*MARKS, *foreign) if each in said]

    walked(tmp_path, Role.OPERATOR, test)


def test_numbers_of_rows_tell_nothing_of_how_many_others_there_are(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        at, yard = found.at, found.at.office
        assert isinstance(yard, Yard)
        for mac in (OWN_MAC, THEIR_MAC, THEIR_MAC, THEIR_MAC, OWN_MAC, THEIR_MAC) * 5:
            yard.hear(offer(mac))
        await yard.written()
        for _ in range(4):
            assert (await at.ask("PUT", f"/v1/machines/{OWN}/order", {"netboot": "once"})).status
        every = (await yard.desk.events(limit=1000)).events
        deeds = (await yard.desk.audit(limit=1000)).audit
        for path, rows, many in (
            ("/v1/events", "events", [e for e in every if e.mac == OWN_MAC]),
            ("/v1/audit", "audit", [e for e in deeds if e.machine == OWN]),
        ):
            moments, numbers, after = list[float](), list[int](), "0"
            while after:
                page = (await at.ask("GET", f"{path}?limit=2&after={after}")).json
                assert 2 == len(page[rows]) or not page["next"], "pages are full"
                moments += [row["at"] for row in page[rows]]
                numbers += [row["id"] for row in page[rows]]
                assert page["next"] in {"", str(numbers[-1])}
                after = page["next"]
            assert [e.at for e in many] == moments
            assert 4 <= len(set(numbers)) == len(many)
            assert min(numbers) > 100 * max(e.id for e in (*every, *deeds)), "no row's own"
            assert numbers not in (sorted(numbers), sorted(numbers)[::-1])
        last = (await at.ask("GET", "/v1/events?latest=true&limit=3")).json["events"]
        assert [e.at for e in every if e.mac == OWN_MAC][-3:] == [e["at"] for e in last]
        assert 403 == (await at.ask("GET", "/v1/audit/proof")).status

    walked(tmp_path, Role.OPERATOR, test)


def test_a_stream_goes_on_behind_such_a_number(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        at, yard = found.at, found.at.office
        assert isinstance(yard, Yard)
        yard.hear(offer(OWN_MAC), offer(THEIR_MAC), offer(OWN_MAC, program="iPXE"))
        await yard.written()
        first, second = (await at.ask("GET", "/v1/events?latest=true&limit=2")).json["events"]
        status, said = await at.begins(f"/v1/events/stream?after={first['id']}")
        assert (200, True) == (status, f"id: {second['id']}\n".encode() in said), said
        assert 1 == said.count(b"event: OfferSent")

    walked(tmp_path, Role.OPERATOR, test)


def test_what_happened_to_a_nic_stays_with_the_machine_that_it_was_in(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        at, yard = found.at, found.at.office
        assert isinstance(yard, Yard)
        keep = yard.packets.keeper(Place("lan0", IPv4Address("192.168.1.1"), 67, ours=True))
        keep(b"\x01" * 28 + bytes.fromhex(THEIR_MAC.replace(":", "")) + bytes(206), ())
        yard.hear(offer(THEIR_MAC))
        await yard.written()
        moved = RECORDS.replace(OWN_MAC, "x").replace(THEIR_MAC, OWN_MAC).replace("x", THEIR_MAC)
        await yard.rewrite(moved)

        async def told() -> str:
            asked = ["", "/boots", "/packets"]
            paths = [f"/v1/machines/{OWN}{each}" for each in asked]
            paths += ["/v1/events?limit=1000", f"/v1/events?key={OWN}", f"/machines/{OWN}"]
            answers = [await at.ask("GET", each) for each in paths]
            assert {200} == {each.status for each in answers}
            return "".join(each.body.decode() for each in answers)

        said = await told()
        assert [] == [mark for mark in ("zither", "192.168.1.11/", found.boot) if mark in said]
        assert "OfferSent" not in said

        yard.now += 3600
        keep(b"\x01" * 28 + bytes.fromhex(THEIR_MAC.replace(":", "")) + bytes(206), ())
        yard.hear(offer(THEIR_MAC, program="of-now"))
        await yard.written()
        said = await told()
        assert said.count('"kind":"OfferSent"') == 2, "of now alone, in both lists"
        assert "of-now" in said
        assert [] == [mark for mark in ("zither", found.boot) if mark in said]
        [packet] = (await at.ask("GET", f"/v1/machines/{OWN}/packets")).json["packets"]
        assert yard.now - 1 == packet["at"]

    walked(tmp_path, Role.OPERATOR, test)


def test_what_is_wrong_with_the_server_is_explained_to_who_may_see_all(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        at, yard = found.at, found.at.office
        assert isinstance(yard, Yard)
        yard.hear(events.StoreTroubled(why="/srv/boots is full"))
        path = f"/v1/machines/{OWN}/explain"
        assert "/srv/boots" not in (await at.ask("GET", path)).body.decode()
        made = await yard.desk.make_token(NewToken(name="all", role=Role.VIEWER), "ann")
        at.token = made.secret
        assert "/srv/boots" in (await at.ask("GET", path)).body.decode()

    walked(tmp_path, Role.OPERATOR, test)


def test_why_the_store_is_away_is_for_who_may_see_all(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        at, yard = found.at, found.at.office
        assert isinstance(yard, Yard)
        with patch.object(yard.keeping.store, "read", side_effect=StoreAway("/srv/boots is full")):
            yard.keeping.trouble = "/srv/boots is full"
            for route in TABLE:
                if route.method != "GET" or route.feed is not None:
                    continue
                answer = await at.ask("GET", filled(route.path, found, OWN))
                said = answer.body.decode(errors="replace")
                assert "/srv/boots" not in said, route.name
                if route.name in {"events", "audit"}:
                    assert (503, True) == (answer.status, "does not answer" in said)
            health = (await at.ask("GET", "/v1/health")).json
            assert "sqlite: does not answer" == health["store"]
            for page in ("/", f"/machines/{OWN}", "/boots", "/events", "/workflows", "/audit"):
                assert "/srv/boots" not in (await at.ask("GET", page)).body.decode(), page
            with pytest.raises(Away, match="/srv/boots"):
                await yard.desk.events()

    walked(tmp_path, Role.OPERATOR, test)


def test_a_finding_of_ones_own_tells_nothing_of_the_server(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        at, yard = found.at, found.at.office
        assert isinstance(yard, Yard)
        fetched = arrived(0, "mine.efi", 9, "tftp", OWN_MAC).event
        yard.hear(offer(OWN_MAC, program="iPXE"), fetched)
        yard.hear(events.StoreTroubled(why="/srv/boots is full"))
        yard.now += 3600
        yard.history.look()
        boot = yard.history.timelines.last(Mac(OWN_MAC))
        assert boot is not None
        await yard.written()
        paths = ["/v1/boots", f"/v1/boots/{boot.id}", "/v1/machines", "/boots"]
        paths += [f"/v1/machines/{OWN}", f"/v1/machines/{OWN}/explain", f"/machines/{OWN}"]
        for path in paths:
            said = (await at.ask("GET", path)).body.decode()
            assert "this server cannot write down what happens" in said, path
            assert "/srv/boots" not in said, path
        made = await yard.desk.make_token(NewToken(name="all", role=Role.VIEWER), "ann")
        at.token = made.secret
        assert "/srv/boots" in (await at.ask("GET", f"/v1/machines/{OWN}")).body.decode()

    walked(tmp_path, Role.OPERATOR, test)


def test_ones_own_can_be_seen_ordered_and_armed(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        at = found.at
        listed = (await at.ask("GET", "/v1/machines")).json
        assert ([OWN], 1) == ([each["name"] for each in listed["machines"]], listed["total"])
        health = (await at.ask("GET", "/v1/health")).json
        assert (1, 1) == (health["machines"], sum(health["states"].values()))
        assert [OWN_MAC] == [e["mac"] for e in (await at.ask("GET", "/v1/boots")).json["boots"]]
        happened = (await at.ask("GET", "/v1/events?latest=true&limit=5")).json["events"]
        assert {OWN_MAC} == {each["mac"] for each in happened}
        for path in (
            "",
            "/explain",
            "/packets",
            "/capture",
            "/boots",
            "/edges",
            "/files/auto.ipxe",
        ):
            answer = await at.ask("GET", f"/v1/machines/{OWN}{path}")
            assert 200 == answer.status, (path, answer.body)
        once = await at.ask("PUT", f"/v1/machines/{OWN}/order", {"netboot": "once"})
        assert 200 == once.status
        run = await at.ask("POST", "/v1/workflows", {"machine": OWN_MAC, "template": LOOK})
        assert 201 == run.status, run.body
        identity = run.json["line"]["id"]
        assert [identity] == [e["id"] for e in (await at.ask("GET", "/v1/workflows")).json["runs"]]
        assert 200 == (await at.ask("POST", f"/v1/workflows/{identity}/cancel")).status
        assert 201 == (await at.ask("POST", f"/v1/workflows/{identity}/retry", {})).status
        told = (await at.ask("GET", "/v1/audit")).json["audit"]
        assert {OWN} == {each["machine"] for each in told}
        shown = (await at.ask("GET", f"/machines/{OWN}")).body.decode()
        assert "operator of CI-*, build-?" in shown

    walked(tmp_path, Role.OPERATOR, test)


@pytest.mark.parametrize(
    "wanted",
    [
        {"machine": OWN, "template": LOOK.replace("{{ .device_1 }}", THEIR_MAC)},
        {"machine": OWN, "template": LOOK.replace(".device_1", ".other"), "map": {"other": THEIRS}},
    ],
)
def test_no_template_brings_another_machine_in(tmp_path: Path, wanted: dict[str, Any]) -> None:
    async def test(found: There) -> None:
        for path in ("/v1/workflows/plan", "/v1/workflows"):
            answer = await found.at.ask("POST", path, wanted)
            begun = answer.status == 201 or (answer.status == 200 and not answer.json["faults"])
            assert not begun, answer.body
        assert found.at.office.running.keeper.of(THEIRS) is None

    walked(tmp_path, Role.OPERATOR, test)


@pytest.mark.parametrize("path", ["/v1/workflows/plan", "/v1/workflows"])
def test_of_a_worker_that_is_anothers_no_more_is_said_than_of_nobody(
    tmp_path: Path, path: str
) -> None:
    async def test(found: There) -> None:
        said = set()
        for worker in (THEIRS, THEIR_MAC, "nobody", "52:54:00:00:00:77"):
            wanted = {"machine": OWN, "template": LOOK.replace("{{ .device_1 }}", worker)}
            answer = await found.at.ask("POST", path, wanted)
            said.add((answer.status, answer.body.decode().replace(worker, "WORKER")))
        [(_, only)] = said
        assert "is no machine of ours" in only

    walked(tmp_path, Role.OPERATOR, test)


def test_a_run_of_two_machines_is_for_who_may_see_both(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        yard = found.at.office
        assert isinstance(yard, Yard)
        both = LOOK + LOOK[LOOK.index("  - name") :].replace(
            "name: look\n    w", "name: too\n    w"
        )
        wanted = {"machine": OWN, "template": both.replace("{{ .device_1 }}", THEIR_MAC, 1)}
        secret, found.at.token = found.at.token, ""
        made = await yard.desk.make_token(NewToken(name="all", role=Role.OPERATOR), "ann")
        found.at.token = made.secret
        run = await found.at.ask("POST", "/v1/workflows", wanted)
        assert 201 == run.status, run.body
        assert {OWN, THEIRS} == set(run.json["line"]["machines"])
        found.at.token = secret
        identity = run.json["line"]["id"]
        assert 404 == (await found.at.ask("GET", f"/v1/workflows/{identity}")).status
        assert 404 == (await found.at.ask("POST", f"/v1/workflows/{identity}/cancel")).status

    walked(tmp_path, Role.OPERATOR, test)


def test_the_audit_log_tells_of_ones_own_what_is_not_of_others(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        at, secret = found.at, found.at.token
        made = await at.office.desk.make_token(NewToken(name="all", role=Role.OPERATOR), "ann")
        at.token = made.secret
        both = LOOK + LOOK[LOOK.index("  - name") :].replace("name: look\n    w", "name: b\n    w")
        wanted = {
            "machine": OWN,
            "template": both.replace("{{ .device_1 }}", THEIR_MAC, 1),
            "map": {"other": THEIRS},
            "arm": {"policy": "force", "disks": [SERIAL], "hours": 1},
        }
        answer = await at.ask("POST", "/v1/workflows", wanted)
        assert 422 == answer.status, answer.body
        run = await at.ask("POST", "/v1/workflows", {**wanted, "arm": None})
        assert 201 == run.status, run.body
        row = (await at.ask("GET", f"/v1/audit?machine={OWN}")).json["audit"][0]
        assert (OWN, {OWN, THEIRS}) == (row["machine"], set(row["details"]["machines"]))
        at.token = secret
        answer = await at.ask("GET", "/v1/audit")
        assert {OWN} == {each["machine"] for each in answer.json["audit"]}
        asked = run.json["line"]["id"]
        assert [] == [e for e in (*MARKS, asked) if e in answer.body.decode()], answer.body
        page = (await at.ask("GET", "/audit")).body.decode()
        assert [] == [e for e in (*MARKS, asked) if e in page]

    walked(tmp_path, Role.OPERATOR, test)


def test_two_tokens_of_one_name_share_no_idempotency_key(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        at = found.at
        secret = at.token
        made = await at.office.desk.make_token(NewToken(name="ci", role=Role.OPERATOR), "ann")
        body, key = {"machine": THEIRS, "template": LOOK}, {"Idempotency_Key": "one"}
        at.token = made.secret
        assert 201 == (await at.ask("POST", "/v1/workflows", body, **key)).status
        at.token = secret
        assert 404 == (await at.ask("POST", "/v1/workflows", body, **key)).status
        same = await at.office.desk.make_token(NewToken(name="ci", role=Role.OPERATOR), "ann")
        at.token = same.secret
        assert 409 == (await at.ask("POST", "/v1/workflows", body, **key)).status

    walked(tmp_path, Role.OPERATOR, test)


@pytest.mark.parametrize(
    "wanted",
    [
        {"role": "admin", "machines": ["ci-*"]},
        {"role": "viewer", "machines": [""]},
        {"role": "viewer", "machines": ["a\nb"]},
        {"role": "viewer", "machines": ["x"] * 65},
    ],
)
def test_limits_that_limit_nothing_make_no_token(tmp_path: Path, wanted: dict[str, Any]) -> None:
    async def test(found: There) -> None:
        admin = await found.at.office.desk.make_token(NewToken(name="a", role=Role.ADMIN), "ann")
        found.at.token = admin.secret
        answer = await found.at.ask("POST", "/v1/tokens", {"name": "x", **wanted})
        assert 422 == answer.status
        assert "machines" == answer.json["errors"][0]["field"]

    walked(tmp_path, Role.OPERATOR, test)


def test_the_limits_outlast_a_start_without_the_store(tmp_path: Path) -> None:
    async def test(found: There) -> None:
        yard = found.at.office
        await yard.keeping.copy()
        yard.keeping.tokens = {}
        await yard.keeping._from_copy()
        me = await yard.desk.whose(found.at.token)
        assert me is not None
        assert ("CI-*", "build-?") == me.machines
        [line] = (await yard.desk.tokens()).tokens
        assert ("CI-*", "build-?") == line.machines

    walked(tmp_path, Role.OPERATOR, test)


def test_all_of_the_desk_is_thought_of() -> None:
    desk = {name for name in vars(Desk) if not name.startswith("_")}
    assert desk == {name for name in vars(Scope) if not name.startswith("_")}

"""Who may ask what: roles by routes, tokens, cookies, names of hosts, other sites."""

import re
import socket
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.api.bench import LOOPBACK, Bench, bench, parsed, request
from tests.api.desk import TOKENS, FakeDesk
from tests.api.workflows import failed, run_of

from boots.api.asked import Asked, PageRoute
from boots.api.auth import Guard, Tries, may
from boots.api.desk import Refused
from boots.api.listener import Listener
from boots.api.route import Route
from boots.api.routes import TABLE
from boots.client.words import Me, Problem, Role
from boots.journal import events

FORM = "application/x-www-form-urlencoded"
ADMIN = {"Authorization": "Bearer admin-token"}
BODIES: dict[str, Any] = {
    "create": {"record": {"name": "new"}},
    "replace": {"record": {"name": "one"}},
    "order": {"netboot": "on"},
    "provision": {"profile": "osie"},
    "switch": {"action": "on"},
    "make_token": {"name": "new", "role": "viewer"},
    "plan": {"text": ""},
    "create_run": {"machine": "one", "template": ""},
    "plan_run": {"machine": "one", "template": ""},
    "settle_run": {"step": 1, "again": True},
    "retry_run": {},
    "set_freeze": {"frozen": True},
    "undo": {"edges": 7, "serial": "BOOTS-1"},
}
PLACES = {"{key}": "one", "{id}": "1", "{mac}": "52:54:00:00:00:99", "{name...}": "auto.ipxe"}


def target(route: Route) -> str:
    path = route.path.replace("/boots/{id}", "/boots/52:54:00:00:00:01@1700000200")
    path = path.replace("/workflows/{id}/retry", "/workflows/w-2/retry")
    path = path.replace("/workflows/{id}", "/workflows/w-1")
    for name, value in PLACES.items():
        path = path.replace(name, value)
    return path


async def status_of(at: Bench, route: Route, **headers: str) -> int:
    """The status of an answer; a stream is left once it has begun."""
    at.desk.runs_ = {"w-1": run_of(), "w-2": failed("w-2")}
    if route.feed is None:
        answer = await at.ask(route.method, target(route), BODIES.get(route.name), **headers)
        return answer.status
    return (await at.ask("HEAD", target(route), **headers)).status


@pytest.mark.parametrize("route", TABLE, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("role", [*Role, None], ids=lambda role: role.value if role else "none")
async def test_each_role_may_what_it_may_and_no_more(route: Route, role: Role | None) -> None:
    headers = {"Authorization": f"Bearer {role.value}-token"} if role else {}
    async with bench(tokens_required=True) as at:
        status = await status_of(at, route, **headers)

    assert route.role is not None
    if role is None:
        assert 401 == status
        assert [] == at.desk.done
    elif may(TOKENS[f"{role.value}-token"], route.role):
        assert route.status == status
    else:
        assert 403 == status
        assert [] == at.desk.done


def test_a_role_may_what_the_ones_before_it_may() -> None:
    allowed = [[may(Me(name="", role=mine), needed) for needed in Role] for mine in Role]

    assert [[True, False, False], [True, True, False], [True, True, True]] == allowed


async def test_who_changes_something_is_known_by_the_tokens_name() -> None:
    async with bench() as at:
        await at.ask("PUT", "/v1/machines/one/order", {"netboot": "on"}, **ADMIN)

    assert [("order", "one", "on", "", "a admin")] == at.desk.done


async def test_a_viewer_sees_no_password() -> None:
    async with bench(tokens_required=True) as at:
        seen = await at.ask("GET", "/v1/machines/one", Authorization="Bearer viewer-token")
        whole = await at.ask("GET", "/v1/machines/one", Authorization="Bearer operator-token")

        strangers = await at.ask("GET", "/v1/discovered", Authorization="Bearer viewer-token")
        theirs = await at.ask("GET", "/v1/discovered", Authorization="Bearer operator-token")

    assert {"user": "root", "password": "(not for viewers)"} == seen.json["record"]["bmc"]
    assert [False, True, False, True] == [
        b"geheim" in each.body for each in (seen, whole, strangers, theirs)
    ]


async def test_on_a_loopback_address_everybody_may_everything() -> None:
    async with bench() as at:
        me = {"name": "local", "role": "admin", "machines": []}
        assert me == (await at.ask("GET", "/v1/me")).json


async def test_what_a_proxy_forwards_needs_a_token_even_there() -> None:
    async with bench() as at:
        bare = await at.ask("GET", "/v1/me", X_Forwarded_For="192.0.2.77")
        known = await at.ask("GET", "/v1/me", X_Forwarded_For="192.0.2.77", **ADMIN)

    assert (401, 200) == (bare.status, known.status)


async def test_on_another_address_each_request_needs_a_token() -> None:
    desk = FakeDesk()
    sock = socket.create_server(("0.0.0.0", 0))
    listener = Listener(sock, desk, lambda _event: None)
    await listener.open()
    at = Bench.__new__(Bench)
    at.port = sock.getsockname()[1]
    try:
        bare, known = await at.ask("GET", "/v1/me"), await at.ask("GET", "/v1/me", **ADMIN)
    finally:
        await listener.close()

    assert (401, 200) == (bare.status, known.status)
    assert 'Bearer realm="boots"' == bare.headers["www-authenticate"]


@pytest.mark.parametrize(
    "given", ["Bearer wrong", "Bearer", "Bearer  ", "Basic YTpi", "", "Bearer " + "x" * 5000]
)
async def test_a_token_that_is_not_good_opens_nothing(given: str) -> None:
    async with bench(tokens_required=True) as at:
        answer = await at.ask("GET", "/v1/me", Authorization=given)

    assert (401, True) == (answer.status, answer.is_problem)


async def test_a_wrong_token_is_refused_even_where_none_is_needed() -> None:
    async with bench() as at:
        assert 401 == (await at.ask("GET", "/v1/me", Authorization="Bearer wrong")).status


async def test_who_tries_tokens_out_is_not_listened_to_for_a_while() -> None:
    async with bench(tokens_required=True) as at:
        good = await at.ask("GET", "/v1/me", Authorization="Bearer viewer-token")
        for number in range(10):
            await at.ask("GET", "/v1/me", Authorization=f"Bearer guess-{number}")
        looked = at.desk.looked
        eleventh = await at.ask("GET", "/v1/me", Authorization="Bearer guess-10")
        lucky = await at.ask("GET", "/v1/me", **ADMIN)
        unlooked = at.desk.looked
        proved = await at.ask("GET", "/v1/me", Authorization="Bearer viewer-token")
        at.clock.now += 60
        later = await at.ask("GET", "/v1/me", **ADMIN)

    assert (429, "60") == (eleventh.status, eleventh.headers["retry-after"])
    assert (200, 429, 200, 200) == (good.status, lucky.status, proved.status, later.status)
    assert looked == unlooked


def test_only_so_many_peers_are_remembered() -> None:
    tries = Tries(lambda: 0.0)
    for number in range(5000):
        tries.wrong(f"peer-{number}", f"guess-{number}")

    assert 4096 == len(tries._peers)


async def test_refusals_are_told_but_not_without_end() -> None:
    async with bench(tokens_required=True) as at:
        for number in range(40):
            await at.ask("GET", "/v1/me", Host=f"evil-{number}.example")
        told = len(at.told)
        at.clock.now += 60
        await at.ask("GET", "/v1/me", Authorization="Bearer wrong")

    assert 30 == told
    assert "10 more in a minute, not told" == at.told[30].why
    assert events.ApiRefused(peer=LOOPBACK, why="a token that is not good") == at.told[31]


async def test_no_token_is_ever_told_to_the_journal() -> None:
    async with bench(tokens_required=True) as at:
        await at.ask("GET", "/v1/me", Authorization="Bearer geheim")
        await at.ask("POST", "/login", b"token=geheim", Content_Type=FORM)

    assert "geheim" not in str(at.told)


# --- names of hosts, and other sites


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8081", 200),
        ("127.0.0.1:8081", 200),
        ("[::1]:8081", 200),
        ("192.0.2.1", 200),
        ("boots.example:8081", 200),
        ("Boots.Example.", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("[evil.example]", 421),
        ("1", 421),
    ],
)
async def test_a_name_that_is_not_ours_is_not_answered(host: str, status: int) -> None:
    async with bench(hosts=["boots.example"]) as at:
        assert status == (await at.ask("GET", "/v1/me", Host=host)).status


async def test_a_request_names_its_host_once() -> None:
    async with bench() as at:
        none = parsed(await at.send(b"GET /v1/me HTTP/1.0\r\n\r\n"))
        twice = parsed(
            await at.send(
                b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
        )

    assert (400, 400) == (none.status, twice.status)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Sec_Fetch_Site": "none"}, 200),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "https://localhost"}, 200),
        ({"Origin": "http://localhost:9"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[half"}, 403),
    ],
)
async def test_another_sites_page_changes_nothing(headers: dict[str, str], status: int) -> None:
    async with bench() as at:
        answer = await at.ask("PUT", "/v1/machines/one/order", {"netboot": "on"}, **headers)

    assert status == answer.status
    assert len(at.desk.done) == (status == 200)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "cors"}, 200),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, 403),
        ({"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}, 200),
        ({"Origin": "http://evil.example"}, 200),
    ],
)
async def test_another_sites_page_may_lead_here_but_not_look(
    headers: dict[str, str], status: int
) -> None:
    async with bench() as at:
        assert status == (await at.ask("GET", "/v1/machines", **headers)).status


async def test_with_a_cookie_a_change_must_say_that_it_comes_from_us() -> None:
    cookie = {"Cookie": "other=1; boots_token=operator-token"}
    async with bench(tokens_required=True) as at:
        order = "/v1/machines/one/order"
        bare = await at.ask("PUT", order, {"netboot": "on"}, **cookie)
        ours = await at.ask("PUT", order, {"netboot": "on"}, Origin="http://localhost", **cookie)
        read = await at.ask("GET", "/v1/me", **cookie)

    assert (403, 200, 200) == (bare.status, ours.status, read.status)


# --- certificates, which browsers send along like cookies

SHOWN = {"subjectAltName": (("DNS", "ci.example"),)}
CI = Me(name="ci.example", role=Role.OPERATOR)


def guard() -> Guard:
    async def whose(secret: str) -> Me | None:
        return TOKENS.get(secret)

    return Guard(whose, lambda: 0.0, lambda *_: None, open_to_all=False, clients=[CI])


def shown(method: str = "GET", **headers: str) -> web.Request:
    transport = Mock()
    transport.get_extra_info.side_effect = {"peercert": SHOWN, "peername": (LOOPBACK, 1)}.get
    given = {"Host": "localhost"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return make_mocked_request(method, "/v1/machines/one/order", given, transport=transport)


async def test_a_cookie_that_is_not_good_any_more_does_not_beat_a_certificate() -> None:
    office = guard()
    stale = shown(Cookie="boots_token=dropped")
    for _ in range(20):  # nor are these tries
        assert CI == await office.who(stale)
    assert "certificate ci.example" == office.whose(stale)


async def test_a_good_token_counts_before_a_certificate_and_a_wrong_one_ends_it() -> None:
    office = guard()
    good = shown(Cookie="boots_token=viewer-token")
    assert "a viewer" == (await office.who(good)).name
    assert "certificate ci.example" != office.whose(good)
    with pytest.raises(Refused, match="not good"):
        await office.who(shown(Authorization="Bearer wrong"))


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({"Content_Type": "application/json"}, True),
        ({}, True),
        ({"Content_Type": "text/plain"}, False),
        ({"Content_Type": "Text/Plain; charset=utf-8"}, False),
        ({"Content_Type": "multipart/form-data; boundary=x"}, False),
        ({"Content_Type": FORM}, False),
        ({"Content_Type": FORM, "Origin": "http://localhost"}, True),
        ({"Content_Type": FORM, "Sec_Fetch_Site": "same-origin"}, True),
        ({"Content_Type": FORM, "Origin": "http://evil.example"}, False),
        ({"Content_Type": "application/json", "Origin": "http://evil.example"}, False),
        ({"Content_Type": FORM, "Authorization": "Bearer operator-token"}, True),
    ],
    ids=str,
)
def test_with_a_certificate_a_form_must_say_that_it_comes_from_us(
    headers: dict[str, str], *, may: bool
) -> None:
    asked = shown("POST", **headers)
    if may:
        guard().check(asked)
        return
    with pytest.raises(Refused, match="another site"):
        guard().check(asked)


# --- pages beside the API


class SomePages:
    """A page with a script, one that breaks, and one for everybody."""

    @property
    def routes(self) -> list[PageRoute]:
        return [
            PageRoute("GET", "/", Role.VIEWER, self.home),
            PageRoute("GET", "/login", None, self.login),
            PageRoute("GET", "/broken", None, self.broken),
            PageRoute("GET", "/away", None, self.away),
            PageRoute("GET", "/refused", None, self.refused),
            PageRoute("GET", "/static/{name...}", None, self.static),
        ]

    def close(self) -> None:
        """Nothing goes on."""

    async def home(self, asked: Asked) -> web.StreamResponse:
        text = f"<script nonce={asked.nonce}></script>{asked.me.name}"
        return web.Response(text=text, content_type="text/html")

    async def login(self, asked: Asked) -> web.StreamResponse:
        return web.Response(text=asked.me.name, content_type="text/html")

    async def broken(self, _asked: Asked) -> web.StreamResponse:
        raise ValueError

    async def refused(self, _asked: Asked) -> web.StreamResponse:
        raise Refused(400, "Bad Request", "break")

    async def away(self, _asked: Asked) -> web.StreamResponse:
        raise web.HTTPSeeOther("/elsewhere")

    async def static(self, asked: Asked) -> web.StreamResponse:
        return web.Response(text=asked.keys["name"], headers={"Cache-Control": "max-age=60"})

    async def problem(
        self, _request: web.BaseRequest, problem: Problem, _nonce: str
    ) -> web.StreamResponse:
        if problem.detail == "break":
            raise ValueError
        return web.Response(status=problem.status, text=problem.title, content_type="text/html")


HTML = {"Accept": "text/html,*/*"}


async def test_a_token_becomes_a_cookie_that_no_script_reads() -> None:
    async with bench(SomePages(), tokens_required=True) as at:
        before = await at.ask("GET", "/", **HTML)
        login = await at.ask(
            "POST", "/login", b"token=viewer-token&to=%2Fmachines%3Fq%3D1", Content_Type=FORM
        )
        cookie = login.headers["set-cookie"]
        after = await at.ask("GET", "/", Cookie=cookie.partition(";")[0], **HTML)
        logout = await at.ask("POST", "/logout")

    assert (401, b"Unauthorized") == (before.status, before.body)
    assert (303, "/machines?q=1") == (login.status, login.headers["location"])
    assert "boots_token=viewer-token; HttpOnly; Path=/; SameSite=Strict" == cookie
    assert after.body.endswith(b"a viewer")
    assert 'boots_token=""' in logout.headers["set-cookie"]
    assert "Max-Age=0" in logout.headers["set-cookie"]


@pytest.mark.parametrize("to", ["//evil.example", "/\\evil.example", "http://evil.example", "x"])
async def test_after_the_login_it_goes_on_at_ours_only(to: str) -> None:
    async with bench(SomePages(), tokens_required=True) as at:
        answer = await at.ask(
            "POST", "/login", f"token=viewer-token&to={to}".encode(), Content_Type=FORM
        )

    assert (303, "/") == (answer.status, answer.headers["location"])


@pytest.mark.parametrize("form", [b"token=wrong", b"", b"token=", b"\xff\xfe", b"x=1&" * 99])
async def test_a_login_that_fails_sets_nothing(form: bytes) -> None:
    async with bench(SomePages(), tokens_required=True) as at:
        answer = await at.ask("POST", "/login", form, Content_Type=FORM)

    assert answer.status in {400, 401}
    assert "set-cookie" not in answer.headers


async def test_another_sites_form_does_not_log_in() -> None:
    async with bench(SomePages(), tokens_required=True) as at:
        answer = await at.ask(
            "POST", "/login", b"token=viewer-token", Content_Type=FORM, Origin="http://evil.example"
        )

    assert 403 == answer.status


async def test_every_page_lets_only_its_own_scripts_run() -> None:
    async with bench(SomePages()) as at:
        first, second = await at.ask("GET", "/"), await at.ask("GET", "/")

    nonces = [re.findall(rb"nonce=([\w-]+)", each.body)[0].decode() for each in (first, second)]
    policy = first.headers["content-security-policy"]
    assert nonces[0] != nonces[1]
    assert f"script-src 'self' 'nonce-{nonces[0]}'" in policy
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


async def test_all_answers_are_sealed() -> None:
    async with bench(SomePages()) as at:
        answers = [
            await at.ask("GET", "/v1/me"),
            await at.ask("GET", "/v1/nothing"),
            await at.ask("GET", "/"),
            await at.ask("GET", "/away"),
            await at.ask("GET", "/broken"),
            parsed(await at.send(b"GARBAGE\r\n\r\n")),
            parsed(await at.send(request("GET", "/" + "x" * 9000, None))),
        ]

    assert [200, 404, 200, 303, 500, 400, 400] == [each.status for each in answers]
    for answer in answers:
        assert "nosniff" == answer.headers["x-content-type-options"]
        assert "no-referrer" == answer.headers["referrer-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "no-store" == answer.headers["cache-control"]


async def test_a_page_may_say_that_it_can_be_kept() -> None:
    async with bench(SomePages()) as at:
        answer = await at.ask("GET", "/static/js/app.js")

    assert (b"js/app.js", "max-age=60") == (answer.body, answer.headers["cache-control"])


async def test_browsers_see_problems_as_pages_and_programs_as_json() -> None:
    async with bench(SomePages()) as at:
        page = await at.ask("GET", "/nothing", **HTML)
        program = await at.ask("GET", "/nothing")
        of_api = await at.ask("GET", "/v1/nothing", **HTML)

    assert (b"Not Found", False) == (page.body, page.is_problem)
    assert (True, True) == (program.is_problem, of_api.is_problem)


async def test_the_page_of_a_problem_may_break_too() -> None:
    async with bench(SomePages()) as at:
        answer = await at.ask("GET", "/refused", **HTML)

    assert (400, True, "break") == (answer.status, answer.is_problem, answer.json["detail"])

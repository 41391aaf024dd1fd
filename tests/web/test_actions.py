"""What a person does to a machine: asked first, then done, and only from our own pages."""

import pytest
from tests.web.fleet import Fleet, mac_of
from tests.web.served import served

from boots.api.desk import Refused
from boots.client.words import Me, Role
from boots.model.order import Netboot, Order
from boots.web.actions import ACTIONS

FILE, OURS = "rack-0001", "rack-0003"


def fleet() -> Fleet:
    made = Fleet(20)
    made.records[OURS] = {"name": OURS, "mac": mac_of(3), "bmc": {"url": "https://10.8.0.1"}}
    made.orders[OURS] = Order(netboot=Netboot.OFF)
    return made


@pytest.mark.parametrize("action", ACTIONS)
async def test_asking_does_nothing(action: str) -> None:
    made = fleet()
    async with served(made) as site:
        got = await site.get(f"/machines/{OURS}/ask/{action}")

    assert 200 == got.status
    assert '<form class="ask" method="post">' in got.text
    assert [] == made.done


@pytest.mark.parametrize(
    ("action", "form", "done"),
    [
        ("netboot-once", {"profile": "osie"}, ("order", OURS, Netboot.ONCE, "osie", "local")),
        ("netboot-on", {}, ("order", OURS, Netboot.ON, "", "local")),
        ("netboot-off", {}, ("order", OURS, Netboot.OFF, "", "local")),
        ("as-recorded", {}, ("withdraw", OURS, "local")),
        (
            "provision",
            {"profile": "osie", "power": "1"},
            ("provision", OURS, "osie", True, "local"),
        ),
        ("provision", {"profile": "osie"}, ("provision", OURS, "osie", False, "local")),
        ("power-on", {}, ("switch", OURS, "on", "local")),
        ("power-off", {}, ("switch", OURS, "off", "local")),
        ("power-cycle", {}, ("switch", OURS, "cycle", "local")),
        ("power-netboot", {}, ("switch", OURS, "netboot", "local")),
        ("remove", {"revision": "7"}, ("remove", OURS, 7, "local")),
    ],
)
async def test_the_button_does_it(
    action: str, form: dict[str, str], done: tuple[object, ...]
) -> None:
    made = fleet()
    async with served(made) as site:
        got = await site.post(f"/machines/{OURS}/ask/{action}", form)

    back = "/" if action == "remove" else f"/machines/{OURS}?did={action}"
    assert (303, back) == (got.status, got.headers["Location"])
    assert [done] == made.done


def test_every_action_is_tried_here() -> None:
    tried = test_the_button_does_it.pytestmark[0].args[1]

    assert set(ACTIONS) == {action for action, *_ in tried}


async def test_what_is_left_to_a_person_is_said() -> None:
    made = fleet()
    made.note = "Start it from the network yourself <now>."
    async with served(made) as site:
        got = await site.post(f"/machines/{FILE}/ask/provision", {"profile": "osie"})

    assert 200 == got.status
    assert "Start it from the network yourself &lt;now&gt;." in got.text


async def test_provisioning_needs_a_profile() -> None:
    made = fleet()
    async with served(made) as site:
        got = await site.post(f"/machines/{FILE}/ask/provision")

    assert (400, []) == (got.status, made.done)


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ("power-on", "its record names no BMC"),
        ("remove", "its record is in a file: remove it there"),
        ("as-recorded", "nothing is ordered over its record"),
    ],
)
async def test_what_makes_no_sense_is_not_offered_and_not_done(action: str, why: str) -> None:
    made = fleet()
    async with served(made) as site:
        page = await site.get(f"/machines/{FILE}")
        got = await site.post(f"/machines/{FILE}/ask/{action}")

    assert f"/ask/{action}" not in page.text
    assert (409, []) == (got.status, made.done)
    assert why in got.text


async def test_there_is_no_other_action() -> None:
    async with served(fleet()) as site:
        assert 404 == (await site.post(f"/machines/{FILE}/ask/explode")).status


async def test_a_refusal_of_the_desk_is_a_page() -> None:
    made = fleet()
    made.refuses["remove"] = Refused(412, "Changed meanwhile", "look at it again")
    async with served(made) as site:
        got = await site.post(f"/machines/{OURS}/ask/remove", {"revision": "6"})

    assert 412 == got.status
    assert "Changed meanwhile" in got.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
    ],
)
async def test_a_page_of_another_site_presses_no_button(headers: dict[str, str]) -> None:
    made = fleet()
    async with served(made) as site:
        got = await site.post(f"/machines/{FILE}/ask/netboot-off", **headers)

    assert (403, []) == (got.status, made.done)


@pytest.mark.parametrize(
    ("media", "body", "status"),
    [
        ("multipart/form-data", b"--x", 415),
        ("application/json", b"{}", 415),
        ("application/x-www-form-urlencoded", b"\xff=1", 400),
        ("application/x-www-form-urlencoded", b"a=%ff", 400),
        ("application/x-www-form-urlencoded", b"a=1&" * 100, 400),
        ("application/x-www-form-urlencoded", b"a" * 300_000, 413),
    ],
)
async def test_what_is_no_form_is_refused(media: str, body: bytes, status: int) -> None:
    made = fleet()
    async with served(made) as site:
        url = f"{site.url}/machines/{FILE}/ask/netboot-off"
        async with site.session.post(url, data=body, headers={"Content-Type": media}) as got:
            assert (status, []) == (got.status, made.done)


async def test_a_viewer_sees_no_button_and_presses_none() -> None:
    made = fleet()
    made.trouble()
    made.bearers["seen"] = Me(name="vera", role=Role.VIEWER)
    bearer = {"Authorization": "Bearer seen"}
    async with served(made, tokens=True) as site:
        page = await site.get(f"/machines/{OURS}", **bearer)
        power = await site.get(f"/machines/{OURS}/power", **bearer)
        strangers = await site.get("/discovered", **bearer)
        ask = await site.get(f"/machines/{OURS}/ask/netboot-off", **bearer)
        got = await site.post(f"/machines/{OURS}/ask/netboot-off", **bearer)

    assert 200 == page.status
    assert "vera" in page.text
    assert "/ask/" not in page.text + power.text
    assert "<button" not in strangers.text.replace('<button class="quiet">', "")
    assert (403, 403, []) == (ask.status, got.status, made.done)


async def test_a_viewer_sees_no_secret_of_a_record() -> None:
    made = fleet()
    made.records[FILE] = {"name": FILE, "bmc": {"password": "hunter2"}, "user_data": "key: abc"}
    made.bearers["seen"] = Me(name="vera", role=Role.VIEWER)
    bearer = {"Authorization": "Bearer seen"}
    async with served(made, tokens=True) as site:
        page = await site.get(f"/machines/{FILE}", **bearer)
        file = await site.get(f"/machines/{FILE}/files/preseed.cfg", **bearer)

    assert "hunter2" not in page.text
    assert "key: abc" not in page.text
    assert 403 == file.status


async def test_what_was_done_is_said_in_our_words_only() -> None:
    async with served(fleet()) as site:
        done = await site.get(f"/machines/{FILE}?did=netboot-off")
        other = await site.get(f"/machines/{FILE}?did=you+were+hacked")

    assert "Done: Netboot off." in done.text
    assert "hacked" not in other.text

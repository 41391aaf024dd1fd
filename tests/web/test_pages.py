"""Pages as a browser is given them, by the real listener."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.api.workflows import failed, run_of
from tests.web.fleet import HOSTILE, NOW, SCRIPT, Fleet, boot_of, mac_of
from tests.web.served import served

from boots.api.desk import Refused
from boots.client.words import EventLine, Explained, ExplainedChain, FieldError, Machine
from boots.timeline.words import Finding, Stage, State, Step
from boots.web import events, timeline
from boots.web.fleet import shares
from boots.web.live import Streams
from boots.web.looks import environment
from boots.web.machine import likely
from boots.web.pages import OperatorPages
from boots.web.room import Room
from boots.web.static import Shelf

BOOT = boot_of(Fleet(1).lines["rack-0001"]).id
PATHS = [
    "/",
    "/?q=rack-01&state=running",
    "/machines/rack-0001",
    "/machines/rack-0012",
    "/machines/rack-0016",
    "/machines/rack-0020",
    "/machines/rack-0003/power",
    "/machines/rack-0003/ask/netboot-once",
    "/machines/rack-0003/ask/provision",
    "/machines/nobody",
    "/explain/52:54:00:f0:00:01",
    "/boots",
    f"/boots/{BOOT}",
    "/workflows",
    "/workflows/w-1",
    "/workflows/w-2",
    "/workflows/w-2/ask/retry",
    "/workflows/none",
    "/machines/rack-0003",
    "/machines/rack-0003/provision",
    "/machines/rack-0003/undo/7",
    "/freeze",
    "/audit",
    "/audit?machine=rack-0003&by=ann&since=2026-01-01",
    "/events",
    "/events?kind=ConsoleLine&since=2026-01-01",
    "/discovered",
    "/discovered/52:54:00:f0:00:01",
    "/network",
    "/profiles",
    "/login",
    "/nothing",
]
VOID = {"meta", "link", "input", "br", "hr", "img"}


def fleet(machines: int = 250) -> Fleet:
    made = Fleet(machines)
    made.trouble()
    made.runs_ = {"w-1": run_of(why=HOSTILE, by=HOSTILE), "w-2": failed("w-2", note=HOSTILE)}
    made.say(HOSTILE)
    return made


class Reader(HTMLParser):
    """Reads a page, and keeps what tests ask for: elements with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_is_whole_and_names_what_it_has(path: str) -> None:
    async with served(fleet()) as site:
        got = await site.get(path)

    page = Reader(got.text)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    labelled = {each.get("for") for each in page.all("label")}
    fields = [
        each
        for tag in ("input", "select", "textarea")
        for each in page.all(tag)
        if each.get("type") not in {"hidden", "checkbox"}
    ]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert ([], []) == (page.wrong, page.open)
    assert len(ids) == len(set(ids))
    assert [] == [each for each in fields if each.get("id") not in labelled]
    assert 1 == levels.count(1)
    assert [] == [b for a, b in zip([0, *levels], levels, strict=False) if b > a + 1]
    assert {"html", "title", "main", "header", "nav"} - {tag for tag, _ in page.elements} <= (
        {"nav"} if path == "/login" else set()
    )


@pytest.mark.parametrize("path", PATHS)
async def test_no_page_has_script_or_style_of_its_own_or_asks_another_server(path: str) -> None:
    async with served(fleet()) as site:
        got = await site.get(path)

    page = Reader(got.text)
    asked = [each for tag in ("script", "img") for each in page.all(tag)]
    asked += [{"src": each["href"]} for each in page.all("link")]
    attributes = {name for _, each in page.elements for name in each}
    assert [] == [each for each in asked if not str(each.get("src", "")).startswith("/static/")]
    assert [] == page.all("style")
    assert [] == [name for name in attributes if name.startswith("on") or name == "style"]
    assert HOSTILE not in got.text
    assert "default-src 'self'" in got.headers["Content-Security-Policy"]


def names(text: str) -> list[str]:
    return re.findall(r'<tr id="machine:([^"]+)"', text)


async def test_the_fleet_has_a_hundred_rows_and_the_way_to_the_next() -> None:
    async with served(fleet()) as site:
        first = await site.get("/")
        onward = re.search(r'rel="next" href="([^"]+)"', first.text)
        assert onward
        second = await site.get(onward[1].replace("&amp;", "&"))

    assert [f"rack-{n:04d}" for n in range(1, 101)] == names(first.text)
    assert [f"rack-{n:04d}" for n in range(101, 201)] == names(second.text)
    assert "100 of 250 machines" in first.text


async def test_the_fleet_is_searched_and_filtered_by_the_address_of_the_page() -> None:
    async with served(fleet()) as site:
        found = await site.get("/?q=RACK-00&state=stuck")

    assert ["rack-0016", "rack-0036", "rack-0056", "rack-0076", "rack-0096"] == names(found.text)
    assert 'value="RACK-00"' in found.text


async def test_a_state_that_there_is_not_is_none() -> None:
    async with served(fleet(5)) as site:
        assert 5 == len(names((await site.get("/?state=%3Cb%3E")).text))


async def test_counts_lead_to_the_machines_they_count() -> None:
    async with served(fleet()) as site:
        counts = (await site.get("/?q=rack")).text

    assert re.search(
        r'href="/\?q=rack&amp;state=stuck">.*?stuck</span> <b>12</b>', counts, flags=re.DOTALL
    )


async def test_troubles_stand_above_the_fleet() -> None:
    async with served(fleet()) as site:
        text = (await site.get("/")).text

    assert "The store is away" in text
    assert "Another DHCP server, 10.0.0.1, answers on eno1." in text
    assert "52:54:00:f0:00:01 has no record, but is nearly 52:54:00:00:00:01" in text


async def test_a_dhcp_server_of_last_week_is_no_banner() -> None:
    made = fleet()
    made.servers = [msgspec.structs.replace(made.servers[0], last=NOW - 700_000)]
    async with served(made) as site:
        assert "Another DHCP server" not in (await site.get("/")).text
        assert "10.0.0.1" in (await site.get("/network")).text


async def test_a_stuck_machine_says_what_is_wrong_and_what_to_do() -> None:
    async with served(fleet()) as site:
        text = (await site.get("/machines/rack-0016")).text

    assert "The firmware took our offer and never asked for the boot file" in text
    assert "Let UDP port 69 through the firewall" in text
    assert "no read request since, for 95 s" in text
    assert "nothing since" in text


async def test_a_machine_shows_its_boot_with_times_sizes_and_reasons() -> None:
    async with served(fleet()) as site:
        text = (await site.get("/machines/rack-0001")).text

    assert "+400 ms" in text
    assert "1.0 MiB, 1.1 MiB/s" in text
    assert "the record names no profile; the site&#39;s own is osie" in text
    assert "1.7 TiB" in text  # of its inventory
    assert "<code>machines/rack-0.yaml</code>, line 8" in text  # where its record stands
    assert "2026-09-20 13:13:20 UTC" in text  # its earlier boot


async def test_a_script_is_shown_to_the_letter() -> None:
    async with served(fleet()) as site:
        text = (await site.get("/machines/rack-0001")).text

    shown = re.search(r'aria-label="Script">(.*?)</pre>', text, flags=re.DOTALL)
    assert shown
    assert SCRIPT == shown[1].replace("&amp;", "&").replace("&lt;", "<")


async def test_what_the_desk_has_not_leaves_the_rest_of_the_page() -> None:
    made = fleet()
    made.refuses = {
        "explain": Refused(503, "Not now", "records are being read"),
        "packets": Refused(404, "No packets are kept"),
    }
    async with served(made) as site:
        got = await site.get("/machines/rack-0001")

    assert 200 == got.status
    assert "Not now: records are being read" in got.text
    assert "No packets are kept" in got.text


@pytest.mark.parametrize("path", ["/", "/machines/rack-0001", f"/boots/{BOOT}", "/network"])
async def test_pages_stand_while_the_store_is_away(path: str) -> None:
    made = fleet()
    away = Refused(503, "the store is away", "see its log")
    made.refuses = dict.fromkeys(("events", "discovered", "foreign", "leases", "packets"), away)
    if path != "/":
        made.troubles = []  # the banner above the fleet says it there
    async with served(made) as site:
        got = await site.get(path)

    assert 200 == got.status
    assert "the store is away" in got.text.lower()


async def test_a_mac_without_a_record_leads_to_why_it_gets_what_it_gets() -> None:
    async with served(fleet()) as site:
        got = await site.get("/machines/52:54:00:f0:00:01")

    assert (303, "/explain/52:54:00:f0:00:01") == (got.status, got.headers["Location"])


def test_the_chain_of_the_firmware_that_a_machine_has_is_unfolded() -> None:
    names = ("BIOS PXE ROM", "BIOS with iPXE", "UEFI x64 PXE", "UEFI x64 HTTP", "UEFI arm64 PXE")
    chains = tuple(ExplainedChain(firmware=name, steps=()) for name in names)
    explained = Explained(mac=mac_of(1), chains=chains)
    boot = boot_of(Fleet(1).lines["rack-0001"])

    def of(architecture: str, program: str) -> str:
        had = msgspec.structs.replace(boot, architecture=architecture, program=program)
        return names[likely(explained, had)]

    assert "BIOS PXE ROM" == names[likely(explained, None)]
    assert "BIOS PXE ROM" == of("bios", "PXE ROM")
    assert "BIOS with iPXE" == of("bios", "iPXE")
    assert "UEFI x64 PXE" == of("x64-uefi", "iPXE")
    assert "UEFI x64 HTTP" == of("x64-uefi", "UEFI HTTP")
    assert "UEFI arm64 PXE" == of("arm64-uefi", "PXE ROM")
    assert "BIOS PXE ROM" == of("unknown", "")


TEXTS = st.text(max_size=30) | st.sampled_from(
    ["<b>", '"><i x="', "'", "</td>", "</pre>", "<!--", "]]>", "&lt;", "\x1b[2J", "{{ x }}", "\x00"]
)


@settings(max_examples=40)
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_no_text_from_anywhere_bends_a_page(one: str, two: str, three: str, four: str) -> None:
    """Whatever names, findings, steps and packets say, the elements of a page are the same."""
    said = tuple(f"a{each}" for each in (one, two, three, four))  # what is empty is left out
    plain, bent = ([*_texts(*each)] for each in (("a",) * 4, said))

    assert [_shape(each) for each in plain] == [_shape(each) for each in bent]


def _shape(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(attributes)) for tag, attributes in Reader(text).elements]


def _texts(name: str, finding: str, told: str, value: str) -> Iterator[str]:
    room = Room(Fleet(0), lambda: NOW, environment(Shelf().addresses), Streams())
    line = msgspec.structs.replace(
        Fleet(1).lines["rack-0001"], name=name, finding=finding, profile=told, place=value
    )
    step = Step(stage=Stage.SCRIPT, began=1, detail=told, why=value, problem=name)
    found = Finding(code=name, title=finding, advice=told, evidence=(value,))
    boot = msgspec.structs.replace(
        boot_of(line), id=value, steps=(step,), finding=found, program=told
    )
    event = EventLine(id=1, at=NOW, mac=name, kind=finding, event={"text": told, "a": value})
    values = {"line": line, "machine": Machine(line=line, record=None), "boot": boot}
    yield room.render("parts/row.html", values)
    yield room.render("parts/standing.html", values)
    yield room.render("parts/timeline.html", values | {"rows": timeline.rows(boot, NOW)})
    yield room.render("parts/event.html", {"line": event})
    yield room.render("parts/said.html", {"line": event})


async def test_a_machine_is_found_by_its_mac_too() -> None:
    async with served(fleet()) as site:
        assert "<h1>rack-0007</h1>" in (await site.get(f"/machines/{mac_of(7)}")).text


async def test_a_name_with_every_sign_is_a_way_to_its_machine() -> None:
    made = fleet(1)
    name = 'a/b ?#&"<é'
    made.lines = {name: msgspec.structs.replace(made.lines["rack-0001"], name=name)}
    async with served(made) as site:
        way = re.search(r'<th scope="row"><a href="(/machines/[^"]+)"', (await site.get("/")).text)
        assert way
        assert 200 == (await site.get(way[1])).status


async def test_a_machine_that_is_not_there_is_a_page_that_says_so() -> None:
    async with served(fleet()) as site:
        got = await site.get("/machines/nobody")

    assert 404 == got.status
    assert "No such machine" in got.text


async def test_a_rendered_file_is_text_whatever_is_in_it() -> None:
    async with served(fleet()) as site:
        got = await site.get("/machines/rack-0001/files/debian/preseed.cfg")

    assert f"# debian/preseed.cfg of rack-0001 {HOSTILE}\n" == got.text
    assert "text/plain; charset=utf-8" == got.headers["Content-Type"]
    assert "nosniff" == got.headers["X-Content-Type-Options"]


async def test_a_boot_shows_its_own_scripts_and_events() -> None:
    async with served(fleet()) as site:
        text = (await site.get(f"/boots/{BOOT}")).text

    assert "prompt --key 0x02" in text
    assert "AgentProgressed" in text
    assert "It took 30.0 s." in text


async def test_boots_are_filtered_by_machine_and_state() -> None:
    async with served(fleet()) as site:
        text = (await site.get("/boots?key=rack-0016&state=stuck")).text

    assert 1 == text.count('<tr id="boot:')
    assert "rack-0001" not in text


async def test_events_are_the_latest_first_and_can_be_filtered() -> None:
    async with served(fleet()) as site:
        all_of_them = (await site.get("/events")).text
        consoles = (await site.get("/events?kind=ConsoleLine&key=rack-0001")).text

    ids = [int(each) for each in re.findall(r'<tr id="event:(\d+)"', all_of_them)]
    assert sorted(ids, reverse=True) == ids
    assert 1 == consoles.count('<tr id="event:')


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 0.0),
        ("1790000000.25", 1_790_000_000.25),
        ("2026-09-21T14:13:20", 1_790_000_000.0),
        ("2026-09-21T16:13:20+02:00", 1_790_000_000.0),
        ("1970-01-02", 86_400.0),
    ],
)
def test_moments_are_read_as_people_write_them(text: str, at: float) -> None:
    assert at == events.EventsWanted.of({"since": text}).since


@pytest.mark.parametrize("text", ["yesterday", "9" * 400, "\u00b2", "2026-13-01", "1e9", "nan"])
async def test_a_moment_that_is_none_is_told_what_to_write(text: str) -> None:
    async with served(fleet()) as site:
        got = await site.get(f"/events?since={text}")

    assert 400 == got.status
    assert "write 2026-01-31T12:00" in got.text


async def test_leases_are_searched() -> None:
    async with served(fleet()) as site:
        text = (await site.get("/network?q=00:00:03")).text

    assert "10.9.200.3" in text
    assert "10.9.200.4" not in text


async def test_who_is_not_known_is_led_to_the_login_and_back() -> None:
    async with served(fleet(), tokens=True) as site:
        got = await site.get("/machines/rack-0001?did=x")
        form = await site.get(got.headers["Location"])

    assert 303 == got.status
    assert "/login?to=%2Fmachines%2Frack-0001%3Fdid%3Dx" == got.headers["Location"]
    assert 'name="to" value="/machines/rack-0001?did=x"' in form.text
    assert 'name="token" type="password"' in form.text


async def test_a_token_that_is_not_good_is_asked_for_again() -> None:
    async with served(fleet(), tokens=True) as site:
        got = await site.post("/login?to=/boots", {"token": "wrong", "to": "/boots"})

    assert 401 == got.status
    assert "This token is not good." in got.text
    assert 'name="to" value="/boots"' in got.text


async def test_static_files_are_kept_for_ever_under_their_digest() -> None:
    async with served(fleet()) as site:
        style = re.search(r'href="(/static/app-[0-9a-f]{12}\.css)"', (await site.get("/")).text)
        assert style
        got = await site.get(style[1])
        again = await site.get(style[1], **{"If-None-Match": got.headers["ETag"]})
        missing = await site.get("/static/app.css")

    assert "public, max-age=31536000, immutable" == got.headers["Cache-Control"]
    assert (200, 304, 404) == (got.status, again.status, missing.status)


def test_the_fleet_in_parts_adds_up() -> None:
    found = shares({"running": 1, "done": 3})

    assert [(State.RUNNING, 0.0, 25.0), (State.DONE, 25.0, 75.0)] == [
        (each.state, each.left, each.width) for each in found if each.count
    ]


def test_every_page_needs_a_role_but_the_login_and_static_files() -> None:
    pages = OperatorPages(Fleet(1))

    assert ["/static/{file}", "/login"] == [each.path for each in pages.routes if not each.role]


async def test_a_proposed_record_can_be_changed_before_it_is_kept() -> None:
    made = fleet()
    made.refuses["adopt"] = Refused(
        422,
        "The record has mistakes",
        errors=[FieldError("address", "is no address", "10.9.0.9/16")],
    )
    text = "name: mine\nmac: 52:54:00:f0:00:01\naddress: nonsense <b>\n"
    async with served(made) as site:
        offered = await site.get("/discovered/52:54:00:f0:00:01")
        refused = await site.post("/discovered/52:54:00:f0:00:01", {"record": text})
        made.refuses = {}
        kept = await site.post("/discovered/52:54:00:f0:00:01", {"record": "name: mine\n"})

    assert "name: leaf-12-9" in offered.text
    assert 422 == refused.status
    assert "is no address" in refused.text
    assert "address: nonsense &lt;b&gt;" in refused.text
    assert 303 == kept.status
    assert [("adopt", "52:54:00:f0:00:01", {"name": "mine"}, "local")] == made.done


async def test_one_click_makes_the_record_that_its_rule_makes() -> None:
    made = fleet()
    async with served(made) as site:
        listed = await site.get("/discovered")
        await site.post("/discovered/52:54:00:f0:00:01")

    assert '<form method="post" action="/discovered/52:54:00:f0:00:01">' in listed.text
    assert [("adopt", "52:54:00:f0:00:01", None, "local")] == made.done

"""Pages that are alive: parts as they change."""

import asyncio
import re
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.web.fleet import HOSTILE, NOW, Fleet, boot_of, mac_of
from tests.web.served import Site, served

from boots.client.words import DiscoveredList, EventLine
from boots.journal.events import AnyEvent, LimitReached
from boots.journal.limited import Limited
from boots.model.limits import OPERATOR_PAGES
from boots.timeline.words import State
from boots.web import fleet, live, machine
from boots.web.live import gathered, merged


async def address(site: Site, path: str) -> str:
    """Where a page says that it is alive."""
    found = re.search(r'data-live="([^"]+)"', (await site.get(path)).text)
    assert found
    return found[1].replace("&amp;", "&")


def said(mac: str, text: str) -> EventLine:
    event = {"event": "ConsoleLine", "mac": mac, "text": text, "source": "ipxe", "severity": "info"}
    return EventLine(id=0, at=NOW, mac=mac, kind="ConsoleLine", event=event)


async def test_a_row_that_changes_is_sent() -> None:
    made = Fleet(10)
    async with served(made) as site, site.live(await address(site, "/")) as page:
        await made.followers(1)
        made.change(msgspec.structs.replace(made.lines["rack-0002"], state=State.FAILED))
        got = await page.next()

    assert ["machine:rack-0002"] == list(got["parts"])
    assert "failed</span>" in got["parts"]["machine:rack-0002"]


async def test_a_page_that_is_as_it_was_made_is_sent_nothing_at_first() -> None:
    made = Fleet(10)
    async with served(made) as site, site.live(await address(site, "/")) as page:
        await made.followers(1)
        made.change(made.lines["rack-0001"])
        got = await page.next()

    assert ["machine:rack-0001"] == list(got["parts"])


async def test_what_changed_before_the_page_was_alive_is_sent_at_first() -> None:
    made = Fleet(10)
    async with served(made) as site:
        way = await address(site, "/")
        made.lines["rack-0003"] = msgspec.structs.replace(made.lines["rack-0003"], profile="other")
        async with site.live(way) as page:
            got = await page.next()

    assert "other" in got["parts"]["machine:rack-0003"]


async def test_machines_that_are_not_on_the_page_are_counted_each_once() -> None:
    made = Fleet(250)
    async with served(made) as site, site.live(await address(site, "/")) as page:
        await made.followers(1)
        made.change(made.lines["rack-0200"], made.lines["rack-0201"])
        first = await page.next()
        made.change(made.lines["rack-0200"], made.lines["rack-0202"])
        second = await page.next()

    assert (2, 3) == (first["more"], second["more"])


async def test_machines_that_do_not_fit_the_search_are_not_counted() -> None:
    made = Fleet(250)
    async with served(made) as site, site.live(await address(site, "/?q=rack-01")) as page:
        await made.followers(1)
        made.change(made.lines["rack-0200"], made.lines["rack-0101"])
        got = await page.next()

    assert (["machine:rack-0101"], 0) == (list(got["parts"]), got["more"])


async def test_rows_do_not_wait_for_what_stands_above_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of that is in the store, which may stand still."""
    made, asked, never = Fleet(10), asyncio.Event(), asyncio.Event()

    async def discovered() -> DiscoveredList:
        asked.set()
        await never.wait()
        raise AssertionError

    monkeypatch.setattr(fleet, "_LOOK", 0.01)
    monkeypatch.setattr(fleet, "_SOON", 0.0)
    async with served(made) as site, site.live(await address(site, "/")) as page:
        await made.followers(1)
        made.discovered = discovered  # type: ignore[method-assign]
        async with asyncio.timeout(10):
            await asked.wait()
            made.change(msgspec.structs.replace(made.lines["rack-0002"], state=State.FAILED))
            while "machine:rack-0002" not in (await page.next())["parts"]:
                pass


async def test_how_many_changed_elsewhere_stays_while_other_parts_are_sent() -> None:
    made = Fleet(250)
    async with served(made) as site, site.live(await address(site, "/")) as page:
        await made.followers(1)
        made.change(msgspec.structs.replace(made.lines["rack-0200"], state=State.HELD))
        rows = await page.next()
        above = await page.next()

    assert (1, 1) == (rows["more"], above["more"])
    assert {"counts"} <= set(above["parts"])


async def test_the_counts_follow_within_a_second() -> None:
    made = Fleet(10)
    async with served(made) as site, site.live(await address(site, "/")) as page:
        await made.followers(1)
        made.change(msgspec.structs.replace(made.lines["rack-0001"], state=State.HELD))
        await page.next()
        began = asyncio.get_running_loop().time()
        got = await page.next()
        waited = asyncio.get_running_loop().time() - began

    assert "held</span> <b>1</b>" in got["parts"]["counts"]
    assert waited < 2.5


async def test_a_machines_page_follows_its_boot() -> None:
    made = Fleet(20)
    line = msgspec.structs.replace(made.lines["rack-0012"], state=State.DONE)
    async with (
        served(made) as site,
        site.live(await address(site, "/machines/rack-0012")) as page,
    ):
        first = await page.next()
        made.kept[boot_of(line).id] = boot_of(line)
        made.change(made.lines["rack-0001"])
        made.change(line)
        got = await page.next()

    assert {"standing", "timeline"} == set(first["parts"]) == set(got["parts"])
    assert "done</span>" in got["parts"]["standing"]


@pytest.mark.parametrize(
    ("kind", "part", "says"),
    [
        ("ScriptServed", "given", "#!ipxe of now"),
        ("InventoryReported", "told", "Made-up CPU 9000"),
        ("AckSent", "exchanged", "DISCOVER"),
    ],
)
async def test_what_an_event_is_about_is_shown_anew(kind: str, part: str, says: str) -> None:
    made = Fleet(20)
    event = {"event": kind, "script": "#!ipxe of now"}
    async with (
        served(made) as site,
        site.live(await address(site, "/machines/rack-0001")) as page,
    ):
        await page.next()
        made.tell(EventLine(id=0, at=NOW, mac=mac_of(1), kind=kind, event=event))
        await page.next()
        got = await page.next()

    assert {part} == set(got["parts"])
    assert says in got["parts"][part]


async def test_a_machines_page_tells_of_a_server_in_trouble_and_of_nearly_its_mac(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "_LOOK", 0.01)
    monkeypatch.setattr(machine, "_PACE", 0.01)
    made = Fleet(20)
    async with (
        served(made) as site,
        site.live(await address(site, "/machines/rack-0001")) as page,
    ):
        await page.next()
        made.trouble()
        told = ""
        while "The store is away" not in told:
            told = (await page.next())["parts"].get("remarks", "")

    assert f"No record has 52:54:00:f0:00:01; there is one of {mac_of(1)}" in told


async def test_a_machines_console_is_added_to_and_harmless() -> None:
    made = Fleet(20)
    async with (
        served(made) as site,
        site.live(await address(site, "/machines/rack-0001")) as page,
    ):
        await page.next()
        made.tell(said(mac_of(2), "another machine"))
        made.tell(said(mac_of(1), f"hello \x1b[1m{HOSTILE}"))
        got = await page.next()

    (line,) = got["lines"]["console"]
    assert "hello &lt;script&gt;" in line
    assert 1 == len(got["lines"]["events"])


async def test_events_go_on_where_the_page_ended() -> None:
    made = Fleet(20)
    async with served(made) as site:
        way = await address(site, "/events")
        made.tell(said(mac_of(1), "while nobody looked"))
        async with site.live(way) as page:
            first = await page.next()
        made.tell(said(mac_of(1), "while the line was down"))
        async with site.live(way, **{"Last-Event-ID": str(first["last"])}) as page:
            second = await page.next()

    assert "while nobody looked" in first["lines"]["events"][0]
    assert 1 == len(second["lines"]["events"])
    assert "while the line was down" in second["lines"]["events"][0]


@pytest.mark.parametrize("told", ["x", "-1", "9" * 30, "\u0661"])
async def test_an_id_that_is_none_is_no_id(told: str) -> None:
    made = Fleet(20)
    async with served(made) as site, site.live(f"/live/events?last={told}") as page:
        await made.followers(1)
        made.tell(said(mac_of(1), "new"))
        got = await page.next()

    assert 1 == len(got["lines"]["events"])


@pytest.mark.parametrize("path", ["/boots", "/discovered", "/network"])
async def test_lists_are_sent_as_they_are(path: str) -> None:
    made = Fleet(20)
    made.trouble()
    async with served(made) as site, site.live(await address(site, path)) as page:
        assert [path[1:]] == list((await page.next())["parts"])


async def test_a_boot_follows_its_steps_until_it_is_gone() -> None:
    made = Fleet(20)
    running = boot_of(made.lines["rack-0012"])
    async with (
        served(made) as site,
        site.live(await address(site, f"/boots/{running.id}")) as page,
    ):
        first = await page.next()
        del made.kept[running.id]
        made.change(made.lines["rack-0012"])
        over = await page.next()

    assert {"outcome", "timeline"} == set(first["parts"])
    assert {} == over


async def test_a_page_of_a_machine_that_is_not_there_is_refused() -> None:
    async with served(Fleet(2)) as site:
        assert 404 == (await site.get("/live/machines/nobody", Accept="text/event-stream")).status


async def test_only_so_many_pages_are_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "OPERATOR_PAGES", OPERATOR_PAGES.of(1))
    made, told = Fleet(2), list[AnyEvent]()
    limited = Limited(told.append)

    def full() -> None:
        limited.reached(OPERATOR_PAGES.of(1))

    async with served(made, full=full) as site, site.live("/live/fleet"):
        await made.followers(1)
        assert [] == told
        refused = await site.get("/live/fleet")

    assert 503 == refused.status
    assert ["more than 1 pages that are alive at once: 503"] == [
        each.why for each in told if isinstance(each, LimitReached)
    ]


async def test_pages_that_are_alive_end_with_the_server() -> None:
    made = Fleet(2)
    began = asyncio.get_running_loop().time()
    async with served(made) as site, site.live("/live/fleet"):
        await made.followers(1)

    assert 0 == made.followed
    assert asyncio.get_running_loop().time() - began < 2


async def test_a_page_that_is_closed_is_followed_no_longer() -> None:
    made = Fleet(2)
    async with served(made) as site:
        async with site.live("/live/fleet"):
            await made.followers(1)
        await made.followers(0)


# --- the two ways in which what happens is brought together


async def numbers(*given: int, then: asyncio.Event | None = None) -> AsyncIterator[int]:
    for each in given:
        yield each
    if then is not None:
        await then.wait()


async def test_sources_come_with_their_names_until_one_ends() -> None:
    never = asyncio.Event()
    found = [each async for each in merged(5, a=numbers(1, 2), b=numbers(3, then=never)) if each[0]]

    assert {("a", 1), ("a", 2)} <= set(found) <= {("a", 1), ("a", 2), ("b", 3)}


async def test_silence_is_told() -> None:
    async for each in merged(0.01, a=numbers(then=asyncio.Event())):
        assert ("", None) == each
        break


async def test_what_comes_close_together_is_given_together() -> None:
    assert [[1, 2, 3]] == [each async for each in gathered(numbers(1, 2, 3))]


async def test_of_very_many_the_last_are_given() -> None:
    (found,) = [each async for each in gathered(numbers(*range(1000)))]

    assert list(range(800, 1000)) == found


async def test_what_comes_later_is_given_later() -> None:
    more = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        yield 1
        await more.wait()
        yield 2

    found = gathered(source(), pause=0.01)
    first = await anext(found)
    more.set()

    assert ([1], [2]) == (first, await anext(found))
    assert [] == [each async for each in found]


async def test_a_source_that_breaks_off_is_told() -> None:
    async def source() -> AsyncIterator[int]:
        yield 1
        raise OSError("the store is away")

    found = gathered(source())

    assert [1] == await anext(found)
    with pytest.raises(OSError, match="away"):
        await anext(found)

"""The pages in Chromium, as a person has them: wide and narrow, light and dark, alive and not."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from tests.api.workflows import failed, run_of, succeeded, waiting
from tests.web.browser import Browser, Running, lacking, running
from tests.web.fleet import HOSTILE, NOW, Fleet, boot_of, mac_of

from boots.client.words import EventLine, Me, Role
from boots.timeline.words import State

pytestmark = pytest.mark.peers

BOOT = boot_of(Fleet(1).lines["rack-0001"]).id
PAGES = [
    "/",
    "/machines/rack-0001",
    "/machines/rack-0016",
    "/machines/rack-0003/ask/provision",
    "/boots",
    f"/boots/{BOOT}",
    "/workflows",
    "/workflows/w-1",
    "/workflows/w-2",
    "/workflows/w-2/ask/retry",
    "/machines/rack-0003",
    "/machines/rack-0003/provision",
    "/machines/rack-0003/undo/7",
    "/freeze",
    "/audit",
    "/events",
    "/discovered",
    "/discovered/52:54:00:f0:00:01",
    "/network",
    "/profiles",
    "/login",
    "/explain/52:54:00:00:00:01",
]
LONG = "x" * 300


def fleet() -> Fleet:
    """Ten thousand machines, and among what they say one word that does not end."""
    made = Fleet(10_000)
    made.trouble()
    made.tell(spoken(1, LONG))
    made.runs_ = {"w-1": run_of(why=LONG, name="debian"), "w-2": failed("w-2", name=LONG[:60])}
    made.say(LONG)
    return made


def spoken(number: int, text: str) -> EventLine:
    event = {"event": "ConsoleLine", "text": text, "source": "ipxe", "severity": "info"}
    return EventLine(id=0, at=NOW, mac=mac_of(number), kind="ConsoleLine", event=event)


@pytest.fixture(scope="module")
def site() -> Iterator[Running]:
    lacking()
    with running(fleet()) as made:
        yield made


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    lacking()
    with Browser(tmp_path_factory.mktemp("chromium")) as made:
        yield made


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose JavaScript is off."""
    lacking()
    with Browser(tmp_path_factory.mktemp("still"), javascript=False) as made:
        yield made


def name_of(path: str) -> str:
    return path.strip("/").replace("/", "-").replace(":", "") or "fleet"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_fit_their_window_complain_of_nothing_and_ask_nobody_else(
    site: Running, browser: Browser, tmp_path: Path, width: int, dark: bool
) -> None:
    browser.looks(width, dark=dark)
    browser.requests()
    browser.complaints()
    wide = []
    for path in PAGES:
        browser.driver.get(site.url + path)
        browser.picture(tmp_path / f"{name_of(path)}.png", whole=path != "/")
        if browser.run("return document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)

    assert [] == wide
    assert [] == browser.complaints()
    ours = (site.url + "/", "data:")  # Chromium has pictures of its own in fields for dates
    assert [] == [url for url in browser.requests() if not url.startswith(ours)]


# What is wrong with a page for those who hear it, or have no mouse, as far as a script can tell.
FAULTS = """
const faults = [];
const named = (element) => (element.getAttribute("aria-label") || element.textContent
    || element.title || "").trim();
for (const each of document.querySelectorAll("a, button")) {
  if (!each.hidden && !named(each)) faults.push(`no name: ${each.outerHTML}`);
}
for (const each of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
  if (!each.labels.length) faults.push(`no label: ${each.outerHTML}`);
}
for (const each of document.querySelectorAll("table")) {
  if (!each.caption) faults.push("a table without a caption");
}
for (const each of document.querySelectorAll("progress, [role=log], [role=region], nav")) {
  if (!each.getAttribute("aria-label")) faults.push(`not named: ${each.cloneNode().outerHTML}`);
}
for (const each of document.querySelectorAll("*")) {
  const scrolls = each.scrollWidth > each.clientWidth + 1
    || each.scrollHeight > each.clientHeight + 1;
  const can = ["auto", "scroll"].includes(getComputedStyle(each).overflowY);
  if (scrolls && can && each.tabIndex < 0) faults.push(`keys cannot scroll: ${each.className}`);
}
const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((h) => Number(h.tagName[1]));
levels.forEach((level, at) => {
  if (level > (levels[at - 1] ?? 0) + 1) faults.push("headings jump");
});
if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
if (!document.documentElement.lang) faults.push("no language");
return faults;
"""


@pytest.mark.parametrize("path", PAGES)
def test_pages_can_be_heard_and_used_by_keys(site: Running, browser: Browser, path: str) -> None:
    browser.looks(1280)
    browser.driver.get(site.url + path)

    assert [] == browser.run(FAULTS)


def test_the_first_key_leads_past_the_navigation(site: Running, browser: Browser) -> None:
    browser.looks(1280)
    browser.driver.get(site.url + "/")
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)

    skip = browser.driver.switch_to.active_element
    assert "#main" == skip.get_dom_attribute("href")
    assert "solid" == skip.value_of_css_property("outline-style")


def comes_to(browser: Browser, heading: str) -> None:
    """Wait for a page: keys and buttons do not."""
    script = "return document.querySelector('h1')?.innerText"
    browser.until(lambda: browser.run(script) == heading)


def alive(browser: Browser) -> None:
    browser.until(lambda: browser.text("liveness") == "live")


def test_a_row_changes_within_a_second_and_nothing_else_does(
    site: Running, browser: Browser
) -> None:
    browser.looks(1280)
    browser.driver.get(site.url + "/")
    alive(browser)
    browser.run(
        """
        window.kept = document.getElementById("machine:rack-0002");
        kept.querySelector("a").focus();
        window.changed = [];
        new MutationObserver((all) => all.forEach((each) => changed.push(each.target)))
          .observe(document.querySelector("tbody"), {subtree: true, childList: true});
        """
    )
    line = msgspec.structs.replace(
        site.fleet.lines["rack-0002"], state=State.STUCK, finding="no answer <b>at all</b>"
    )
    site.do(lambda: site.fleet.change(line))

    browser.until(lambda: "stuck" in browser.text("machine:rack-0002"), within=1)
    assert "no answer <b>at all</b>" in browser.text("machine:rack-0002")
    assert browser.run(
        """
        const row = document.getElementById("machine:rack-0002");
        return row === kept && row.contains(document.activeElement)
          && changed.every((each) => row.contains(each) || each.closest("time"));
        """
    )


def test_machines_elsewhere_are_counted_with_a_way_to_them(site: Running, browser: Browser) -> None:
    browser.driver.get(site.url + "/?q=rack-0")
    alive(browser)
    lines = [site.fleet.lines[f"rack-{number:04d}"] for number in (200, 201, 9000)]
    site.do(lambda: site.fleet.change(*lines))

    browser.until(lambda: "2 more changed" == browser.text("more"))


def test_a_storm_of_changes_is_drawn_in_little_time(site: Running, browser: Browser) -> None:
    """All rows of the page and 9,900 others, ten times: the page stays usable."""
    browser.driver.get(site.url + "/")
    alive(browser)
    browser.run(
        "window.slow = []; new PerformanceObserver((list) => slow.push(...list.getEntries()"
        ".map((each) => each.duration))).observe({entryTypes: ['longtask']});"
    )
    for times in range(10):
        lines = [
            msgspec.structs.replace(line, state=State.RUNNING, stage="initrd", progress=times / 10)
            for line in site.fleet.lines.values()
        ]
        site.do(lambda lines=lines: site.fleet.change(*lines))

    browser.until(lambda: "90 %" in browser.text("machine:rack-0100"), within=10)
    assert 100 == browser.run("return document.querySelectorAll('tbody tr').length")
    assert "9,900 more changed" == browser.text("more")
    assert [] == [took for took in browser.run("return slow") if took > 500]


def test_a_machines_page_follows_its_boot_and_its_console(site: Running, browser: Browser) -> None:
    browser.driver.get(site.url + "/machines/rack-0012")
    alive(browser)
    line = msgspec.structs.replace(site.fleet.lines["rack-0012"], state=State.DONE)
    done = boot_of(line)

    def finish() -> None:
        site.fleet.kept[done.id] = done
        site.fleet.change(line)
        site.fleet.tell(spoken(12, f"login: {HOSTILE}"))

    site.do(finish)

    browser.until(lambda: "done" in browser.text("standing"), within=1)
    browser.until(lambda: f"login: {HOSTILE}" in browser.text("console"), within=1)
    assert "32.0 MiB, 6.4 MiB/s" in browser.text("timeline")
    assert "ConsoleLine" in browser.text("events").splitlines()[0]


def test_what_a_person_unfolded_stays_so(site: Running, browser: Browser) -> None:
    browser.driver.get(site.url + "/machines/rack-0001")
    alive(browser)
    browser.run("document.querySelector('.packet').open = true")
    site.do(lambda: site.fleet.change(site.fleet.lines["rack-0001"]))
    site.do(lambda: site.fleet.tell(spoken(1, "one more")))

    browser.until(lambda: "one more" in browser.text("console"), within=1)
    assert browser.run("return document.querySelector('.packet').open")


def test_ages_count_on_in_the_words_of_the_server(site: Running, browser: Browser) -> None:
    browser.driver.get(site.url + "/")
    row = "machine:rack-0005"
    browser.until(lambda: "37 s ago" in browser.text(row), within=4)


def test_a_page_in_the_background_is_followed_no_longer(site: Running, browser: Browser) -> None:
    browser.driver.get(site.url + "/")
    alive(browser)
    first = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")

    browser.until(lambda: site.fleet.followed == 0)

    browser.driver.close()
    browser.driver.switch_to.window(first)
    browser.until(lambda: site.fleet.followed == 1)


def test_a_page_catches_up_when_the_server_is_back(browser: Browser) -> None:
    made = Fleet(3)
    browser.looks(1280)
    with running(made) as site:
        browser.driver.get(site.url + "/")
        alive(browser)
        port = int(site.url.rpartition(":")[2])
    browser.until(lambda: browser.text("liveness") == "not live: trying again")
    made.lines["rack-0002"] = msgspec.structs.replace(made.lines["rack-0002"], state=State.HELD)

    with running(made, port=port):
        browser.until(lambda: "held" in browser.text("machine:rack-0002"), within=10)
        assert "live" == browser.text("liveness")
    browser.complaints()  # that nobody answered, for a while


def test_a_page_that_is_refused_asks_again_later(browser: Browser) -> None:
    made = Fleet(3)
    browser.looks(1280)
    with running(made) as site:
        browser.driver.get(site.url + "/machines/rack-0002")
        alive(browser)
        gone = made.lines.pop("rack-0002")
        browser.run("dispatchEvent(new Event('pagehide')); dispatchEvent(new Event('pageshow'))")
        browser.until(lambda: browser.text("liveness") == "not live: trying again")
        made.lines["rack-0002"] = gone

        browser.until(lambda: browser.text("liveness") == "live", within=10)
    browser.complaints()  # that it was not found


def test_an_action_is_asked_for_before_it_is_done(site: Running, browser: Browser) -> None:
    site.fleet.done.clear()
    browser.looks(1280)
    browser.driver.get(site.url + "/machines/rack-0003")
    browser.driver.find_element(By.LINK_TEXT, "Netboot once…").click()

    comes_to(browser, "Netboot once: rack-0003?")
    assert [] == site.fleet.done

    browser.driver.find_element(By.CSS_SELECTOR, "form.ask button").click()
    browser.until(lambda: "Done: Netboot once." in browser.text("main"))
    assert ["order"] == [what for what, *_ in site.fleet.done]


def test_a_run_is_watched_from_writing_to_its_end(site: Running, browser: Browser) -> None:
    site.fleet.runs_["w-8"] = run_of("w-8")
    browser.looks(1280)
    browser.driver.get(site.url + "/workflows/w-8")
    alive(browser)
    site.do(lambda: site.fleet.say("frame 9 of 9", "w-8"))
    browser.until(lambda: "frame 9 of 9" in browser.text("log"), within=2)
    site.do(lambda: site.fleet.move(waiting("w-8")))
    browser.until(lambda: "needs a person" in browser.text("run"), within=1)
    assert "Take it as done…" in browser.text("run")
    site.do(lambda: site.fleet.move(succeeded("w-8")))

    browser.until(lambda: "success" in browser.text("run"), within=1)
    assert "frame 9 of 9" in browser.text("log")


def test_a_machine_is_provisioned_by_a_workflow_after_its_name_was_typed(
    site: Running, browser: Browser
) -> None:
    site.fleet.done.clear()
    browser.looks(1280)
    browser.driver.get(site.url + "/machines/rack-0003")
    browser.driver.find_element(By.LINK_TEXT, "Provision by workflow…").click()
    comes_to(browser, "Provision rack-0003 by a workflow")
    browser.driver.find_element(By.ID, "template").send_keys("version: '0.1'")
    browser.driver.find_element(By.ID, "policy").send_keys("force")
    browser.driver.find_element(By.ID, "disks").send_keys("BOOTS-1" + Keys.ENTER)
    comes_to(browser, "debian on rack-0003?")
    assert [] == site.fleet.done

    browser.driver.find_element(By.ID, "typed").send_keys("rack-0003" + Keys.ENTER)
    comes_to(browser, "debian on rack-0003")
    assert ["create"] == [what for what, *_ in site.fleet.done]


def test_a_token_opens_the_pages_and_leaving_closes_them(browser: Browser) -> None:
    made = Fleet(3)
    made.bearers["good"] = Me(name="vera", role=Role.VIEWER)
    browser.looks(1280)
    with running(made, tokens=True) as site:
        browser.driver.get(site.url + "/machines/rack-0002")
        browser.driver.find_element(By.ID, "token").send_keys("good" + Keys.ENTER)
        comes_to(browser, "rack-0002")
        assert "vera viewer" in browser.driver.find_element(By.CLASS_NAME, "who").text
        alive(browser)

        browser.driver.find_element(By.CSS_SELECTOR, ".who button").click()
        comes_to(browser, "Log in")
        browser.driver.get(site.url + "/boots")
        comes_to(browser, "Log in")


def test_all_can_be_read_searched_and_done_without_javascript(
    site: Running, still: Browser
) -> None:
    site.fleet.done.clear()
    still.looks(1280)
    still.driver.get(site.url + "/")
    still.driver.find_element(By.ID, "q").send_keys("rack-0303" + Keys.ENTER)
    still.until(lambda: "1 of 1 machine" in still.text("main"))

    still.driver.find_element(By.LINK_TEXT, "rack-0303").click()
    comes_to(still, "rack-0303")

    still.driver.find_element(By.LINK_TEXT, "Netboot off…").click()
    comes_to(still, "Netboot off: rack-0303?")
    still.driver.find_element(By.CSS_SELECTOR, "form.ask button").click()
    still.until(lambda: "Done: Netboot off." in still.text("main"))
    assert [] == [url for url in still.requests() if "/live/" in url]  # it is off indeed
    assert ["order"] == [what for what, *_ in site.fleet.done]

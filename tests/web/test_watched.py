"""Machines boot from the running server, and the page that is open shows it as it happens.

What counts is the time from an event, as the journal has it, to its picture.  Left out is what
other work of this computer takes meanwhile: while the server could run and had no turn, and by how
much the page's own pictures were late, which it asks for every 50 ms all the while.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.peers.conftest import NIC, Boots, boots, lan_with, run
from tests.peers.fair import queued
from tests.peers.test_simulate import ALL, CLIENT, SERVER, SIMULATE, files, records
from tests.web.browser import Browser, lacking

from boots.journal import events
from boots.lab import network

pytestmark = [pytest.mark.peers, pytest.mark.alone]

PAGE = "http://127.0.0.1:8081"
WITHIN = 1.0  # seconds
SCRIPT_OR_LATER = ("script", "kernel", "initrd", "system")

# When a row first showed each state and stage; and how late a picture was that was asked for.
_WATCH = """
window.seen = {};
window.late = [];
const note = (what) => requestAnimationFrame(() => { seen[what] ??= Date.now() / 1000; });
const look = () => {
  for (const row of document.querySelectorAll("table.fleet tbody tr")) {
    const state = row.querySelector(".state").textContent.trim().split(" ").pop();
    const stage = row.querySelector(".c-stage span")?.textContent ?? "";
    for (const what of [state, stage]) note(`${row.id} ${what}`);
  }
};
new MutationObserver(look).observe(document.getElementById("main"),
  {subtree: true, childList: true, characterData: true, attributes: true});
const beat = (due) => setTimeout(() => requestAnimationFrame(() => {
  late.push([Date.now() / 1000, Math.max(0, performance.now() - due) / 1000]);
  beat(performance.now() + 50);
}), 50);
beat(performance.now() + 50);
"""
Notes = Sequence[tuple[float, float]]
"""Moments, in seconds since 1970, and what was so then."""


def test_each_step_is_on_the_page_within_a_second(tmp_path: Path) -> None:
    lacking()
    fleet = ("--machines", "8", "--mix", ALL)
    known = records(*fleet)
    with (
        lan_with(SERVER, CLIENT) as lan,
        boots(lan.server, tmp_path, "--boot-files", files(tmp_path), records=known) as one,
        network.within(lan.server),
        Browser(tmp_path / "chromium") as browser,
    ):
        browser.driver.get(PAGE)
        browser.until(lambda: browser.text("liveness") == "live")
        assert "unseen" in browser.text("machine:sim-00001")
        browser.run(_WATCH)
        with in_the_queue(one) as stood:
            done = run(
                lan.client, *SIMULATE, "--interface", NIC, "--arrival", "2", *fleet, timeout=90
            )
            assert done.returncode == 0, done.stdout
            happened = moments(one, known)
            browser.until(lambda: set(happened) <= set(shown(browser)), within=20)
        late: Notes = browser.run("return late")
        seen = shown(browser)

        browser.driver.get(f"{PAGE}/machines/sim-00001")
        browser.until(lambda: browser.text("liveness") == "live")
        assert "firmware DHCP" in browser.text("timeline")
        assert "loads undionly.kpxe over TFTP" in browser.text("timeline")
        assert "#!ipxe" in browser.text("main")
        assert [] == browser.complaints()

    took = {what: seen[what] - at for what, at in happened.items()}
    others = {what: taken(stood, late, at, seen[what]) for what, at in happened.items()}
    for what, seconds in took.items():
        print(f"  {what:20} {seconds:6.3f} s, of which others took {others[what]:.3f} s at most")
    assert len(happened) == 14  # eight are heard, and six of them get a script
    # A browser's clock has milliseconds.
    assert all(-0.002 <= took[what] <= WITHIN + others[what] for what in took), took


def moments(server: Boots, known: str) -> dict[str, float]:
    """When each machine was heard first, and got its script, as the journal has it."""
    names = dict(re.findall(r"name: (\S+)\s+mac: (\S+)", known))
    by_mac = {mac: name for name, mac in names.items()}
    found: dict[str, float] = {}
    for entry in map(events.decode, server.journal.read_bytes().splitlines()):
        match entry.event:
            case events.OfferSent(mac=mac):
                found.setdefault(f"{by_mac[mac]} heard", entry.at)
            case events.ScriptServed(mac=mac):
                found.setdefault(f"{by_mac[mac]} script", entry.at)
    return found


def shown(browser: Browser) -> dict[str, float]:
    """When the page showed each of these first; a row may pass over a stage."""
    found: dict[str, float] = {}
    said: Mapping[str, float] = browser.run("return seen")
    for what, at in sorted(said.items(), key=lambda each: each[1]):
        row, _, word = what.partition(" ")
        name = row.removeprefix("machine:")
        if word == "running":
            found.setdefault(f"{name} heard", at)
        if word in SCRIPT_OR_LATER:
            found.setdefault(f"{name} script", at)
    return found


@contextmanager
def in_the_queue(server: Boots) -> Iterator[Notes]:
    """How long a server could run and had no turn, in all, noted every 20 ms."""
    notes, over = [(time.time(), queued(server.process.pid))], threading.Event()

    def note() -> None:
        while not over.wait(0.02):
            notes.append((time.time(), queued(server.process.pid)))

    thread = threading.Thread(target=note)
    thread.start()
    try:
        yield notes
    finally:
        over.set()
        thread.join()


def taken(stood: Notes, late: Notes, since: float, until: float) -> float:
    """The seconds that other work took in this time, of the server and of the page."""
    before = max((total for at, total in stood if at <= since), default=stood[0][1])
    after = min((total for at, total in stood if at >= until), default=stood[-1][1])
    pictures = [by for at, by in late if since <= at <= until + by]
    return after - before + max(pictures, default=0.0)

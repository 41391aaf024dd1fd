"""Machines boot from the running server, and the page that is open shows it as it happens."""

from pathlib import Path

import pytest
from tests.peers.conftest import NIC, boots, lan_with, started
from tests.peers.test_simulate import ALL, CLIENT, SERVER, SIMULATE, files, records
from tests.web.browser import Browser, lacking

from boots.journal import events
from boots.lab import network

pytestmark = [pytest.mark.peers, pytest.mark.alone]

PAGE = "http://127.0.0.1:8081"


def test_each_step_is_on_the_page_within_a_second(tmp_path: Path) -> None:
    lacking()
    fleet = ("--machines", "8", "--mix", ALL)
    with (
        lan_with(SERVER, CLIENT) as lan,
        boots(
            lan.server, tmp_path, "--boot-files", files(tmp_path), records=records(*fleet)
        ) as one,
        network.within(lan.server),
        Browser(tmp_path / "chromium") as browser,
    ):
        browser.driver.get(PAGE)
        browser.until(lambda: browser.text("liveness") == "live")
        assert "unseen" in browser.text("machine:sim-00001")
        with started(lan.client, *SIMULATE, "--interface", NIC, "--arrival", "2", *fleet):
            seen = one.until(events.OfferSent, timeout=30)
            row = f"machine:{name_of(browser, seen.mac)}"
            browser.until(lambda: "running" in browser.text(row), within=1)
            one.until(events.ScriptServed, timeout=30, mac=seen.mac)
            later = ("script", "kernel", "initrd", "system")
            browser.until(lambda: any(stage in browser.text(row) for stage in later), within=1)

        browser.driver.get(f"{PAGE}/machines/{seen.mac}")
        browser.until(lambda: browser.text("liveness") == "live")
        assert "firmware DHCP" in browser.text("timeline")
        assert "loads undionly.kpxe over TFTP" in browser.text("timeline")
        assert "#!ipxe" in browser.text("main")
        assert [] == browser.complaints()


def name_of(browser: Browser, mac: str) -> str:
    """The machine that has a MAC, as the search of the page finds it."""
    script = """
        const got = new XMLHttpRequest();
        got.open("GET", "/v1/machines/" + arguments[0], false);
        got.send();
        return JSON.parse(got.responseText).line.name;
    """
    return str(browser.run(script, mac))

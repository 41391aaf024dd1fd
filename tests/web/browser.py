"""Debian's Chromium without a screen, and the pages in a thread beside it."""

import asyncio
import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from tests.web.fleet import Fleet
from tests.web.served import served

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")


@dataclass
class Running:
    """The site, and the loop that it runs on."""

    url: str
    fleet: Fleet
    loop: asyncio.AbstractEventLoop

    def do(self, what: Callable[[], Any]) -> None:
        """Have something happen where the pages are."""
        done: Future[None] = Future()

        def act() -> None:
            what()
            done.set_result(None)

        self.loop.call_soon_threadsafe(act)
        done.result(timeout=5)


@contextlib.contextmanager
def running(fleet: Fleet, *, tokens: bool = False, port: int = 0) -> Iterator[Running]:
    """The site in a thread."""
    made: Future[Running] = Future()
    over = asyncio.Event()

    async def serve() -> None:
        async with served(fleet, tokens=tokens, port=port) as site:
            made.set_result(Running(site.url, fleet, asyncio.get_running_loop()))
            await over.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        site = made.result(timeout=10)
        yield site
    finally:
        site.loop.call_soon_threadsafe(over.set)
        thread.join(timeout=10)
    assert not thread.is_alive()


class Browser:
    """Chromium, 1280 or 390 pixels wide, in the dark or not."""

    def __init__(self, folder: Path, *, javascript: bool = True) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for word in ("--headless=new", "--disable-gpu", "--hide-scrollbars", "--no-first-run"):
            options.add_argument(word)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.add_argument("--disable-dev-shm-usage")
        options.add_argument("--disable-background-networking")
        options.add_argument(f"--user-data-dir={folder / 'profile'}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        if not javascript:
            values = {"profile.managed_default_content_settings.javascript": 2}
            options.add_experimental_option("prefs", values)
        self.driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))

    def looks(self, width: int = 1280, height: int = 900, *, dark: bool = False) -> None:
        """Have a screen of this size; a narrow one is a phone's."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def picture(self, place: Path, *, whole: bool = False) -> None:
        """Take a picture of the window, or of the whole page."""
        more = {"captureBeyondViewport": True} if whole else {}
        if whole:
            size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
            more["clip"] = {**size, "scale": 1, "height": min(size["height"], 6000)}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", more)
        import base64

        place.write_bytes(base64.b64decode(shot["data"]))

    def run(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def until(self, what: Callable[[], Any], within: float = 5.0) -> Any:
        """Wait for something that the page does; what it is then."""
        deadline = time.monotonic() + within
        while not (found := what()):
            assert time.monotonic() < deadline, f"not within {within} s"
            time.sleep(0.02)  # a browser tells nobody
        return found

    def complaints(self) -> list[str]:
        """What its console said that is an error."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] in {"SEVERE", "WARNING"}
        ]

    def requests(self) -> list[str]:
        """The URLs that were asked for since this was asked last."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def text(self, identity: str) -> str:
        """What an element says; nothing where there is none."""
        script = "return document.getElementById(arguments[0])?.innerText ?? ''"
        return str(self.run(script, identity))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()


def lacking() -> None:
    """Skip, or fail where everything must be there."""
    missing = [str(each) for each in (CHROMIUM, DRIVER) if not each.exists()]
    if missing:
        why = f"{', '.join(missing)} not installed"
        if os.environ.get("PEERS") == "required":
            pytest.fail(why)
        pytest.skip(why)

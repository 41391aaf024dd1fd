"""A server, a machine and a browser in one network namespace: boots are watched as people do it.

The operator's listener is on loopback there, so whoever looks at its pages must be there as well:
the thread of the tests is, and with it all that it starts.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

from tests.peers.conftest import Boots, Kind, boots, need
from tests.web.browser import Browser

from boots.client.client import Client
from boots.journal import events
from boots.journal.events import AnyEvent, Entry
from boots.lab import accelerator, network
from boots.lab.emulator import End, linked
from boots.lab.firmware import Firmware
from boots.lab.link import Link
from boots.lab.machine import VirtualMachine
from boots.lab.qemu import Files, Spec
from boots.lab.words import MAC, UUID

URL = "http://127.0.0.1:8081"
SERVER = IPv4Interface("192.168.77.1/24")
BRIDGE, TAP = "br-lab", "tap-lab"
FAR, PORT = "far-lab", "to-far"
NAME = "watched-1"
RECORD = f"""\
machines:
  - name: {NAME}
    mac: {MAC}
    address: 192.168.77.10/24
    gateway: 192.168.77.1
    then: poweroff
"""

# When a window first showed each thing: written down as the next picture is drawn.
_WATCH = """
window.seen = {};
const plain = (element) => element.textContent.trim().replace(/\\s+/g, " ");
const note = (what) => requestAnimationFrame(() => { seen[what] ??= Date.now() / 1000; });
const look = () => {
  for (const step of document.querySelectorAll("#timeline li")) {
    const stage = step.querySelector("strong").textContent;
    note(`${stage} begins`);
    if (!step.classList.contains("running")) note(`${stage} ends`);
  }
  for (const row of document.querySelectorAll("table.fleet tbody tr")) {
    note(`${row.querySelector(".c-stage span:first-child")?.textContent ?? "no stage"} begins`);
    note(`is ${row.querySelector(".state")?.textContent.trim().split(" ").pop()}`);
  }
  for (const line of document.querySelectorAll(".said")) note(`said ${plain(line)}`);
  for (const box of document.querySelectorAll(".finding, .banner")) note(plain(box));
  const state = document.querySelector("#standing .state");
  if (state) note(`is ${state.textContent.trim().split(" ").pop()}`);
};
new MutationObserver(look).observe(document.getElementById("main"),
  {subtree: true, childList: true, characterData: true, attributes: true});
look();
"""


def first(entries: Iterable[Entry], kind: type[AnyEvent], **fields: object) -> float:
    """When the first event of a kind was, with these values."""
    return next(
        entry.at
        for entry in entries
        if isinstance(entry.event, kind)
        and all(getattr(entry.event, name) == value for name, value in fields.items())
    )


@dataclass
class Watched:
    """A server whose pages are looked at, in the namespace that the thread is in."""

    namespace: str
    folder: Path
    server: Boots
    browser: Browser
    interface: str
    environment: Mapping[str, str]
    machine: VirtualMachine | None = None

    @property
    def api(self) -> Client:
        return Client(URL)

    def entries(self) -> list[Entry]:
        """What its journal has."""
        return [events.decode(line) for line in self.server.journal.read_bytes().splitlines()]

    def told(self, kind: type[Kind], **fields: object) -> list[Kind]:
        """The events of a kind, with these values."""
        return self.server.told(kind, **fields)

    def count(self, kind: type[AnyEvent]) -> int:
        """How many of them there were."""
        return len(self.told(kind))

    def moment(self, kind: type[AnyEvent], **fields: object) -> float:
        """When the first such event was; waits for it."""
        self.server.until(kind, timeout=60, **fields)
        return first(self.entries(), kind, **fields)

    def explain(self, mac: str = MAC) -> str:
        """What the command prints."""
        words = [sys.executable, "-m", "boots", "explain", mac]
        words += ["--machines", str(self.folder / "machines"), "--interface", self.interface]
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, **self.environment},
        )
        return done.stdout + done.stderr

    def window(self, path: str) -> "Window":
        """A page in a window of its own, alive."""
        driver = self.browser.driver
        driver.switch_to.new_window("window")
        driver.get(URL + path)
        self.browser.until(lambda: "live" == self.browser.run(_LIVENESS))
        self.browser.run(_WATCH)
        return Window(self.browser, driver.current_window_handle)

    @contextlib.contextmanager
    def power(self, firmware: Firmware, **more: Any) -> Iterator[VirtualMachine]:
        """The machine, switched on."""
        spec = Spec(firmware, MAC, UUID, TAP, **{"disk": 0, **more})
        files = Files(self.folder / "machine")
        with VirtualMachine.start(spec, files, accelerator.choose()) as machine:
            self.machine = machine
            yield machine

    def until(self, what: Callable[[], Any], within: float) -> Any:
        """Wait for something; what it is then."""
        deadline = time.monotonic() + within
        while not (found := what()):
            assert time.monotonic() < deadline, f"not within {within} s: {self.evidence()}"
            time.sleep(0.05)  # neither a browser nor a machine tells when
        return found

    def evidence(self) -> str:
        """What came instead, for who has to find out why."""
        console = self.machine.files.console.read_text(errors="replace") if self.machine else ""
        told = "\n".join(self.server.journal.read_text().splitlines()[-40:])
        return f"{told[-6000:]}\n{console[-2000:]}"


_LIVENESS = "return document.getElementById('liveness').textContent"


@dataclass
class Window:
    """One page that is alive."""

    browser: Browser
    handle: str

    def run(self, script: str, *values: Any) -> Any:
        self.browser.driver.switch_to.window(self.handle)
        return self.browser.run(script, *values)

    def text(self, identity: str = "main") -> str:
        """What stands on it now, without what the style sheet makes of it."""
        found = self.run("return document.getElementById(arguments[0])?.textContent", identity)
        return " ".join(str(found or "").split())

    def seen(self) -> dict[str, float]:
        """When it first showed each thing, in seconds since 1970."""
        found: dict[str, float] = self.run("return window.seen")
        return found

    def pictures(self, folder: Path, name: str) -> None:
        """The whole page as on a desk and as on a phone."""
        self.browser.driver.switch_to.window(self.handle)
        for width in (1280, 390):
            self.browser.looks(width)
            self.browser.picture(folder / f"{name}-{width}.png", whole=True)
        self.browser.looks(1280)

    def close(self) -> None:
        self.browser.driver.switch_to.window(self.handle)
        self.browser.driver.close()
        self.browser.driver.switch_to.window(self.browser.driver.window_handles[0])


@contextlib.contextmanager
def watched(
    namespace: str,
    browser: Browser,
    folder: Path,
    *flags: str | Path,
    records: str = RECORD,
    environment: Mapping[str, str] | None = None,
    before: tuple[str, ...] = (),
    delay: float = 0,
) -> Iterator[Watched]:
    """A bridge with a machine's tap in the namespace that we are in, and a server on it.

    The server is `delay` seconds away from the bridge, each way.
    """
    need("qemu-system-x86_64")
    interface = FAR if delay else BRIDGE
    with contextlib.ExitStack() as made:
        made.enter_context(network.bridge(BRIDGE, None if delay else SERVER))
        made.enter_context(network.tap(TAP, BRIDGE))
        if delay:
            near, far = End(FAR, SERVER), End(PORT, bridge=BRIDGE)
            made.enter_context(linked(near, far, Link(delay=delay)))
        server = made.enter_context(
            boots(
                namespace,
                folder,
                *flags,
                records=records,
                interfaces=[interface],
                environment=environment,
                before=before,
            )
        )
        made.callback(_close_windows, browser)
        yield Watched(namespace, folder, server, browser, interface, environment or {})


def _close_windows(browser: Browser) -> None:
    """All but the first."""
    driver = browser.driver
    first, *others = driver.window_handles
    for handle in others:
        driver.switch_to.window(handle)
        driver.close()
    driver.switch_to.window(first)

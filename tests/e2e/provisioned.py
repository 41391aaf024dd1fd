"""A server with a store and its API, and a machine that is provisioned: all in one namespace.

The server can be killed and started again with what it had, the machine's power can fail, and its
cable be pulled; its disk stays what it is.
"""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

from tests.peers.conftest import Boots, launch, need

from boots.client.client import Client
from boots.client.connecting import ApiError, NoServer
from boots.client.workflows import Arming, NewRun, Run
from boots.images.adding import Wanted, add
from boots.journal import events
from boots.journal.events import AnyEvent
from boots.lab import accelerator, network, said
from boots.lab.emulator import Carried, End, linked
from boots.lab.firmware import Firmware
from boots.lab.machine import VirtualMachine
from boots.lab.qemu import Files, Spec
from boots.lab.words import MAC, UUID
from boots.model.arming import Policy

URL = "http://127.0.0.1:8081"
SERVER = IPv4Interface("192.168.77.1/24")
BRIDGE, TAP = "br-lab", "tap-lab"
FAR, PORT = "far-lab", "to-far"
NAME = "node-1"
SERIAL = "BOOTS-LAB-1-DISK"
IMAGES = f"http://{SERVER.ip}:8080/images"
MIB = 1 << 20
RECORD = f"""\
machines:
  - name: {NAME}
    mac: {MAC}
    address: 192.168.77.10/24
    gateway: 192.168.77.1
    disks: [/dev/vda]
"""
# An image of the folder `chance`, unless a person names another, and then the machine is off.
WRITE = """\
version: "0.1"
name: write
global_timeout: 1200
tasks:
  - name: write
    worker: "{{ .device_1 }}"
    actions:
      - name: image
        image: image2disk
        timeout: 900
        environment:
          IMG_URL: '{{ get . "image" | default "images/chance/index.json" }}'
          SHA256: '{{ get . "sha256" }}'
          DEST_DISK: "{{ index .Hardware.Disks 0 }}"
      - name: "off"
        image: poweroff
        timeout: 60
"""
UP = f"{NAME} ttyS0"
"""What Debian says on its console when somebody could log in."""


@dataclass
class Provisioned:
    """One server and one machine, in the namespace that the thread is in."""

    namespace: str
    folder: Path
    environment: Mapping[str, str]
    server: Boots
    interface: str = BRIDGE
    link: Carried | None = None
    machine: VirtualMachine | None = None
    console: list[str] = field(default_factory=list)
    _mark: int = 0

    @property
    def api(self) -> Client:
        return Client(URL)

    @property
    def disk(self) -> Path:
        """What is on the machine's disk."""
        return Files(self.folder / "machine").disk()

    # --- the server

    def kill_server(self) -> None:
        """As ``kill -9`` does."""
        self.server.process.kill()
        self.server.process.wait()

    def start_server(self) -> None:
        """With what the one before had."""
        self.server.journal.rename(self.folder / f"journal-{time.monotonic_ns()}.jsonl")
        self.server = _launched(self.namespace, self.folder, self.environment, self.interface)

    def told(self, kind: type[AnyEvent], **fields: object) -> list[Any]:
        """The events of a kind since the server was started, with these values."""
        return self.server.told(kind, **fields)

    # --- the machine

    @contextlib.contextmanager
    def power(self, firmware: Firmware, **more: Any) -> Iterator[VirtualMachine]:
        """The machine, switched on until the `with` ends."""
        again = Files(self.folder / "machine").console.exists() and not more.pop("new", False)
        spec = Spec(
            firmware,
            MAC,
            UUID,
            TAP,
            reboot=True,
            again=again,
            **{"memory": 1024, "disk": 2048, "processors": 2, **more},
        )
        files = Files(self.folder / "machine")
        with VirtualMachine.start(spec, files, accelerator.choose()) as machine:
            self.machine = machine
            self._mark = len(self.console)
            yield machine

    def says(self, text: str, within: float = 180) -> None:
        """Wait until the machine says something on its console, since it was switched on."""
        self.until(lambda: self._heard(text), within, f"the console never said {text!r}")

    def _heard(self, text: str) -> bool:
        self.listen()
        return any(text in line for line in self.console[self._mark :])

    def listen(self) -> list[str]:
        """All that the machine said so far."""
        if self.machine is not None:
            self.console += self.machine.new_lines()
        return self.console

    # --- its run

    def provision(
        self,
        template: str,
        policy: Policy = Policy.EMPTY_ONLY,
        disks: tuple[str, ...] = (),
        **more: Any,
    ) -> str:
        """Begin a run; its id."""
        arm = Arming(policy=policy, disks=disks)
        return self.api.create_run(NewRun(NAME, template, arm=arm, **more)).line.id

    def run(self, identity: str) -> Run | None:
        """The run as it is; None while the server does not answer."""
        try:
            return self.api.run(identity)
        except (ApiError, NoServer, OSError):
            return None

    def becomes(self, identity: str, *states: str, within: float = 240) -> Run:
        """Wait until a run is in one of these states (or has one of these sub-states)."""

        def there() -> Run | None:
            found = self.run(identity)
            return found if found and {found.line.state, found.line.sub} & {*states} else None

        return self.until(there, within, f"the run was never {' or '.join(states)}")

    def writing(self, identity: str, share: float = 0.05, within: float = 180) -> Run:
        """Wait until an image is being written, and so much of it is on the disk."""

        def there() -> Run | None:
            found = self.run(identity)
            if found is None:
                return None
            assert found.line.state in {"PREPARING", "PENDING", "RUNNING"}, self.evidence()
            at = [each for each in found.steps if each.phase == "write" and each.state == "RUNNING"]
            return found if at and at[0].progress >= share else None

        return self.until(there, within, "nothing was being written")

    def log(self, identity: str) -> list[str]:
        """What the run's actions said."""
        return [line.text for line in self.api.all_run_lines(identity)]

    def until(self, what: Callable[[], Any], within: float, else_: str = "") -> Any:
        """Wait for something; what it is then."""
        deadline = time.monotonic() + within
        while not (found := what()):
            assert time.monotonic() < deadline, f"{else_} within {within} s: {self.evidence()}"
            time.sleep(0.1)  # neither a machine nor a run tells when
        return found

    def evidence(self) -> str:
        """What came instead, for who has to find out why."""
        told = "\n".join(self.server.journal.read_text().splitlines()[-30:])
        said = "\n".join(self.listen()[-40:])
        return f"evidence in {self.folder}\n{told[-6000:]}\n{said}"


def partitions(disk: Path) -> dict[str, Any]:
    """A disk's partition table, whole."""
    done = subprocess.run(["sfdisk", "--json", disk], check=True, capture_output=True)
    found: dict[str, Any] = json.loads(done.stdout)["partitiontable"]
    return found


def add_image(source: Path, name: str, folder: Path) -> None:
    """As an operator adds one."""
    add(Wanted(str(source), name, folder, level=1), lambda *_: None)


@contextlib.contextmanager
def provisioned(
    namespace: str,
    folder: Path,
    osie: str,
    images: Path,
    *,
    records: str = RECORD,
    environment: Mapping[str, str] | None = None,
    link: str | None = None,
) -> Iterator[Provisioned]:
    """A bridge with a machine's tap in the namespace that we are in, and a server on it.

    With a `link` (`boots.lab.said`) the server is at the other end of that from the bridge.
    """
    need("qemu-system-x86_64")
    own = {"BOOTS_BOOT_OSIE": osie, "BOOTS_BOOT_IMAGES": str(images), **(environment or {})}
    interface, carried = BRIDGE if link is None else FAR, None
    with contextlib.ExitStack() as made:
        made.enter_context(network.bridge(BRIDGE, SERVER if link is None else None))
        made.enter_context(network.tap(TAP, BRIDGE))
        if link is not None:
            ends = End(PORT, bridge=BRIDGE), End(FAR, SERVER)
            carried = made.enter_context(linked(*ends, *said.links(link)))
        (folder / "machines").mkdir(parents=True, exist_ok=True)
        server = _launched(namespace, folder, own, interface, records=records)
        place = Provisioned(namespace, folder, own, server, interface, carried)
        try:
            yield place
            place.server.stop()
        finally:
            if place.server.process.poll() is None:
                place.kill_server()


def _launched(
    namespace: str,
    folder: Path,
    environment: Mapping[str, str],
    interface: str,
    records: str = RECORD,
) -> Boots:
    server = launch(
        namespace, folder, records=records, interfaces=[interface], environment=environment
    )
    server.until(events.ServerStarted, timeout=60)
    return server

"""A run over the network, server processes and all: workers pass on, and kill -9 loses nothing."""

import json
import re
import signal
import zlib
from pathlib import Path
from typing import Any

import pytest
from tests.app.runs.yard import inventory
from tests.peers.conftest import MAC, SERVER, Lan, boots, launch, need, run

from boots.client.client import Client
from boots.client.workflows import Arming, NewRun
from boots.journal import events
from boots.lab import network
from boots.model.order import Netboot

pytestmark = pytest.mark.peers

URL = f"http://{SERVER.ip}:8080"
TEMPLATE = """\
version: "0.1"
name: debian
tasks:
  - name: install
    worker: "{{ .device_1 }}"
    actions:
      - {name: look, image: inventory, timeout: 60}
      - name: write
        image: image2disk
        timeout: 600
        environment: {IMG_URL: "http://192.168.1.1/images/debian", DEST_DISK: /dev/vda}
      - {name: go, image: reboot, timeout: 60}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "osie").mkdir()
    for name in ("vmlinuz-x86_64", "initramfs-x86_64"):
        (tmp_path / "osie" / name).write_bytes(b"")
    return tmp_path


class Agent:
    """An agent that is a shell with curl."""

    def __init__(self, lan: Lan) -> None:
        self._lan = lan
        self.words: dict[str, Any] = {}
        self.key = ""
        self.sequence = 0

    def post(self, path: str, said: Any, *more: str) -> Any:
        """Ask; what it is told."""
        command = [need("curl"), "-s", "--retry", "5", "--retry-connrefused", "-X", "POST"]
        bearer = ["-H", f"Authorization: Bearer {self.key}"] if self.key else []
        body = ["--data-binary", said if isinstance(said, str) else json.dumps(said)]
        url = f"{URL}/{MAC}/agent/v1/{path}"
        told = run(self._lan.client, *command, *bearer, *body, *more, url).stdout
        return json.loads(told) if told.startswith("{") else told

    def hello(self) -> None:
        """Begin a session with the ticket of a new script."""
        text = run(self._lan.client, need("curl"), "-s", f"{URL}/auto.ipxe").stdout
        (ticket,) = re.findall(r"boots\.ticket=(\S+)", text)
        told = self.post("hello", {"ticket": ticket, "version": "0.1.0"})
        self.words = {"run": told["run"], "session": told["session"]}
        self.key, self.sequence = told["key"], 0

    def next(self) -> Any:
        return self.post("next", {**self.words, "wait": 5})

    def tell(self, kind: str, hand: Any, **more: Any) -> Any:
        self.sequence += 1
        at = {"step": hand["step"], "attempt": hand["attempt"]}
        happened = {"sequence": self.sequence, "type": kind, **at, **more}
        return self.post("events", {**self.words, "events": [happened]})

    def edges(self, hand: Any, folder: Path) -> str:
        """Send the ends of the disk that is armed."""
        (record,) = hand["armed"]
        ends = folder / "ends"
        ends.write_bytes(zlib.compress(bytes(2 << 20)))
        about = {**self.words, "step": hand["step"], "attempt": hand["attempt"]}
        about |= {"serial": record["serial"], "size": record["size"], "holds": ""}
        query = "&".join(f"{key}={value}" for key, value in about.items())
        told = self.post(f"edges?{query}", f"@{ends}", "-w", "%{http_code}")
        return str(told)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_goes_to_its_end_through_kill_9_of_the_server(
    lan: Lan, folder: Path, workers: str
) -> None:
    first = launch(lan.server, folder, "--workers", workers)
    try:
        first.until(events.ServerStarted, timeout=60)
        with network.within(lan.server):
            made = Client().create_run(NewRun(machine="one", template=TEMPLATE, arm=Arming()))
        agent = Agent(lan)
        agent.hello()
        assert {"next": "workflow"} == agent.post("inventory", inventory())
        look = agent.next()
        agent.tell("started", look)
        agent.tell("ended", look, exit_code=0)
        write = agent.next()
        assert "write" == write["name"]
    finally:
        first.signal(signal.SIGKILL)
        first.process.wait()
    (folder / "journal.jsonl").unlink()

    with boots(lan.server, folder, "--workers", workers) as second:
        assert {**write, "now": 0} == {**agent.next(), "now": 0}, "the same, to the same session"
        agent.tell("started", write)
        assert "204" == agent.edges(write, folder)
        agent.tell("ended", write, exit_code=0)
        go = agent.next()
        with network.within(lan.server):
            order = Client().machine("one").order
        assert order is not None
        assert Netboot.OFF is order.netboot
        agent.tell("started", go)
        home = go["machine"]["phone_home"]
        assert (
            "204"
            == run(lan.client, need("curl"), "-s", "-X", "POST", "-w", "%{http_code}", home).stdout
        )
        with network.within(lan.server):
            assert "SUCCESS" == Client().run(made.line.id).line.state
        second.until(events.SystemSeen)
        assert 1 == len(second.told(events.SystemSeen))
        assert "netboot is off" in run(lan.client, need("curl"), "-s", f"{URL}/auto.ipxe").stdout

"""What else goes on beside boots: people edit, reload, look and order, and an agent works."""

import contextlib
import http.client
import json
import os
import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bench.place import LOAD_SPACE, SERVER
from bench.soak.churn import AGENT, OF_AGENT, Churn, write_records
from boots.client.client import Client
from boots.client.words import Role
from boots.client.workflows import NewRun
from boots.lab import network
from boots.model.order import Netboot

_TEMPLATE = """\
version: "0.1"
name: look
tasks:
  - name: look
    worker: "{{ .device_1 }}"
    actions:
      - {name: look, image: inventory, timeout: 60}
"""
_MADE = {"name": "made", "mac": "02:50:a6:00:00:02", "address": "10.0.200.1/16"}
_FOLLOWED = 2.0  # seconds without an event
_PAGES = ("/", f"/machines/{AGENT}", "/boots", "/events", "/workflows", "/discovered")


class Act(NamedTuple):
    """Something that is done again and again, `every` so many seconds."""

    every: float
    do: Callable[[], None]


@dataclass(slots=True)
class Bystanders:
    """All that is done; `faults` are what went wrong."""

    folder: Path
    pid: int
    churn: Churn
    pace: float = 1.0
    faults: list[str] = field(default_factory=list)
    done: int = 0
    _edition: int = 0
    _due: dict[int, float] = field(default_factory=dict)

    def turn(self, now: float) -> None:
        """Do what is due."""
        for number, act in enumerate(self._acts()):
            if now >= self._due.setdefault(number, now + act.every * self.pace):
                self._due[number] = now + act.every * self.pace
                self._attempt(act.do)

    def _attempt(self, do: Callable[[], None]) -> None:
        try:
            do()
            self.done += 1
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told at the end
            self.faults.append(f"{do.__name__}: {type(error).__name__}: {error}")

    def _acts(self) -> Sequence[Act]:
        return (
            Act(40, self.edit),
            Act(170, self.reload),
            Act(20, self.look),
            Act(30, self.follow),
            Act(60, self.order),
            Act(60, self.make),
            Act(90, self.token),
            Act(60, self.work),
            Act(15, self.scrape),
        )

    def edit(self) -> None:
        """A record file is saved with another value in it."""
        self._edition += 1
        write_records(self.folder, self.churn, self._edition)

    def reload(self) -> None:
        """SIGHUP."""
        os.kill(self.pid, signal.SIGHUP)

    def look(self) -> None:
        """The pages, and what the API has of all machines."""
        for path in _PAGES:
            _get("127.0.0.1", 8081, path)
        client = Client()
        sum(1 for _ in client.all_machines())
        client.boots(limit=200)
        client.events(limit=200, latest=True)
        client.health()

    def follow(self) -> None:
        """A stream of events, left in the middle."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", 8081)) as connection:
            connection.request("GET", "/v1/events/stream")
            answer = connection.getresponse()
            connection.sock.settimeout(_FOLLOWED)
            with contextlib.suppress(TimeoutError):
                for _ in range(4):
                    answer.readline()

    def order(self) -> None:
        """An order, and back."""
        client = Client()
        client.order(AGENT, Netboot.ONCE)
        client.withdraw(AGENT)

    def make(self) -> None:
        """A record through the API, changed and removed."""
        client = Client()
        client.create(_MADE)
        client.replace("made", {**_MADE, "domain": "made.example"})
        client.remove("made")

    def token(self) -> None:
        """A token, used and dropped."""
        client = Client()
        made = client.make_token(f"soak-{self._edition}-{self.done}", Role.VIEWER, 600)
        Client(token=made.secret).me()
        client.drop_token(made.token.id)

    def scrape(self) -> None:
        """Prometheus."""
        _get(str(SERVER), 8080, "/metrics")

    def work(self) -> None:
        """A run of a workflow, from its order to its end."""
        client = Client()
        made = client.create_run(NewRun(machine=AGENT, template=_TEMPLATE))
        with network.within(LOAD_SPACE):
            Agent().work()
        state = client.run(made.line.id).line.state
        if state != "SUCCESS":
            raise RuntimeError(f"the run is {state}")


def _get(host: str, port: int, path: str) -> bytes:
    with contextlib.closing(http.client.HTTPConnection(host, port, timeout=30)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return body


class Agent:
    """An agent in OSIE that does at once what it is told."""

    def __init__(self) -> None:
        self._key = ""
        self._words: dict[str, Any] = {}
        self._sequence = 0

    def work(self) -> None:
        """A whole run of actions."""
        script = _get(str(SERVER), 8080, f"/{OF_AGENT}/auto.ipxe").decode()
        (ticket,) = re.findall(r"boots\.ticket=(\S+)", script)
        told = self._say("hello", {"ticket": ticket, "version": "0.1.0"})
        self._words = {"run": told["run"], "session": told["session"]}
        self._key = told["key"]
        disk = {"name": "sda", "path": "/dev/sda", "size": 1 << 30, "serial": "S1"}
        self._say("inventory", {"version": 1, "disks": [disk], "nics": [], "system": {}})
        while (hand := self._say("next", {**self._words, "wait": 1}))["do"] == "action":
            self._tell("started", hand)
            self._tell("ended", hand, exit_code=0)

    def _tell(self, kind: str, hand: Any, **more: int) -> None:
        self._sequence += 1
        at = {"step": hand["step"], "attempt": hand["attempt"], "type": kind}
        self._say("events", {**self._words, "events": [{"sequence": self._sequence, **at, **more}]})

    def _say(self, path: str, said: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        with contextlib.closing(http.client.HTTPConnection(str(SERVER), 8080, timeout=30)) as made:
            made.request("POST", f"/{OF_AGENT}/agent/v1/{path}", json.dumps(said), headers)
            answer = made.getresponse()
            body = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
        return json.loads(body) if body else {}

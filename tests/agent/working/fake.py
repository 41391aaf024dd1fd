"""A server that speaks the agent's protocol over loopback, and keeps a run by the real rules.

Faults are put in by path: an answer that is lost after the request was worked on, a server that is
away or in trouble.
"""

import contextlib
import hashlib
import hmac
import json
import secrets
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from boots.workflow.actions import is_terminal
from boots.workflow.advancing import advance
from boots.workflow.handing import HandOut, NetbootOffFirst, Stop, expected, next_action
from boots.workflow.happened import Cancelled, Ended, HandedOut, Hello, NetbootOff, Started
from boots.workflow.run import Run, State, begin
from boots.workflow.words import Action, Task, Template

WORKER = "node-1"
TICKET = "one-time"
LOST, BUSY = "lost", "busy"


def action(name: str, image: str, **more: Any) -> Action:
    """An action; its environment are the words in capitals."""
    environment = {key: value for key, value in more.items() if key.isupper()}
    rest = {key: value for key, value in more.items() if not key.isupper()}
    return Action(name=name, image=image, environment=environment, **rest)


class Refused(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class FakeServer:
    """One run of one machine."""

    def __init__(self, *actions: Action) -> None:
        tasks = (Task(name="install", worker=WORKER, actions=actions),)
        self.run: Run = begin("w-1", Template(name="test", tasks=tasks), 0.0)
        self.disks: dict[str, list[dict[str, Any]]] = {}  # what is armed, by action
        self.faults: dict[str, list[str]] = defaultdict(list)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.lines: list[str] = []
        self.line = 1
        self.progress: list[dict[str, Any]] = []
        self.edges: list[tuple[dict[str, str], bytes]] = []
        self.kept_edges: dict[str, bytes] = {}
        self.messages: dict[str, str] = {}
        self.key = ""
        self.session = 0
        self.ticket_used = False
        self.next = "idle"
        self.at_progress = ""
        self.forgot_inventory = False
        self.turn = threading.Condition()
        self.now: Callable[[], float] = time.time
        self.largest = 0

    # --- what tests do

    def cancel(self) -> None:
        with self.turn:
            self.run = advance(self.run, Cancelled(by="somebody"), 0.0)
            self.turn.notify_all()

    def told(self, path: str) -> list[dict[str, Any]]:
        return [body for each, body in self.asked if each == path]

    def state(self, name: str) -> str:
        return next(each.state.value for each in self.run.steps if each.action.name == name)

    # --- what is answered

    def answer(self, path: str, query: dict[str, str], body: bytes, key: str) -> Any:
        if path == "edges":
            self._prove(key, query["run"], int(query["session"]))
            self.edges.append((query, body))
            return None
        said = json.loads(body)
        self.largest = max(self.largest, len(body))
        self.asked.append((path, said))
        if path.startswith("edges/"):
            self._prove(key, said["run"], said["session"])
            return zlib.compress(self.kept_edges[path.removeprefix("edges/")])
        return getattr(self, f"_{path}")(said, key)

    def _inventory(self, _said: dict[str, Any], _key: str) -> Any:
        self.forgot_inventory = False
        return {"next": "idle" if self.run.is_final else "workflow"}

    def _progress(self, _said: dict[str, Any], _key: str) -> Any:
        return {"next": self.at_progress} if self.at_progress else None

    def _hello(self, said: dict[str, Any], _key: str) -> Any:
        if self.run.is_final:
            return {"run": "", "next": "idle"}
        if "ticket" in said:
            if said["ticket"] != TICKET or self.ticket_used:
                raise Refused(403, "the ticket is not good")
            self.ticket_used = True
        elif not self.key or said["key"] != self.key or said["run"] != self.run.id:
            raise Refused(403, "the key is not good")
        self.key, self.session, self.line = secrets.token_hex(32), self.session + 1, 1
        self.run = advance(self.run, Hello(worker=WORKER, session=self.session), 0.0)
        wanted = expected(self.run, WORKER)
        return {
            "run": self.run.id,
            "session": self.session,
            "key": self.key,
            "now": self.now(),
            "expected": wanted,
        }

    def _next(self, said: dict[str, Any], key: str) -> Any:
        self._prove(key, said["run"], said["session"])
        until = time.monotonic() + min(0.3, said["wait"])
        if self.forgot_inventory:
            return {"do": "wait", "why": "it has not told its inventory", "tell": "inventory"}
        while True:
            answer = next_action(self.run, WORKER, self.session)
            if isinstance(answer, NetbootOffFirst):
                self.run = advance(self.run, NetbootOff(worker=WORKER), 0.0)
                continue
            if isinstance(answer, HandOut):
                return self._hand(answer)
            if isinstance(answer, Stop):
                return {"do": "stop", "why": answer.why, "next": self.next}
            if not self.turn.wait(until - time.monotonic()):
                return {"do": "wait", "why": answer.why}

    def _hand(self, out: HandOut) -> Any:
        named = {"step": out.step, "attempt": out.attempt}
        event = HandedOut(worker=WORKER, session=self.session, **named)
        self.run = advance(self.run, event, 0.0)
        part = self.run.steps[out.step].part.value
        records = self.disks.get(out.action.name, []) if part == "action" else []
        return {
            "do": "action",
            "now": self.now(),
            **named,
            "part": part,
            "name": out.action.name,
            "kind": out.action.image,
            "image": out.action.image,
            "command": list(out.command),
            "environment": dict(out.action.environment),
            "timeout": out.action.timeout,
            "terminal": is_terminal(out.action) and part == "action",
            "machine": {"name": WORKER},
            "armed": [self.signed({**named, **each}) for each in records],
        }

    def signed(self, record: dict[str, Any]) -> dict[str, Any]:
        return signed({"machine": WORKER, "run": self.run.id, **record}, self.key, self.now())

    def _events(self, said: dict[str, Any], key: str) -> Any:
        self._prove(key, said["run"], said["session"])
        for each in said["events"]:
            self._happened(each)
        for each in said["lines"]:
            if each["number"] == self.line:
                self.line += 1
                self.lines.append(each["text"])
        if "progress" in said:
            self.progress.append(said["progress"])
        self.turn.notify_all()
        over = self.run.is_final and self.run.state is not State.SUCCESS
        return {
            "expected": expected(self.run, WORKER),
            "line": self.line,
            "do": "cancel" if over else "go",
        }

    def _happened(self, each: dict[str, Any]) -> None:
        named = {key: each[key] for key in ("sequence", "step", "attempt")}
        if each["type"] == "started":
            event: Any = Started(worker=WORKER, session=self.session, **named)
        else:
            event = Ended(
                worker=WORKER,
                session=self.session,
                exit_code=each["exit_code"],
                timed_out=each["timed_out"],
                message=each["message"],
                **named,
            )
            self.messages.setdefault(self.run.steps[each["step"]].action.name, each["message"])
        self.run = advance(self.run, event, 0.0)

    def _prove(self, key: str, run: str, session: int) -> None:
        if not self.key or (key, run, session) != (self.key, self.run.id, self.session):
            raise Refused(401, "the session is another's by now")


def signed(record: dict[str, Any], key: str, now: float) -> dict[str, Any]:
    """A record as the server signs it; what is not said is harmless."""
    whole = {"policy": "empty-only", "known": [], "taken": False, "expires": now + 7200, **record}
    plain = json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()
    signature = hmac.new(bytes.fromhex(key), plain, hashlib.sha256).hexdigest()
    return {**whole, "signature": signature}


@contextlib.contextmanager
def listening(fake: FakeServer, port: int = 0) -> Iterator[str]:
    """The base URL at which it answers."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            path = parts.path.split("/agent/v1/")[1]
            body = self.rfile.read(int(self.headers["Content-Length"]))
            key = self.headers.get("Authorization", "").removeprefix("Bearer ")
            fault = fake.faults[path].pop(0) if fake.faults[path] else ""
            if fault == BUSY:
                self._send(503, b"busy")
                return
            try:
                with fake.turn:
                    content = fake.answer(path, dict(parse_qsl(parts.query)), body, key)
            except Refused as refused:
                self._send(refused.status, str(refused).encode())
                return
            if fault == LOST:
                self.close_connection = True
                return
            if content is None:
                self._send(204, b"")
            else:
                self._send(200, content if isinstance(content, bytes) else _json(content))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """The agent was killed in the middle of asking."""

    with Quiet(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/52:54:00:12:34:56"
        finally:
            server.shutdown()
            thread.join()


def _json(content: Any) -> bytes:
    return json.dumps(content).encode()

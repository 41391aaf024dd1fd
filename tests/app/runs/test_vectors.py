"""Each question of an agent's session and its answer, as the agent's tests read them.

With ``UPDATE_VECTORS=1`` in the environment the files are written anew.
"""

import asyncio
import itertools
import json
import os
import secrets
import zlib
from pathlib import Path
from typing import Any

import pytest
from tests.app.runs.yard import SERIAL, SIZE, Refused, Yard, new_run, opened

FOLDER = Path(__file__).parents[2] / "vectors" / "agent" / "session"
TEMPLATE = """\
version: "0.1"
name: debian
tasks:
  - name: install
    worker: "{{ .device_1 }}"
    actions:
      - name: write
        image: quay.io/tinkerbell/actions/image2disk:latest
        timeout: 600
        on-failure: [sh, -c, "dmesg | tail"]
        environment: {IMG_URL: "http://192.168.1.1:8080/images/debian", DEST_DISK: /dev/vda}
"""


class Recorder:
    """Asks as an agent does, and notes both sides."""

    def __init__(self, yard: Yard) -> None:
        self.agent = yard.agent()
        self.made: dict[str, Any] = {}

    async def asks(self, name: str, path: str, content: Any, key: str = "") -> Any:
        """Ask, and note it under a name."""
        answer: dict[str, Any] = {}
        told = None
        try:
            told = await self.agent.asked(path, content, key)
            answer = {"status": 204} if told is None else {"status": 200, "content": told}
        except Refused as refused:
            answer = {"status": refused.status, "text": refused.why}
        request = {"method": "POST", "path": f"/agent/v1/{path}"}
        if key:
            request["authorization"] = f"Bearer {key}"
        self.made[name] = {"request": {**request, "content": content}, "response": answer}
        return told

    async def sends(self, name: str, path: str, key: str) -> None:
        """Send ends of a disk, and note the question without them."""
        status, _ = await self.agent.post(path, zlib.compress(bytes(2 << 20)), key)
        request = {"method": "POST", "path": f"/agent/v1/{path}", "authorization": f"Bearer {key}"}
        body = "zlib of the first and the last MiB of the disk"
        self.made[name] = {"request": {**request, "body": body}, "response": {"status": status}}


async def story(yard: Yard) -> dict[str, Any]:
    """All that can be said in a session."""
    asked = Recorder(yard)
    await asked.asks("hello-nothing", "hello", {"ticket": "", "version": "0.1.0"})
    await yard.tells()
    await yard.provision(new_run(TEMPLATE))
    text = yard.ticket()
    hello = await asked.asks("hello-ticket", "hello", {"ticket": text, "version": "0.1.0"})
    await asked.asks("hello-ticket-again", "hello", {"ticket": text, "version": "0.1.0"})
    words = {"run": hello["run"], "session": hello["session"]}
    anew = {"key": hello["key"], **words, "version": "0.1.0"}
    hello = await asked.asks("hello-key", "hello", anew)
    await asked.asks("next-another-session", "next", {**words, "wait": 25}, hello["key"])
    words = {"run": hello["run"], "session": hello["session"]}
    key = hello["key"]
    await asked.asks("next-action", "next", {**words, "wait": 25}, key)
    at = {"step": 0, "attempt": 1}
    started = {"sequence": 1, "type": "started", **at}
    lines = [{"number": 1, "at": yard.now, **at, "text": "writing to /dev/vda"}]
    progress = {**at, "phase": "write", "done": 1048576, "total": SIZE, "rate": 1.1e8, "eta": 21.4}
    said = {**words, "events": [started], "lines": lines, "progress": progress}
    await asked.asks("events-started", "events", said, key)
    await asked.asks("next-wait", "next", {**words, "wait": 0}, key)
    query = f"run={hello['run']}&session=2&step=0&attempt=1&serial={SERIAL}&size={SIZE}&holds="
    await asked.sends("edges", f"edges?{query}", key)
    ended = {"sequence": 2, "type": "ended", **at, "exit_code": 1, "timed_out": False}
    why = "the image ends after 1,024 of 4,096 bytes"
    events = [{**ended, "message": why, "wrote": {SERIAL: "0fc63daf-8483-4772-8e79-3d69d8477de4"}}]
    await asked.asks("events-ended", "events", {**words, "events": events, "lines": []}, key)
    await asked.asks("next-on-failure", "next", {**words, "wait": 25}, key)
    await yard.desk.cancel_run(hello["run"], "me")
    await asked.asks("events-cancel", "events", {**words, "events": [], "lines": []}, key)
    await asked.asks("next-stop", "next", {**words, "wait": 25}, key)
    return asked.made


def test_what_is_said_in_a_session_is_what_the_vectors_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = itertools.count(1)
    monkeypatch.setattr(secrets, "token_bytes", lambda size: bytes([next(numbers)]) * size)

    async def main() -> dict[str, Any]:
        async with opened(tmp_path) as yard:
            return await story(yard)

    made = asyncio.run(main())
    if os.environ.get("UPDATE_VECTORS") == "1":
        FOLDER.mkdir(exist_ok=True)
        for name, exchange in made.items():
            text = json.dumps(exchange, indent=2, ensure_ascii=False)
            (FOLDER / f"{name}.json").write_text(f"{text}\n")
    assert made == {each.stem: json.loads(each.read_text()) for each in FOLDER.glob("*.json")}

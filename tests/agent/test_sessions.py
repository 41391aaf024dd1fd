"""What the server says in a session, by the shared vectors: the agent takes it as it is meant."""

import json
from pathlib import Path
from typing import Any

import pytest

from boots_agent import handed, session
from boots_agent.server import Asked, RefusedError, Server, StrangeKeyError

FOLDER = Path(__file__).parent.parent / "vectors" / "agent" / "session"


def vector(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


def answering(*names: str) -> tuple[Server, list[Asked]]:
    """A server that answers as these vectors say, and what it was asked."""
    answers = [vector(name)["response"] for name in names]
    asked: list[Asked] = []

    def send(question: Asked) -> tuple[int, bytes]:
        asked.append(question)
        answer = answers[len(asked) - 1]
        content = answer.get("content")
        text = str(answer.get("text", "")) if content is None else json.dumps(content)
        return answer["status"], text.encode()

    return Server("http://10.0.0.1/aa", send, lambda _: None, lambda _: None), asked


def hello(name: str, offer: dict[str, object]) -> tuple[Any, dict[str, Any]]:
    server, asked = answering(name)
    told = session.hello(server, offer, session.Clock(lambda: 0.0, lambda: 0.0))
    return told, json.loads(asked[0].body)


@pytest.mark.parametrize("name", ["hello-ticket", "hello-key"])
def test_a_session_begins_with_ticket_or_key(name: str) -> None:
    said = vector(name)
    offer = {key: value for key, value in said["request"]["content"].items() if key != "version"}
    told, asked = hello(name, offer)
    content = said["response"]["content"]
    assert session.Session(content["run"], content["session"], content["key"]) == told
    assert set(said["request"]["content"]) == set(asked)


@pytest.mark.parametrize("name", ["hello-nothing", "hello-ticket-again"])
def test_without_one_it_idles_and_says_why(name: str) -> None:
    told, _ = hello(name, {"ticket": "x"})
    assert isinstance(told, session.Nothing)
    assert "idle" == told.next
    assert vector(name)["response"].get("text", "nothing") in told.why


def test_what_is_handed_out_is_understood_and_its_disks_are_proved() -> None:
    said = vector("next-action")
    out = handed.read(said["response"]["content"])
    assert ("write", "image2disk", "action", False) == (out.name, out.kind, out.part, out.terminal)
    key = said["request"]["authorization"].removeprefix("Bearer ")
    (record,) = out.armed
    assert record.is_signed(key)
    assert not record.is_signed(key[::-1])
    other = handed.Record({**record.said, "size": record.said["size"] + 512})
    assert not other.is_signed(key)


def test_a_command_after_a_failure_has_no_disks() -> None:
    out = handed.read(vector("next-on-failure")["response"]["content"])
    assert ("on-failure", ("sh", "-c", "dmesg | tail"), ()) == (out.part, out.command, out.armed)


def test_a_session_that_is_anothers_is_told_from_what_is_refused() -> None:
    server, _ = answering("next-another-session", "hello-ticket-again")
    with pytest.raises(StrangeKeyError):
        server.post("next", {}, key="00")
    with pytest.raises(RefusedError, match="used before"):
        server.post("hello", {})

"""Talking to the server: the contract's vectors, and trying again."""

import json
from itertools import islice

import pytest
from tests.agent.contract import VECTORS, Vector

from boots_agent.server import Asked, RefusedError, Server, pauses


class Peer:
    """A server that gives prepared answers, and a clock that only notes how long it was slept."""

    def __init__(self, *answers: tuple[int, bytes] | OSError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.slept: list[float] = []
        self.said: list[str] = []
        self.server = Server("http://10.0.0.1/52:54:00:12:34:56/", self.send, self.sleep, self.say)

    def send(self, asked: Asked) -> tuple[int, bytes]:
        self.asked.append((asked.url, json.loads(asked.body)))
        answer = self.answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_a_vectors_request_brings_its_answer(vector: Vector) -> None:
    peer = Peer((vector.status, vector.body))
    name = vector.path.removeprefix("/agent/v1/")
    if vector.status < 300:
        assert (vector.answer or {}) == peer.server.post(name, vector.content)
    else:
        with pytest.raises(RefusedError, match=vector.text.split(":", maxsplit=1)[0]):
            peer.server.post(name, vector.content)
    url = f"http://10.0.0.1/52:54:00:12:34:56{vector.path}"
    assert [(url, vector.content)] == peer.asked


def test_network_errors_and_troubled_servers_are_tried_again() -> None:
    down = ConnectionRefusedError("Connection refused")
    peer = Peer(down, down, (503, b"busy"), (429, b""), (200, b'{"next": "idle"}'))
    assert {"next": "idle"} == peer.server.post("inventory", {})
    assert [1, 2, 4, 8] == peer.slept
    assert "Connection refused; trying again in 1 s" in peer.said[0]
    assert "it answered 503 busy; trying again in 4 s" in peer.said[2]


def test_pauses_double_up_to_half_a_minute_and_never_end() -> None:
    assert [1, 2, 4, 8, 16, 30, 30, 30] == list(islice(pauses(), 8))


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"idle"', b"\xff"])
def test_an_answer_that_is_no_json_object_is_a_refusal(body: bytes) -> None:
    with pytest.raises(RefusedError, match="200, but the answer is no JSON"):
        Peer((200, body)).server.post("inventory", {})

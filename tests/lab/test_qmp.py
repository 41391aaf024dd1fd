import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from boots.lab.qmp import Qmp, QmpError

Talk = Callable[..., Qmp]
GREETING = {"QMP": {"version": {}, "capabilities": []}}


def qemu(door: socket.socket, answers: list[list[object]]) -> None:
    """Greet, then answer each command with the next list of messages."""
    with door, door.makefile("rw") as file:
        file.write(json.dumps(GREETING) + "\n")
        file.flush()
        for messages in [[{"return": {}}], *answers]:
            if not file.readline():
                return
            file.writelines(json.dumps(message) + "\n" for message in messages)
            file.flush()


@pytest.fixture
def talk() -> Iterator[Talk]:
    threads = []
    clients = []

    def start(*answers: list[object]) -> Qmp:
        ours, theirs = socket.socketpair()
        thread = threading.Thread(target=qemu, args=(theirs, list(answers)))
        thread.start()
        threads.append(thread)
        clients.append(Qmp(ours))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    for thread in threads:
        thread.join()


def test_a_command_returns_its_result(talk: Talk) -> None:
    client = talk([{"return": {"status": "running"}}])

    assert client.execute("query-status") == {"status": "running"}


def test_a_refusal_is_an_error_with_its_text(talk: Talk) -> None:
    client = talk([{"error": {"class": "CommandNotFound", "desc": "no such thing"}}])

    with pytest.raises(QmpError, match="dance: no such thing"):
        client.execute("dance")


def test_events_are_kept_for_later(talk: Talk) -> None:
    client = talk([{"event": "RESET"}, {"return": {}}, {"event": "SHUTDOWN"}])
    client.execute("system_reset")

    seen = client.events()
    while len(seen) < 2:
        seen += client.events()

    assert [event["event"] for event in seen] == ["RESET", "SHUTDOWN"]
    assert client.events() == []


def test_a_qemu_that_hung_up_is_an_error(talk: Talk) -> None:
    client = talk()

    with pytest.raises(QmpError):
        client.execute("query-status")


def test_a_socket_that_never_comes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(QmpError, match="QEMU's socket"):
        Qmp.connect(tmp_path / "qmp", timeout=0.05)

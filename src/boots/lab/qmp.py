"""A tiny client of QEMU's machine protocol (QMP): to ask, to stop, to learn of the end."""

import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self


class QmpError(RuntimeError):
    """QEMU refused a command, or its socket is gone."""


class Qmp:
    """A connection; events that arrive are kept until `events` takes them."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._unread = b""
        self._events: list[Mapping[str, Any]] = []
        self._next_message(time.monotonic() + 5)  # the greeting
        self.execute("qmp_capabilities")

    @classmethod
    def connect(cls, path: Path, timeout: float = 10) -> Self:
        """Connect to the socket that QEMU makes, as soon as it is there.

        Raises:
            QmpError: it is not there within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                door.connect(str(path))
            except OSError as error:
                door.close()
                if time.monotonic() > deadline:
                    raise QmpError(f"QEMU's socket {path}: {error}") from None
                time.sleep(0.02)
            else:
                return cls(door)

    def execute(self, command: str, timeout: float = 5, **arguments: object) -> Any:
        """Run a command (``query-status``, ``system_reset``, ``quit``) and return its result.

        Raises:
            QmpError: QEMU refuses it, does not answer in time, or is gone.
        """
        request: dict[str, object] = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        try:
            self._door.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise QmpError(f"{command}: {error}") from None
        deadline = time.monotonic() + timeout
        while True:
            message = self._next_message(deadline)
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise QmpError(f"{command}: {message['error'].get('desc')}")
            self._events.append(message)

    def events(self) -> list[Mapping[str, Any]]:
        """The events since the last call, without waiting."""
        while (message := self._arrived()) is not None:
            self._events.append(message)
        taken, self._events = self._events, []
        return taken

    def close(self) -> None:
        """Hang up; QEMU goes on."""
        self._door.close()

    def _arrived(self) -> Mapping[str, Any] | None:
        try:
            return self._next_message(time.monotonic())
        except QmpError:
            return None

    def _next_message(self, deadline: float) -> Mapping[str, Any]:
        while b"\n" not in self._unread:
            # zero would make the socket non-blocking with another error; this is as good as none
            self._door.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                chunk = self._door.recv(65536)
            except OSError as error:
                raise QmpError(f"no answer: {error}") from None
            if not chunk:
                raise QmpError("QEMU hung up")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        message: Mapping[str, Any] = json.loads(line)
        return message

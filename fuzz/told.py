"""What doors tell: written down in every form and at every level, as a server would."""

import functools
import io
import socket
from typing import Any

import structlog

from boots.journal.counting import MetricsSink
from boots.journal.events import AnyEvent, Entry, encode_lines
from boots.journal.log import LogSink
from boots.timeline.fleet import Timelines

PEER = ("192.168.1.77", 2070)
"""Who asks, where nothing depends on that."""

_NOW = 1_800_000_000.0
_FORMS = ("console", "json")
_LEVELS = ("debug", "info", "warning", "error")


class Fault(AssertionError):
    """A door told its log of a fault of the server's own."""


_faults: list[str] = []


def fault(what: str) -> None:
    """Take down that the server failed in something."""
    _faults.append(what)


def _take(_log: object, method: str, fields: structlog.typing.EventDict) -> str:
    if method in {"error", "exception", "critical"}:
        fault(f"{fields}")
    raise structlog.DropEvent


_PROCESSORS: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, _take]
"""Hear what the program logs of itself; nothing is printed."""


class Told:
    """A journal, and all that is made of it."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        if structlog.get_config()["processors"] != _PROCESSORS:
            structlog.configure(processors=_PROCESSORS)
        _faults.clear()

    def record(self, event: AnyEvent) -> None:
        """Take note of it."""
        self.events.append(event)

    def check(self) -> None:
        """Write all of it down in every form.

        No value of an event may make a line of its own, or move a terminal's cursor; and no door
        may have told of a fault of the server's.
        """
        if _faults:
            raise Fault(_faults[0])
        entries = [Entry(_NOW, event) for event in self.events]
        if not entries:
            return
        encode_lines(entries)
        MetricsSink().write(entries)
        _followed(entries)
        for form in _FORMS:
            for level in _LEVELS:
                lines = io.StringIO()
                LogSink(form, level, 0, lambda _: None, lines).write(entries)
                text = lines.getvalue()
                assert text.count("\n") <= len(entries), text
                assert all(line.isprintable() for line in text.split("\n")), repr(text)


def _followed(entries: list[Entry]) -> None:
    """What becomes of the boots that these are of."""
    timelines = Timelines()
    timelines.write(entries)
    list(timelines.tick(_NOW + 600))
    list(timelines.boots())


@functools.cache
def udp() -> socket.socket:
    """A socket that nothing is sent from."""
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


class Mute:
    """In place of a socket: what would leave is kept."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Any]] = []

    def sendto(self, data: bytes, to: Any) -> int:
        """Keep it."""
        self.sent.append((data, to))
        return len(data)

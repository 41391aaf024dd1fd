"""A TFTP transfer under way: its socket, its content, and what the journal hears of it."""

import socket
from dataclasses import dataclass, field
from typing import Any

from boots.journal import events
from boots.journal.events import AnyEvent
from boots.policy.got import Rendered, Script
from boots.serve.content import Content
from boots.transfer import Ending, Transfer
from boots.wire import tftp


@dataclass(slots=True)
class Sending:
    """One transfer under way, and the socket it has to itself (its TID, RFC 1350 §4)."""

    sock: socket.socket
    request: tftp.Request
    transfer: Transfer
    content: Content = field(repr=False)
    ahead: int  # bytes of the content that one acknowledgement may call for
    source: tuple[str, int]
    mac: str
    name: str
    started: float
    told: float
    heard: float

    @property
    def about(self) -> dict[str, Any]:
        """What every event of this transfer says alike."""
        return {"mac": self.mac, "peer": self.peer, "door": "tftp", "name": self.name}

    @property
    def peer(self) -> str:
        """The client as ``address:port``."""
        return f"{self.source[0]}:{self.source[1]}"

    def send(self, packets: list[bytes]) -> None:
        """Send packets; what cannot leave is as lost on the way, and the timer mends it."""
        for packet in packets:
            try:
                self.sock.send(packet)
            except OSError:
                return  # full buffers, or an ICMP error

    def begun(self) -> AnyEvent:
        """It begins."""
        return events.TransferStarted(size=self.transfer.size, **self.about)

    def script_served(self, script: Script) -> AnyEvent:
        """It is a script that is sent."""
        about = {key: value for key, value in self.about.items() if key != "name"}
        return events.ScriptServed(
            profile=script.profile, script=script.text, problem=script.problem, **about
        )

    def rendered(self, what: Rendered) -> AnyEvent:
        """It was made for this machine."""
        return events.FileRendered(source=what.source, **self.about)

    def progressed(self) -> AnyEvent:
        """How far it is."""
        transfer = self.transfer
        return events.TransferProgressed(
            sent=transfer.acknowledged, size=transfer.size, **self.about
        )

    def ended(self, now: float) -> AnyEvent:
        """How it ended, by the transfer's own word."""
        outcome, transfer = self.transfer.outcome, self.transfer
        if outcome is None or outcome.ending in {Ending.ABORTED, Ending.LOST}:
            return self.failed(outcome.why if outcome else "")
        if outcome.ending is Ending.PROBED:
            return events.TransferProbed(size=transfer.size, **self.about)
        return events.TransferFinished(size=transfer.size, seconds=now - self.started, **self.about)

    def failed(self, why: str) -> AnyEvent:
        """It ended before its end."""
        return events.TransferFailed(sent=self.transfer.acknowledged, why=why, **self.about)

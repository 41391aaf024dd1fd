"""The answers to DHCP that are prepared, whatever world is in force."""

from collections.abc import Callable

from boots.model.mac import Mac
from boots.policy.forms import Ready
from boots.policy.prepared import Prepared, Silent


class Ahead:
    """The answers that are prepared in the world in force; each reload puts others here."""

    __slots__ = ("answer", "forget")

    def __init__(self, ahead: Prepared | None) -> None:
        self.put(ahead)

    def put(self, ahead: Prepared | None) -> None:
        """Have these; with none every answer takes the plain path."""
        self.answer: Callable[[bytes], Ready | Silent | None] = ahead.answer if ahead else _nothing
        self.forget: Callable[[Mac], None] = ahead.forget if ahead else _nothing


def _nothing(_: object) -> None:
    """Nothing is prepared."""

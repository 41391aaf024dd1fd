"""Interfaces that go and come back: a network card that is replaced, a bridge that is made anew.

A socket is held to the number that the kernel gave an interface; one of the same name that comes
later has another, and the socket would be deaf for good.
"""

import asyncio
from collections.abc import Callable, Mapping
from ipaddress import IPv4Interface

import structlog

from boots.journal import events
from boots.journal.events import AnyEvent
from boots.serve import sockets

_LOOK_EVERY = 1.0  # seconds
_log = structlog.get_logger()


class Links:
    """Looks at the interfaces that are served.

    `again` has all that is held to one hear it again, or raises OSError.  `number` gives the
    kernel's number of an interface, 0 for none, and `is_ours` says whether we have an address.
    """

    def __init__(
        self,
        addresses: Mapping[str, IPv4Interface],
        again: Callable[[str], None],
        tell: Callable[[AnyEvent], None],
        *,
        number: Callable[[str], int] = sockets.interface_number,
        is_ours: Callable[[IPv4Interface], bool] = lambda own: sockets.is_ours(own.ip),
    ) -> None:
        self._addresses = addresses
        self._again = again
        self._tell = tell
        self._number = number
        self._is_ours = is_ours
        self._numbers = {name: number(name) for name in addresses}
        self._wrong = dict.fromkeys(addresses, "")

    async def run(self) -> None:
        """Look every second; runs until it is cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            try:
                self.look()
            except Exception:  # noqa: BLE001  # no descriptor left: this must not end for good
                _log.exception("interfaces cannot be looked at")

    def look(self) -> None:
        """See what became of each, and tell what is new."""
        for name, own in self._addresses.items():
            number = self._number(name)
            renewed = number not in {0, self._numbers[name]}
            why = self._wrong_with(name, own, number)
            if why and why != self._wrong[name]:
                self._tell(events.InterfaceTroubled(interface=name, why=why))
            elif not why and (renewed or self._wrong[name]):
                self._tell(events.InterfaceReturned(interface=name))
            self._wrong[name] = why

    def _wrong_with(self, name: str, own: IPv4Interface, number: int) -> str:
        """What is wrong with an interface; one that came back is held to again."""
        if not number:
            return "there is no such interface any more"
        if number != self._numbers[name]:
            try:
                self._again(name)
            except OSError as error:
                return f"it is another one now, and cannot be held to: {error.strerror}"
            self._numbers[name] = number
        if not self._is_ours(own):
            return f"this machine has no longer the address {own.ip}"
        return ""

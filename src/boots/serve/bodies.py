"""How much may be received at once: bodies that wait in memory until they are whole."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aiohttp import hdrs, web

from boots.journal.limited import Limited
from boots.model.limits import HTTP_BODIES, HTTP_BODIES_OF_ONE
from boots.serve.forwarded import Network, asker

_SMALL = 64 << 10  # bytes; what agents say as a rule is not counted


class Bodies:
    """The large bodies that are being received through one door.

    `trusted` are proxies: what they pass on is counted by the address that they name.
    """

    def __init__(self, limited: Limited, trusted: Sequence[Network] = ()) -> None:
        self._limited = limited
        self._trusted = trusted
        self._of_address: Counter[str] = Counter()

    @contextmanager
    def taking(self, request: web.BaseRequest) -> Iterator[None]:
        """Within it the body of a request is received.

        Raises:
            web.HTTPServiceUnavailable: there is no room for it.
        """
        length = request.content_length
        if length is not None and length <= _SMALL:
            yield
            return
        address = str(asker(request, self._trusted).address)
        for limit, count in (
            (HTTP_BODIES_OF_ONE, self._of_address[address]),
            (HTTP_BODIES, self._of_address.total()),
        ):
            if count >= limit.most:
                self._limited.reached(limit, peer=address)
                raise too_much()
        self._of_address[address] += 1
        try:
            yield
        finally:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]


def too_much() -> web.HTTPServiceUnavailable:
    """What is said to who shall ask again, as agents do."""
    text = "too much is being received, ask again\n"
    return web.HTTPServiceUnavailable(headers={hdrs.RETRY_AFTER: "2"}, text=text)

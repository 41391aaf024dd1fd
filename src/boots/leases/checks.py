"""What probes found: which addresses nobody uses, and which should be probed next.

Addresses are probed before anybody needs them, so that no offer waits for a probe.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

GOOD_FOR = 300.0  # seconds for which a probe that nobody answered is believed
_AGAIN = 240.0  # seconds after which it is repeated, while the address is next in line
_AHEAD = 64  # candidates that are kept probed
_MOST_DOUBLINGS = 4


class Checks:
    """The probed addresses of all pools."""

    def __init__(self) -> None:
        self._free: dict[IPv4Address, float] = {}
        self._wished: dict[IPv4Address, None] = {}
        self._doublings: dict[IPv4Network, int] = {}
        self._short: set[IPv4Network] = set()

    def is_free(self, address: IPv4Address, now: float) -> bool:
        """Whether a probe of late was answered by nobody."""
        return now < self._free.get(address, float("-inf")) + GOOD_FOR

    def wish(self, address: IPv4Address) -> None:
        """Have an address probed with the next ones, wherever it is in line."""
        self._wished[address] = None

    def ran_short(self, network: IPv4Network) -> None:
        """Somebody had to wait for a probe: more must be kept ready."""
        self._short.add(network)

    def due(
        self, network: IPv4Network, candidates: Iterable[IPv4Address], now: float
    ) -> list[IPv4Address]:
        """What is to be probed in a network now; its `candidates` are in their order."""
        doublings = self._doublings.get(network, 0) + (1 if network in self._short else -1)
        self._doublings[network] = doublings = min(max(doublings, 0), _MOST_DOUBLINGS)
        self._short.discard(network)
        asked = [each for each in self._wished if each in network]
        for each in asked:
            del self._wished[each]
        for _, each in zip(range(_AHEAD << doublings), candidates, strict=False):
            if now >= self._free.get(each, float("-inf")) + _AGAIN:
                asked.append(each)
        return list(dict.fromkeys(asked))

    def nobody_at(self, address: IPv4Address, now: float) -> None:
        """A probe was answered by nobody."""
        self._free[address] = now
        if len(self._free) > 100_000:
            self._free = {each: at for each, at in self._free.items() if now < at + GOOD_FOR}

    def somebody_at(self, address: IPv4Address) -> None:
        """A probe was answered."""
        self._free.pop(address, None)

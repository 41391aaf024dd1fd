"""Laws of the leases, whatever machines, people and time do.

Never one address for two MACs at a time; never one outside of the pool, or reserved; and whoever
reads the file knows what the server knew.
"""

import shutil
import tempfile
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from boots.leases.book import Book
from boots.leases.file import read
from boots.leases.keeper import Chosen, Keeper, Rules
from boots.model.mac import Mac
from boots.model.site import Range, Subnet

NETWORK = IPv4Network("10.0.0.0/28")
SUBNET = Subnet(
    network=NETWORK,
    gateway=IPv4Address("10.0.0.3"),
    pool=(Range(first=IPv4Address("10.0.0.2"), last=IPv4Address("10.0.0.7")),),
)
POOL = {IPv4Address(f"10.0.0.{number}") for number in (2, 4, 5, 6, 7)}
macs = st.integers(1, 8).map(lambda number: Mac(f"52:54:00:00:00:0{number}"))
addresses = st.sampled_from([*NETWORK])


class Leasing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.now = 1_000_000.0
        self.reserved: set[IPv4Address] = set()
        self.used: dict[IPv4Address, Mac] = {}
        # What clients believe: who has which address until when.
        self.had: dict[IPv4Address, tuple[Mac, float]] = {}
        self.offered: dict[Mac, tuple[IPv4Address, float]] = {}
        self.probing = False
        self.open()

    def open(self) -> None:
        rules = Rules(lambda address: address in self.reserved, lambda _: self.probing)
        self.keeper = Keeper(self.folder / "leases", rules, self.now)

    def teardown(self) -> None:
        self.keeper.close()
        shutil.rmtree(self.folder)

    def holder(self, address: IPv4Address) -> Mac | None:
        mac, until = self.had.get(address, (None, 0.0))
        return mac if until > self.now else None

    def check(self, mac: Mac, address: IPv4Address) -> None:
        assert address in POOL - self.reserved
        assert self.holder(address) in {None, mac}
        for other, (held, until) in self.offered.items():
            assert other == mac or held != address or until <= self.now

    def grant(self, mac: Mac, address: IPv4Address, seconds: float) -> None:
        self.check(mac, address)
        self.keeper.grant(mac, address, SUBNET, self.now, seconds)
        for each in [each for each in self.had if self.holder(each) == mac]:
            del self.had[each]
        self.had[address] = mac, self.now + seconds
        self.offered.pop(mac, None)

    @rule(mac=macs, wanted=st.none() | addresses)
    def discover(self, mac: Mac, wanted: IPv4Address | None) -> None:
        chosen = self.keeper.choose(mac, SUBNET, self.now, wanted)
        if isinstance(chosen, Chosen):
            self.take_back(mac, chosen.address)
            self.check(mac, chosen.address)
            self.keeper.offer(mac, chosen.address, SUBNET, self.now)
            self.offered[mac] = chosen.address, self.now + 60

    def take_back(self, mac: Mac, address: IPv4Address) -> None:
        """What others were offered may be offered again, where nothing else is left."""
        waiting = [
            other
            for other, (held, until) in self.offered.items()
            if other != mac and held == address and until > self.now
        ]
        if waiting:
            assert not list(self.keeper.pool(SUBNET).candidates(self.now))
        for other in waiting:
            del self.offered[other]

    @rule(mac=macs, seconds=st.sampled_from([300.0, 3600.0]))
    def take(self, mac: Mac, seconds: float) -> None:
        held = self.keeper.held(mac, SUBNET, self.now)
        if held is not None:
            self.grant(mac, held.address, seconds)

    @rule(mac=macs, wanted=addresses)
    def adopt(self, mac: Mac, wanted: IPv4Address) -> None:
        if self.keeper.adopt(mac, wanted, SUBNET, self.now) is not None:
            self.grant(mac, wanted, 300.0)

    @rule(mac=macs, address=addresses)
    def release(self, mac: Mac, address: IPv4Address) -> None:
        assert self.keeper.release(mac, address, self.now) == (self.holder(address) == mac)
        if self.holder(address) == mac:
            del self.had[address]

    @rule(mac=macs, address=addresses)
    def decline(self, mac: Mac, address: IPv4Address) -> None:
        if self.keeper.decline(mac, address, self.now):
            assert not self.keeper.book.is_free(address, mac, self.now)
            if self.holder(address) == mac:
                del self.had[address]

    @rule(address=st.sampled_from(sorted(POOL)), user=st.none() | macs)
    def probe(self, address: IPv4Address, user: Mac | None) -> None:
        self.keeper.probed(address, user, self.now)
        if user is not None:
            self.used[address] = user

    @rule(probing=st.booleans())
    def let_probe(self, probing: bool) -> None:
        self.probing = probing

    @rule(address=addresses)
    def write_a_record(self, address: IPv4Address) -> None:
        self.reserved ^= {address}

    @rule(seconds=st.sampled_from([1.0, 59.0, 301.0, 3601.0, 90_000.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def restart(self) -> None:
        self.keeper.close()
        self.open()
        self.offered.clear()

    @invariant()
    def the_file_knows_what_we_know(self) -> None:
        again, book = Book(read(self.folder / "leases").entries), self.keeper.book
        assert (again.leases, again.blocks) == (book.leases, book.blocks)

    @invariant()
    def nobody_has_two_addresses_in_a_network(self) -> None:
        leases = self.keeper.book.leases.values()
        active = [lease.mac for lease in leases if lease.until > self.now]
        assert sorted(set(active)) == sorted(active)

    @invariant()
    def everybody_has_what_he_believes_to_have(self) -> None:
        for address in self.had:
            mac = self.holder(address)
            if mac is not None:
                assert self.keeper.book.leases[address].mac == mac
                assert self.keeper.book.leases[address].until > self.now


Leasing.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
test_leasing = Leasing.TestCase

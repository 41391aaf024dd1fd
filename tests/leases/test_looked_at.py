"""A pool whose next addresses still wait for their probe: how far it is looked through."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from boots.leases.keeper import Keeper, Rules
from boots.model.mac import Mac
from boots.model.site import Range, Subnet

NETWORK = IPv4Network("10.0.0.0/8")
FIRST = IPv4Address("10.0.0.1")
SUBNET = Subnet(network=NETWORK, pool=(Range(first=FIRST, last=FIRST + 9_999),))


@pytest.fixture(name="keeper")
def _keeper(tmp_path: Path) -> Iterator[Keeper]:
    made = Keeper(tmp_path / "leases", Rules(lambda _: False, lambda _: True), 0.0)
    yield made
    made.close()


def test_who_makes_macs_up_does_not_have_the_whole_pool_looked_through(keeper: Keeper) -> None:
    looked: list[IPv4Address] = []
    is_free = keeper.checks.is_free

    def look(address: IPv4Address, now: float) -> bool:
        looked.append(address)
        return is_free(address, now)

    keeper.checks.is_free = look  # type: ignore[method-assign]
    said = keeper.choose(Mac("02:00:00:00:00:01"), SUBNET, 0.0)

    assert said == f"an address of {NETWORK} is being probed; it will ask again"
    assert len(looked) == 64


def test_what_is_probed_is_given_though_others_before_it_still_wait(keeper: Keeper) -> None:
    keeper.checks.nobody_at(FIRST + 40, 0.0)
    chosen = keeper.choose(Mac("02:00:00:00:00:01"), SUBNET, 0.0)

    assert not isinstance(chosen, str)
    assert chosen.address == FIRST + 40

"""What made-up MACs can do to a pool: how far it is looked through, how much of it they block."""

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


def test_made_up_macs_can_decline_a_quarter_of_a_pool_for_a_day_and_no_more(
    tmp_path: Path,
) -> None:
    """They take an address, and decline it, one after the other."""
    small = Subnet(network=NETWORK, pool=(Range(first=FIRST, last=FIRST + 39),))
    keeper = Keeper(tmp_path / "leases", Rules(lambda _: False, lambda _: False), 0.0)
    for number in range(40):
        mac, now = Mac(f"02:00:00:00:00:{number:02x}"), 2.0 * number  # counted anew each second
        chosen = keeper.choose(mac, small, now)
        assert not isinstance(chosen, str)
        keeper.grant(mac, chosen.address, small, now, 3600)
        assert keeper.decline(mac, chosen.address, now)

    blocked = [each.until for each in keeper.book.blocks.values()]
    assert 10 == sum(until > 1_000 for until in blocked)
    assert not isinstance(keeper.choose(Mac("02:00:00:00:01:00"), small, 150.0), str)
    keeper.close()

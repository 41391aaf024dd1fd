"""Another DHCP server where there should be none: dnsmasq, which answers the same machines."""

from pathlib import Path

import pytest
from tests.peers.conftest import MAC, need
from tests.peers.test_proxy import (
    EVERYONE,
    OTHER,
    POOL,
    X64,
    Place,
    beside,
    client,
    message,
    replies,
)

from boots.journal import events
from boots.wire.options import MessageType

pytestmark = pytest.mark.peers


def discover(place: Place) -> None:
    """As UEFI firmware asks, and wait for both to answer."""
    with client(place, 68) as sock:
        sock.sendto(message(MessageType.DISCOVER, X64), EVERYONE)
        replies(sock)


def take_the_other_s(place: Place) -> None:
    """The client takes the other server's offer, and says so to everybody."""
    taken = {54: OTHER.ip.packed, 50: POOL[0].packed}
    with client(place, 68) as sock:
        sock.sendto(message(MessageType.REQUEST, X64, taken), EVERYONE)
        replies(sock)


def test_another_server_s_offer_to_a_machine_of_ours_is_told(tmp_path: Path) -> None:
    with beside(tmp_path) as (place, server):
        discover(place)
        seen = server.until(events.ForeignServerSeen)
        server.until(events.OfferSent)
        log = server.errors.read_text()

    assert (MAC, "lan0", str(OTHER.ip), "OFFER") == (
        seen.mac,
        seen.interface,
        seen.server,
        seen.reply,
    )
    assert str(POOL[0]) <= seen.address <= str(POOL[1])
    assert not seen.expected
    [line] = [line for line in log.splitlines() if "ForeignServerSeen" in line]
    assert '"level": "warning"' in line


def test_our_own_offers_are_not_heard(tmp_path: Path) -> None:
    with beside(tmp_path) as (place, server):
        discover(place)
        server.until(events.ForeignServerSeen)

        assert {str(OTHER.ip)} == {each.server for each in server.told(events.ForeignServerSeen)}


@pytest.mark.parametrize("mode", ["proxy", "auto-proxy"])
def test_beside_a_server_that_is_meant_to_be_there_it_is_no_trouble(
    tmp_path: Path, mode: str
) -> None:
    with beside(tmp_path, BOOTS_DHCP_MODE=mode) as (place, server):
        discover(place)
        assert server.until(events.ForeignServerSeen).expected
        assert "warning" not in server.errors.read_text()


def test_nothing_is_said_of_a_friend(tmp_path: Path) -> None:
    with beside(tmp_path, BOOTS_DHCP_FRIENDS=str(OTHER.ip)) as (place, server):
        discover(place)
        take_the_other_s(place)
        server.until(events.DhcpIgnored, message="REQUEST")

        assert [] == server.told(events.ForeignServerSeen)


def test_without_the_right_to_listen_the_client_s_choice_tells(tmp_path: Path) -> None:
    bounded = [need("setpriv"), "--bounding-set=+net_bind_service,+dac_override,-net_raw"]
    with beside(tmp_path, before=bounded) as (place, server):
        discover(place)
        take_the_other_s(place)
        seen = server.until(events.ForeignServerSeen)

        assert (MAC, str(OTHER.ip), str(POOL[0]), "REQUEST") == (
            seen.mac,
            seen.server,
            seen.address,
            seen.reply,
        )
        assert [seen] == server.told(events.ForeignServerSeen)

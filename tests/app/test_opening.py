"""Where doors listen: where clients are told they are, as far as the addresses are ours."""

from ipaddress import IPv4Address, IPv4Interface

from boots.app.answers import Answers
from boots.app.opening import Opening
from boots.app.world import World
from boots.machines.index import Index
from boots.settings import Settings

FIRST, SECOND = IPv4Address("127.0.0.1"), IPv4Address("127.0.0.2")


def opening(address: str) -> Opening:
    addresses = {"lan0": IPv4Interface(FIRST), "lan1": IPv4Interface(SECOND)}
    answers = Answers(World(Index(), {}))
    return Opening(Settings(address=address), addresses, answers, lambda _: None, lambda: None)


def test_an_address_given_for_several_interfaces_is_taken_once() -> None:
    told = opening("127.0.0.7")

    assert IPv4Address("127.0.0.7") == told.listens_at("http", "", FIRST)
    assert SECOND == told.listens_at("http", "", SECOND)
    assert IPv4Address("127.0.0.7") == told.listens_at("tftp", "", FIRST)


def test_the_address_of_another_interface_is_left_to_it() -> None:
    told = opening("127.0.0.2")

    assert [FIRST, SECOND] == [told.listens_at("http", "", each) for each in (FIRST, SECOND)]


def test_an_address_that_is_not_this_machines_is_only_told() -> None:
    told = opening("192.0.2.1")

    assert FIRST == told.listens_at("http", "", FIRST)

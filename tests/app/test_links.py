"""Interfaces that go, come back as others of the same name, and lose their addresses."""

from ipaddress import IPv4Interface

from boots.app.links import Links
from boots.journal import events
from boots.journal.events import AnyEvent

OWN = IPv4Interface("192.168.1.1/24")
GONE = "there is no such interface any more"
LOST = "this machine has no longer the address 192.168.1.1"
DENIED = "it is another one now, and cannot be held to: Operation not permitted"


class Yard:
    """Two interfaces, and what was told of them."""

    def __init__(self) -> None:
        self.numbers = {"lan0": 2, "lan1": 3}
        self.lacking: set[str] = set()
        self.denied = False
        self.held: list[str] = []
        self.told: list[AnyEvent] = []
        self.links = Links(
            {"lan0": OWN, "lan1": IPv4Interface("10.0.0.1/8")},
            self.again,
            self.told.append,
            number=lambda name: self.numbers[name],
            is_ours=lambda own: str(own.ip) not in self.lacking,
        )

    def again(self, name: str) -> None:
        if self.denied:
            raise PermissionError(1, "Operation not permitted")
        self.held.append(name)

    def news(self) -> list[AnyEvent]:
        """What is told at the next look."""
        self.told.clear()
        self.links.look()
        return list(self.told)


def troubled(why: str) -> list[AnyEvent]:
    return [events.InterfaceTroubled(interface="lan0", why=why)]


RETURNED: list[AnyEvent] = [events.InterfaceReturned(interface="lan0")]


def test_while_all_is_as_it_was_nothing_is_told() -> None:
    yard = Yard()
    assert [[], []] == [yard.news(), yard.news()]
    assert [] == yard.held


def test_one_that_is_gone_is_told_once_and_held_again_when_it_is_back() -> None:
    yard = Yard()
    yard.numbers["lan0"] = 0
    assert [troubled(GONE), []] == [yard.news(), yard.news()]
    yard.numbers["lan0"] = 7
    assert [RETURNED, []] == [yard.news(), yard.news()]
    assert ["lan0"] == yard.held


def test_one_that_was_made_anew_between_two_looks_is_held_again() -> None:
    yard = Yard()
    yard.numbers["lan0"] = 7
    assert RETURNED == yard.news()
    assert ["lan0"] == yard.held


def test_back_without_its_address_it_is_held_to_and_missed() -> None:
    yard = Yard()
    yard.numbers["lan0"] = 0
    yard.news()
    yard.numbers["lan0"], yard.lacking = 7, {"192.168.1.1"}
    assert [troubled(LOST), []] == [yard.news(), yard.news()]
    yard.lacking = set()
    assert RETURNED == yard.news()
    assert ["lan0"] == yard.held


def test_one_that_may_not_be_held_to_is_tried_again_and_told_once() -> None:
    yard = Yard()
    yard.numbers["lan0"], yard.denied = 7, True
    assert [troubled(DENIED), []] == [yard.news(), yard.news()]
    yard.denied = False
    assert RETURNED == yard.news()

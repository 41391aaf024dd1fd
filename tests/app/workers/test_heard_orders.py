"""Orders as workers have them: heard before the next answer, told in full to who comes later."""

import msgspec
import pytest
from tests.policy.made import ADDRESS, MAC, SITE, known

from boots.app.orders import Orders
from boots.app.workers import words
from boots.app.workers.replica import HeardAnswers, HeardLeases, HeardSeen
from boots.app.workers.team import Team
from boots.app.workers.words import Ordered
from boots.app.world import World
from boots.machines import index
from boots.model.order import Netboot, Order
from boots.policy.got import Refusal, Script
from boots.settings import Boot

START = 1_800_000_000.0
NAME = known().machine.name
ONCE = Order(netboot=Netboot.ONCE, profile="osie", by="ann", at=START)


class Worker:
    """The answers of a worker, and what the main process has told it that it did not hear yet."""

    def __init__(self) -> None:
        self.now = START
        self.waiting: list[bytes] = []
        self.noted: list[str] = []
        self.orders = Orders(
            lambda: self.now, lambda _: "", noted=lambda name, _: self.noted.append(name)
        )
        found, _ = index.build([known().machine])
        self.answers = HeardAnswers(
            World(found, {"lan0": SITE}),
            HeardLeases(lambda: self.now, self.catch_up),
            self.orders.held,
            HeardSeen(self.catch_up),
            orders=self.orders,
            catch_up=self.catch_up,
        )

    def told(self, order: Order | None) -> None:
        self.waiting.append(words.encode(Ordered(NAME, order)))

    def catch_up(self) -> None:
        while self.waiting:
            match words.order(self.waiting.pop(0)):
                case Ordered(machine, order):
                    self.orders.put(machine, order)

    def gets(self, *, tftp: bool = False) -> object:
        fetch = self.answers.fetch("lan0", tftp=tftp)
        return fetch(f"{MAC}/auto.ipxe", ADDRESS).what


@pytest.mark.parametrize("tftp", [True, False])
def test_what_was_ordered_is_heard_before_the_next_answer(*, tftp: bool) -> None:
    worker = Worker()
    assert isinstance(worker.gets(tftp=tftp), Script)
    worker.told(Order(netboot=Netboot.OFF, at=START))
    assert isinstance(worker.gets(tftp=tftp), Refusal)
    worker.told(None)
    assert isinstance(worker.gets(tftp=tftp), Script)


def test_an_iso_is_asked_of_orders_like_a_script() -> None:
    worker = Worker()
    worker.told(Order(netboot=Netboot.OFF, at=START))
    worker.answers.images("lan0")(f"/iso/{MAC}/hook.iso", ADDRESS)
    assert [] == worker.waiting


def test_a_worker_notes_what_it_tells_under_once_and_holds_what_is_used_up() -> None:
    worker = Worker()
    worker.told(ONCE)
    assert isinstance(worker.gets(), Script)
    assert [NAME] == worker.noted
    worker.told(msgspec.structs.replace(ONCE, spent=START + 120))
    assert isinstance(worker.gets(), Script), "the same boot may ask again"
    worker.now += 120
    assert isinstance(worker.gets(), Refusal)
    assert [NAME] == worker.noted


def test_an_order_comes_out_as_it_went_in() -> None:
    for told in (Ordered(NAME, ONCE), Ordered(NAME, None)):
        assert told == words.order(words.encode(told))


def test_who_comes_later_hears_of_all_orders() -> None:
    team = Team(2, {}, Boot, lambda _: None)
    assert [] == list(team._recall())
    team.orders(lambda: {NAME: ONCE})
    assert [Ordered(NAME, ONCE)] == list(team._recall())

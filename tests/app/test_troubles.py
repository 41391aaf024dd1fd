"""What is wrong now, until it is right again."""

from boots.app.troubles import Troubles
from boots.journal import events
from boots.journal.events import AnyEvent, Entry

MAC, RUN = "52:54:00:12:34:56", "w-1"


def after(*happened: AnyEvent) -> list[str]:
    troubles = Troubles()
    for at, event in enumerate(happened):
        troubles.write([Entry(float(at), event)])
    return [each.what for each in troubles.standing()]


def refused(*, again: bool) -> AnyEvent:
    return events.TicketRefused(mac=MAC, peer="10.0.0.9:1", run=RUN, why="no", again=again)


def changed(state: str) -> AnyEvent:
    return events.RunChanged(mac=MAC, machine="one", run=RUN, name="debian", state=state)


def test_a_ticket_that_comes_twice_is_wrong_until_its_run_is_over() -> None:
    said = f"the ticket of {MAC} for run {RUN} came a second time, by 10.0.0.9:1"
    assert [said] == after(refused(again=True), changed("RUNNING"))
    assert [] == after(refused(again=True), changed("FAILED"))
    assert [] == after(refused(again=False))

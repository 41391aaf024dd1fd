"""Whose events are written down when there are too many: nobody's flood takes another's place."""

from boots.app import shares
from boots.app.shares import Shares

ONE, TWO, STRANGE = (f"52:54:00:00:00:0{n}" for n in (1, 2, 9))


def made() -> Shares:
    return Shares({ONE, TWO}.__contains__)


def test_a_machine_that_floods_leaves_the_others_their_share() -> None:
    some = made()
    flood = [some.admits(1.0 + n / 1e5, "ConsoleLine", ONE) for n in range(50_000)]
    assert shares.EACH == sum(flood)
    assert some.admits(1.9, "AckSent", TWO)
    assert {"ConsoleLine": 50_000 - shares.EACH} == some.taken()
    assert {} == some.taken()


def test_the_next_second_has_room_again() -> None:
    some = made()
    for _ in range(shares.EACH + 1):
        some.admits(1.0, "ConsoleLine", ONE)
    assert not some.admits(1.0, "ConsoleLine", ONE)
    assert some.admits(2.0, "ConsoleLine", ONE)
    assert some.admits(1.5, "ConsoleLine", ONE), "a clock set back begins a second as well"


def test_made_up_macs_have_one_share_together_and_take_none_of_ours() -> None:
    some = made()
    asked = [some.admits(1.0, "DhcpIgnored", f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}")
             for n in range(10_000)]  # fmt: skip
    assert shares.OTHERS == sum(asked)
    assert not some.admits(1.0, "FetchRefused", ""), "nobody is as one that nobody knows"
    assert some.admits(1.0, "AckSent", ONE)
    assert some.admits(1.0, "RecordChanged", None)


def test_all_machines_together_have_a_bound() -> None:
    some = Shares(lambda _: True)
    macs = [f"52:54:00:00:{n >> 8:02x}:{n & 255:02x}" for n in range(10_000)]
    assert shares.OURS == sum(some.admits(1.0, "AckSent", mac) for mac in macs)

"""Tickets: whose they are, and that nobody makes or changes one without the key."""

from hypothesis import given
from hypothesis import strategies as st
from tests.policy.made import MAC, site

from boots.model.mac import Mac
from boots.policy import script, ticket
from boots.policy.token import hidden

KEY, RUN = b"a key of thirty-two bytes, it is", "w-01"
NONCE = bytes(range(ticket.NONCE))
OTHER = Mac("52:54:00:99:99:99")
GOOD = ticket.make(MAC, RUN, 1_800_000_000.9, NONCE, KEY)


def test_a_ticket_says_until_when_and_its_nonce() -> None:
    assert ticket.Ticket(1_800_000_000, NONCE.hex()) == ticket.read(GOOD, MAC, RUN, KEY)


def test_it_is_of_one_machine_one_run_and_one_key() -> None:
    assert None is ticket.read(GOOD, OTHER, RUN, KEY)
    assert None is ticket.read(GOOD, MAC, "w-02", KEY)
    assert None is ticket.read(GOOD, MAC, RUN, KEY[::-1])
    assert None is ticket.read(GOOD, MAC, RUN, b"")


@given(st.integers(0, len(GOOD) - 1), st.sampled_from("ABab01-_"))
def test_with_another_letter_anywhere_it_is_none(at: int, letter: str) -> None:
    changed = f"{GOOD[:at]}{letter}{GOOD[at + 1 :]}"
    assert (ticket.read(changed, MAC, RUN, KEY) is None) == (changed != GOOD)


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_garbage_is_none(text: str) -> None:
    assert None is ticket.read(text, MAC, RUN, KEY)


def test_it_stands_in_a_script_as_one_word_and_is_hidden_from_people() -> None:
    text = f"kernel vmlinuz quiet {ticket.ARGUMENT}{GOOD} panic=30\n"
    assert f"kernel vmlinuz quiet {ticket.ARGUMENT}(a-ticket) panic=30\n" == hidden(text)
    assert 52 == len(GOOD)


def test_only_what_has_the_agent_gets_one() -> None:
    from msgspec.structs import replace
    from tests.policy.made import known

    one = replace(known(), ticket=GOOD)
    text, _ = script.render(one, site(), "http://192.168.1.1:8080")
    assert f" {ticket.ARGUMENT}{GOOD}" in text
    plain = replace(site().profiles["osie"], agent=False)
    text, _ = script.render(one, site(profiles={"osie": plain}), "http://192.168.1.1:8080")
    assert ticket.ARGUMENT not in text

"""Values in the form that people read, and hostile text as harmless text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boots.timeline.words import Stage, State
from boots.web import looks
from boots.web.looks import STAGES, STATES


def rendered(text: str, **values: object) -> str:
    return looks.environment({}).from_string(text).render(**values)


def test_what_a_machine_says_is_never_markup() -> None:
    assert "&lt;b&gt;&#34;&amp;" == rendered("{{ said }}", said='<b>"&')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run `boots check` now", "run <code>boots check</code> now"),
        ("`<b>` and <b>", "<code>&lt;b&gt;</code> and &lt;b&gt;"),
        ("one ` alone", "one ` alone"),
        ("", ""),
    ],
)
def test_what_is_to_be_typed_is_shown_as_such(text: str, said: str) -> None:
    assert said == rendered("{{ said | coded }}", said=text)


def test_a_terminals_orders_are_left_out() -> None:
    assert "red and blue" == looks.plain("\x1b[31;1mred\x1b[0m and \x1b]0;title\x07blue")


def test_what_turns_a_text_around_is_shown_as_a_sign() -> None:
    assert "file\ufffdexe.txt" == looks.plain("file\u202eexe.txt")


def test_line_ends_and_tabs_stay() -> None:
    assert "one\n\ttwo\nthree" == looks.plain("one\n\ttwo\r\nthree")


@given(st.text())
def test_nothing_that_moves_a_cursor_or_hides_is_left(text: str) -> None:
    left = looks.plain(text)

    assert [] == [c for c in left if not c.isprintable() and c not in "\n\t\xa0"]


@given(st.text())
def test_harmless_text_is_not_changed_again(text: str) -> None:
    once = looks.plain(text)

    assert once == looks.plain(once)


def test_a_name_that_a_template_does_not_have_is_a_fault() -> None:
    with pytest.raises(Exception, match="undefined"):
        rendered("{{ nobody }}")


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1_054_720, "1.0 MiB"),
        (270_175_305_728, "252 GiB"),
        (2**70, "1048576 PiB"),
    ],
)
def test_sizes_are_said_in_the_unit_that_fits(count: int, said: str) -> None:
    assert said == looks.size(count)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 ms"),
        (0.0042, "4 ms"),
        (1.26, "1.3 s"),
        (75, "1 min 15 s"),
        (3700, "1 h 1 min"),
        (864_000, "10 d"),
    ],
)
def test_durations_are_said_in_two_units_at_most(seconds: float, said: str) -> None:
    assert said == looks.took(seconds)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "now"),
        (0.9, "now"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (7200, "2 h ago"),
        (172_800, "2 d ago"),
    ],
)
def test_ages_are_said_in_one_unit(seconds: float, said: str) -> None:
    assert said == looks.ago(seconds)


def test_an_age_has_the_moment_behind_it() -> None:
    assert (
        '<time datetime="2026-09-21T14:13:20Z" title="2026-09-21 14:13:20 UTC" data-age>3 s ago'
        "</time>"
    ) == looks.when(1_790_000_000.0, 1_790_000_003.5)


@pytest.mark.parametrize("at", [0.0, -1.0, 1e18, float("inf"), float("nan")])
def test_a_moment_that_no_calendar_has_is_none(at: float) -> None:
    assert "\u2013" == looks.when(at, 10.0)


def test_every_state_has_a_sign_and_a_word_of_its_own() -> None:
    assert set(STATES) == set(State)
    assert len(STATES) == len({sign for sign, _ in STATES.values()})
    assert len(STATES) == len({word for _, word in STATES.values()})


def test_every_stage_has_its_words() -> None:
    assert set(STAGES) == {stage.value for stage in Stage}


def test_a_name_is_one_part_of_a_path() -> None:
    assert "a%2Fb%3Fc%20%22" == looks.segment('a/b?c "')


def test_an_event_says_its_fields_but_not_its_name() -> None:
    event = {"event": "OfferSent", "mac": "m", "why": "reserved", "peer": "", "faults": ["a", "b"]}

    assert [("why", "reserved"), ("faults", "a, b")] == looks.told(event)


def test_an_event_says_durations_without_digits_that_say_nothing() -> None:
    event = {"seconds": 0.012838731999636366, "until": 1790000000.25}

    assert [("seconds", "0.0128"), ("until", "1790000000.250")] == looks.told(event)


def test_a_long_value_of_an_event_is_cut() -> None:
    ((_, text),) = looks.told({"why": "x" * 1000})

    assert "x" * 400 + "…" == text

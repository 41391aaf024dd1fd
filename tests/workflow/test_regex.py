"""Patterns as Go has them: as Python's where the languages agree, and never slow."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.regex import compiled, search

_ATOMS = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", "\\d", "\\w", "x", "^", "$", "\\b", "(?:ab)"]
)
_TIMES = st.sampled_from(["", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}"])


def _repeatable(atom: str, times: str) -> str:
    return atom if atom in {"^", "$", "\\b"} else atom + times


_SEQUENCES = st.lists(st.builds(_repeatable, _ATOMS, _TIMES), max_size=4).map("".join)
_PATTERNS = st.lists(
    st.one_of(_SEQUENCES, _SEQUENCES.map(lambda inside: f"(a{inside})?")), min_size=1, max_size=3
).map("|".join)


@settings(max_examples=600)
@given(_PATTERNS, st.text("abx1 ", max_size=12))
def test_a_pattern_finds_what_python_finds(pattern: str, text: str) -> None:
    """Python tries ways in the same order; only its $ looks behind a last newline."""
    wanted = re.search(pattern, text)
    found = search(compiled(pattern), text)

    assert (wanted.span() if wanted else None) == ((found.start, found.end) if found else None)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "a ( that nothing closes"),
        (")", "a ) that nothing opened"),
        ("*", "nothing stands before *"),
        ("a**", "one repetition stands behind another"),
        ("(?=a)", "Go's patterns do not look around"),
        ("(?<!a)", "there is no (?<"),
        ("(a)\\1", "Go's patterns have no back references"),
        ("[z-a]", "a range of letters that ends before it begins"),
        ("[a", "it ends too soon"),
        ("a{2,1}", "is no number of times"),
        ("a{1001}", "is no number of times"),
        ("(a{1000}){1000}", "the pattern is too large"),
        ("\\q", "there is no \\q"),
        ("[[:nope:]]", "there is no class [:nope:]"),
        ("\\p{Greek}", "there is no class"),
        ("(" * 60 + ")" * 60, "nested too deep"),
    ],
)
def test_what_is_no_pattern_is_told(pattern: str, why: str) -> None:
    with pytest.raises(Refused) as caught:
        compiled(pattern)

    assert why in f"{caught.value.problem}; {caught.value.advice}"


@settings(max_examples=300)
@given(st.text("()[]{}|*+?\\^$.-:?PiQE<>=!,01a é", max_size=20), st.text(max_size=20))
def test_any_text_is_a_pattern_or_refused(pattern: str, text: str) -> None:
    try:
        program = compiled(pattern)
    except Refused:
        return
    found = search(program, text)

    assert found is None or 0 <= found.start <= found.end <= len(text)


def test_no_text_makes_a_pattern_slow() -> None:
    """Thirty letters would take Python's engine minutes."""
    began = time.process_time()

    assert search(compiled("(a+)+(a|aa)*b"), "a" * 2000) is None
    assert time.process_time() - began < 5

"""Every byte decides; what is missing is nothing."""

from fuzz.choices import Choices


def test_bytes_are_taken_in_turn() -> None:
    choices = Choices(b"\x01\x02\x03\x02abrest")

    assert choices.flag()
    assert "c" == choices.pick("abc")
    assert 3 == choices.number()
    assert b"ab" == choices.piece()
    assert b"rest" == choices.rest()
    assert choices.is_over


def test_when_they_have_run_out_everything_is_the_first() -> None:
    choices = Choices(b"")

    assert not choices.flag()
    assert "a" == choices.pick("abc")
    assert b"" == choices.piece()
    assert 0 == choices.number(4)

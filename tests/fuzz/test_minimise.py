"""Findings are made small, and stay the findings they were."""

from fuzz.minimise import minimised, telling


def fails(data: bytes) -> None:
    if b"<" in data:
        if b">" not in data:
            raise KeyError(data)
        raise ValueError(data)


def test_what_does_not_matter_is_left_out() -> None:
    told = telling(fails, b"abcdefg<hij>klm")

    assert b"<>" == minimised(b"abcdefg<hij>klm", lambda made: told == telling(fails, made))


def test_another_failure_is_another_finding() -> None:
    told = telling(fails, b"aaa<aaa")

    assert b"<" == minimised(b"aaa<aaa", lambda made: told == telling(fails, made))


def test_what_cannot_be_left_out_is_blanked() -> None:
    assert b"0x0" == minimised(b"axb", lambda made: len(made) == 3 and made[1] == ord("x"))


def test_attempts_are_counted() -> None:
    tried = []

    minimised(bytes(1000), lambda made: bool(tried.append(made)), most=50)

    assert 50 == len(tried)


def test_an_input_that_is_taken_tells_of_nothing() -> None:
    assert None is telling(fails, b"abc")

"""Where atheris is not, known inputs are bent at random, and what fails is kept."""

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fuzz import bent, places
from fuzz.target import Target


@pytest.fixture(autouse=True)
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(places, "BUILT", tmp_path)
    monkeypatch.setattr(bent.resource, "setrlimit", lambda *_: None)
    handler = bent.signal.getsignal(bent.signal.SIGALRM)
    yield tmp_path
    bent.signal.signal(bent.signal.SIGALRM, handler)


def target(run: object, *, on_loop: bool = False) -> Target:
    return Target("made-up", run, lambda: [b"abcdefgh"], on_loop, (b"<",), 64)  # type: ignore[arg-type]


def test_inputs_are_bent_in_every_way_within_their_bounds() -> None:
    rng = random.Random(1)
    made = {bent.bent(rng, [b"abcdefgh", b"12"], (b"<>",), 64) for _ in range(2000)}

    assert max(map(len, made)) == 64
    assert b"" in made
    assert any(b"<>" in each for each in made)
    assert any(each.startswith(b"ab") and each.endswith(b"12") for each in made)
    assert any(b"abab" in each for each in made)


def test_what_fails_is_kept_and_said(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(data: bytes) -> None:
        if b"<" in data:
            raise KeyError("less")

    bent.fuzz(target(run), 60, 0)

    (kept,) = (built / "findings" / "made-up").iterdir()
    assert kept.name.startswith("crash-")
    assert b"<" in kept.read_bytes()
    said = capsys.readouterr().out
    assert "=== Uncaught Python exception: ===" in said
    assert "KeyError: 'less'" in said
    assert "number_of_executed_units" in said


def test_what_holds_up_the_loop_is_kept(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bent, "ON_LOOP", 0.0)
    bent.fuzz(target(lambda _: None, on_loop=True), 60, 0)

    (kept,) = (built / "slow" / "made-up").iterdir()
    assert b"abcdefgh" == kept.read_bytes()


def test_what_hangs_is_a_finding(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bent, "_HANGS", 1)

    def run(_: bytes) -> None:
        while True:
            pass

    bent.fuzz(target(run), 60, 0)

    assert 1 == len(list((built / "findings" / "made-up").iterdir()))


def test_what_hangs_is_a_finding_whatever_it_passes_over(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Doors live through exceptions, and asyncio through whatever a callback raises."""
    monkeypatch.setattr(bent, "_HANGS", 1)
    caught: list[BaseException] = []

    def run(_: bytes) -> None:
        while not caught:
            try:
                while True:
                    pass
            except BaseException as error:  # noqa: BLE001  # as asyncio does
                caught.append(error)
        while True:
            with suppress(Exception):
                while True:
                    pass

    bent.fuzz(target(run), 60, 0)

    assert [bent.Hung] == [type(each) for each in caught]
    assert 1 == len(list((built / "findings" / "made-up").iterdir()))


def test_what_hangs_when_it_is_timed_is_a_finding(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bent, "_HANGS", 1)
    monkeypatch.setattr(bent, "ON_LOOP", 0.0)
    times: list[bytes] = []

    def run(data: bytes) -> None:
        times.append(data)
        while len(times) > 1:
            pass

    bent.fuzz(target(run, on_loop=True), 60, 0)

    assert 1 == len(list((built / "findings" / "made-up").iterdir()))

"""A folder of inputs goes to a target file by file; what fails is told once for each kind."""

from pathlib import Path

import pytest

from fuzz import feeding
from fuzz.target import Target


def fails(data: bytes) -> None:
    if b"<" in data:
        raise KeyError(data)
    if b">" in data:
        raise ValueError(data)


def target(*, on_loop: bool = False, longest: int = 64) -> Target:
    return Target("made-up", fails, lambda: [b""], on_loop, longest=longest)


def folder(at: Path, *contents: bytes) -> Path:
    (at / "deep").mkdir()
    for number, content in enumerate(contents):
        (at / "deep" / f"{number}").write_bytes(content)
    return at


def test_each_kind_of_finding_is_told_once(tmp_path: Path) -> None:
    fed = feeding.feed(target(), folder(tmp_path, b"a", b"<", b"b<", b">"))

    assert 4 == fed.inputs
    assert [("1", "KeyError"), ("3", "ValueError")] == [
        (Path(path).name, said.split(",")[0].strip())
        for path, said in (each.split(":", 1) for each in fed.findings)
    ]


def test_a_head_stands_before_each_and_what_is_longer_is_cut(tmp_path: Path) -> None:
    place = folder(tmp_path, b"abc<")

    assert () == feeding.feed(target(longest=5), place, b"xy").findings
    assert 1 == len(feeding.feed(target(longest=6), place, b"xy").findings)
    assert 1 == len(feeding.feed(target(), place, b">").findings)


def test_what_holds_up_the_loop_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder(tmp_path, b"a")
    monkeypatch.setattr(feeding, "ON_LOOP", 0.0)

    assert 1 == len(feeding.feed(target(on_loop=True), place).findings)
    assert 0 == len(feeding.feed(target(on_loop=False), place).findings)

"""Where what can be made again is kept."""

from pathlib import Path

import pytest

from boots.app.folders import cache_of, patched_of, records_of
from boots.settings import Settings


def test_a_folder_that_is_named_has_the_records_and_below_it_what_was_patched() -> None:
    named = Settings(cache="/srv/cache")
    assert (Path("/srv/cache"), Path("/srv/cache/patched")) == (
        records_of(named),
        patched_of(named),
    )


def test_else_both_are_below_that_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_DIRECTORY", "/var/cache/boots")
    plain = Settings()
    assert {cache_of(plain)} == {records_of(plain).parent, patched_of(plain).parent}
    assert ("records", "patched") == (records_of(plain).name, patched_of(plain).name)

"""The key of metadata URLs: made once, kept, and nobody else's."""

import os
from pathlib import Path

import pytest

from boots.app.key import token_key


def test_a_key_is_made_once_and_only_we_may_read_it(tmp_path: Path) -> None:
    first = token_key(tmp_path / "state")
    assert 32 == len(first)
    assert first == token_key(tmp_path / "state")
    assert 0o600 == (tmp_path / "state" / "key").stat().st_mode & 0o777
    assert ["key"] == [path.name for path in (tmp_path / "state").iterdir()]


def test_a_key_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"short")
    assert 32 == len(token_key(tmp_path))


def test_where_none_can_be_kept_there_is_one_for_this_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    first = token_key(tmp_path / "file")
    assert 32 == len(first)
    assert first != token_key(tmp_path / "file")


def test_a_key_has_its_name_on_the_disk_before_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []

    def fsync(file: int) -> None:
        kept = (tmp_path / "key").exists()
        synced.append((os.path.samestat(os.fstat(file), tmp_path.stat()), kept))

    monkeypatch.setattr(os, "fsync", fsync)
    token_key(tmp_path)
    assert [(False, False), (True, True)] == synced

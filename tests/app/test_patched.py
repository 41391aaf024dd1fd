"""Boot files with the operator's words in their embedded script."""

from pathlib import Path

import pytest

from boots.app.patched import with_patch
from boots.policy.patch import PLACEHOLDER
from boots.settings import SettingsError

TEXT = "set syslog 192.168.1.1"
BINARY = b"MZ" + PLACEHOLDER + b"\0"
WRITTEN = b"MZ" + TEXT.encode().ljust(131) + b"\0"


@pytest.fixture
def published(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "ipxe.efi").write_bytes(BINARY)
    (tmp_path / "stock.efi").write_bytes(b"MZ stock")
    (tmp_path / "notes.txt").write_bytes(BINARY)
    own = ("ipxe.efi", "stock.efi", "notes.txt", "gone.efi")
    return {name: str(tmp_path / name) for name in own} | {"snp.efi": str(tmp_path / "ipxe.efi")}


def test_a_file_with_the_place_is_given_out_with_the_text(
    tmp_path: Path, published: dict[str, str]
) -> None:
    changed = with_patch(published, TEXT, tmp_path / "cache" / "patched")

    assert Path(changed["ipxe.efi"]).read_bytes() == WRITTEN
    assert changed["snp.efi"] == changed["ipxe.efi"]
    assert Path(published["ipxe.efi"]).read_bytes() == BINARY
    others = ("stock.efi", "notes.txt", "gone.efi")
    assert [changed[name] for name in others] == [published[name] for name in others]


def test_a_reload_uses_the_copy_that_is_there(tmp_path: Path, published: dict[str, str]) -> None:
    first = with_patch(published, TEXT, tmp_path / "patched")
    made = Path(first["ipxe.efi"]).stat()
    assert with_patch(published, TEXT, tmp_path / "patched") == first
    assert Path(first["ipxe.efi"]).stat().st_ino == made.st_ino
    assert len(list((tmp_path / "patched").iterdir())) == 1


def test_a_changed_text_is_another_copy(tmp_path: Path, published: dict[str, str]) -> None:
    paths = {with_patch(published, text, tmp_path / "patched")["ipxe.efi"] for text in ("a", "b")}
    assert len(paths) == 2


def test_without_a_text_nothing_is_touched(tmp_path: Path, published: dict[str, str]) -> None:
    assert with_patch(published, "", tmp_path / "patched") == published
    assert not (tmp_path / "patched").exists()


def test_a_text_that_is_too_long_is_told(tmp_path: Path, published: dict[str, str]) -> None:
    told = "boot.script_patch will not do: it has 132 bytes, and there is room for 131"
    with pytest.raises(SettingsError, match=told):
        with_patch(published, "x" * 132, tmp_path / "patched")


def test_a_cache_that_cannot_be_written_to_is_told(
    tmp_path: Path, published: dict[str, str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError, match=r"patched cannot be written to: Not a directory"):
        with_patch(published, TEXT, tmp_path / "file" / "patched")

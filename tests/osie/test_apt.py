"""apt for another architecture: of which archives, and with what of this host."""

import subprocess
from pathlib import Path
from shutil import which

import pytest

from boots.osie import apt as apts
from boots.osie.architectures import ARCHITECTURES
from boots.osie.errors import BuildError

TARGETS = """\
Example|https://example.com/tools/|stable|main
Debian|http://mirror/debian/|bookworm|main
Debian|http://mirror/debian/|bookworm|main
Debian|http://mirror/debian/|bookworm|non-free-firmware
Debian|http://mirror/debian-security/|bookworm-security|main
"""


def test_lists_of_a_foreign_architecture_are_of_the_same_archives() -> None:
    text = apts.sources_of(TARGETS, Path("/keys.gpg"))
    assert "Example" not in text
    assert [
        (
            "Types: deb\nURIs: http://mirror/debian/\nSuites: bookworm\n"
            "Components: main non-free-firmware\nSigned-By: /keys.gpg"
        ),
        (
            "Types: deb\nURIs: http://mirror/debian-security/\nSuites: bookworm-security\n"
            "Components: main\nSigned-By: /keys.gpg"
        ),
    ] == text.strip().split("\n\n")


def test_without_debians_archive_there_are_none() -> None:
    assert "" == apts.sources_of("Example|https://example.com|stable|main\n\n", Path("/k"))


def test_a_host_without_lists_is_told_to_fetch_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apts, "host_output", lambda *_words, **_more: "")
    monkeypatch.setattr(apts, "keyring", lambda: Path("/keys.gpg"))
    with pytest.raises(BuildError, match=r"no lists of a Debian archive to find arm64 in: run apt"):
        apts.foreign(ARCHITECTURES["aarch64"], tmp_path, lambda _: None)


def test_missing_keys_name_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apts, "KEYRINGS", (Path("/nowhere/keys.gpg"),))
    with pytest.raises(BuildError, match="install the package debian-archive-keyring"):
        apts.keyring()


@pytest.mark.skipif(which("apt-config") is None, reason="needs apt")
def test_apt_of_a_foreign_architecture_keeps_to_its_folder_and_runs_no_hook(tmp_path: Path) -> None:
    file = tmp_path / "apt.conf"
    file.write_text(apts._CONFIGURATION.format(debian="arm64", folder=tmp_path))
    done = subprocess.run(["apt-config", "-c", file, "dump"], check=True, capture_output=True)
    lines = [line.rstrip(";").split(" ", 1) for line in done.stdout.decode().splitlines()]
    said = {key: value.strip('"') for key, value in lines}
    assert "arm64" == said["APT::Architecture"] == said["APT::Architectures::"]
    assert str(tmp_path / "state") == said["Dir::State"]
    assert [] == [key for key in said if key.startswith("APT::Update::P") and said[key]]

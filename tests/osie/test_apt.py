"""apt for another architecture: of which archives, and with what of this host."""

import subprocess
from pathlib import Path
from shutil import which

import pytest

from boots.osie import apt as apts
from boots.osie import archives
from boots.osie.architectures import ARCHITECTURES
from boots.osie.errors import BuildError


def test_a_host_without_a_debian_archive_is_told_to_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "host_output", lambda *_words, **_more: "")
    with pytest.raises(BuildError, match="apt on this machine knows no Debian archive"):
        apts.foreign(ARCHITECTURES["aarch64"], tmp_path, lambda _: None)


def test_missing_keys_name_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "KEYRINGS", (Path("/nowhere/keys.gpg"),))
    with pytest.raises(BuildError, match="install the package debian-archive-keyring"):
        archives.keyring()


@pytest.mark.skipif(which("apt-config") is None, reason="needs apt")
def test_apt_of_a_foreign_architecture_keeps_to_its_folder_and_runs_no_hook(tmp_path: Path) -> None:
    apt = apts.configured(tmp_path, ("arm64",), [])
    command = ["apt-config", *apt.options, "dump"]
    done = subprocess.run(command, check=True, capture_output=True)
    lines = [line.rstrip(";").split(" ", 1) for line in done.stdout.decode().splitlines()]
    said = {key: value.strip('"') for key, value in lines}
    assert "arm64" == said["APT::Architecture"] == said["APT::Architectures::"]
    assert str(tmp_path / "state") == said["Dir::State"]
    assert [] == [key for key in said if key.startswith("APT::Update::P") and said[key]]

"""Another release of Debian: which mirror is asked, and what apt is told."""

import subprocess
from pathlib import Path
from shutil import which

import pytest

from boots.debian import boot_files, suite
from boots.debian.boot_files import fetch
from boots.debian.suite import Suite, SuiteError, apt_of, named
from boots.osie import archives
from boots.osie.packages import Package
from boots.policy.ladder import SIGNED


def fill(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def test_a_package_file_says_its_version() -> None:
    path = Path("/x/busybox_1%3a1.37.0-6_arm64.deb")
    assert Package("busybox", "1:1.37.0-6") == named(path)


@pytest.mark.skipif(which("apt-config") is None, reason="needs apt")
def test_apt_keeps_to_the_folder_checks_signatures_and_runs_no_hook(tmp_path: Path) -> None:
    apt = apt_of("deb http://mirror/debian trixie main", tmp_path, ("amd64", "arm64"))
    done = subprocess.run(["apt-config", *apt.options, "dump"], check=True, capture_output=True)
    lines = [line.rstrip(";").split(" ", 1) for line in done.stdout.decode().splitlines()]
    said = {key.lower(): value for key, value in lines}
    assert f'"{tmp_path}/state"' == said["dir::state"]
    assert f'"{tmp_path}/cache"' == said["dir::cache"]
    assert '"/dev/null"' == said["dir::etc::sourceparts"]
    assert '"false"' == said["acquire::allowinsecurerepositories"]
    assert '"false"' == said["apt::get::allowunauthenticated"]
    assert [] == [key for key in said if key.startswith("apt::update::") and "invoke::" in key]
    assert f'"{tmp_path}/status"' == said["dir::state::status"]
    assert "deb http://mirror/debian trixie main\n" == (tmp_path / "debian.list").read_text()


@pytest.mark.parametrize("name", ["", "x y", "trixie\nTrusted: yes", "../x"])
def test_a_release_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(SuiteError, match="no name of a release"):
        Suite.open(name, tmp_path)


def test_without_debians_keys_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = archives.Source("http://mirror/debian", "bookworm", ("main",))
    monkeypatch.setattr(suite, "host_sources", lambda: (here,))
    monkeypatch.setattr(archives, "KEYRINGS", (Path("/gone.gpg"),))
    with pytest.raises(SuiteError, match="install the package debian-archive-keyring"):
        Suite.open("trixie", tmp_path)


def test_boot_files_have_the_names_that_shim_and_the_ladder_know(tmp_path: Path) -> None:
    fill(tmp_path, "usr/lib/ipxe/snponly.efi", "usr/lib/ipxe/README", *SIGNED.values())
    assert ["snponly.efi"] == [n for n, _ in boot_files.boot_files(tmp_path, secure_boot=False)]
    found = dict(boot_files.boot_files(tmp_path, secure_boot=True))
    assert {"snponly.efi", *SIGNED} == set(found)
    assert SIGNED["shimx64.efi"] == found["shimx64.efi"].read_text()


def test_where_a_release_cannot_be_had_the_installed_files_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Suite:
        raise SuiteError("no such release")

    monkeypatch.setattr(Suite, "open", refuse)
    root = fill(tmp_path / "root", "usr/lib/ipxe/snponly.efi", "usr/lib/ipxe/undionly.kpxe")
    output = fill(tmp_path / "output", "snponly.efi")
    found = fetch("none", output, tmp_path, root=root)
    assert "no such release" == found.problem
    assert ("snponly.efi", "undionly.kpxe") == found.files
    # What an earlier fetch brought is newer than what is installed.
    assert "snponly.efi" == (output / "snponly.efi").read_text()
    assert {"snponly.efi", "undionly.kpxe"} == {path.name for path in output.iterdir()}

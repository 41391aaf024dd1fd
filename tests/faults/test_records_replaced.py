"""Records that are replaced as editors, git, rsync, Kubernetes and deployments replace files."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.faults.steady import steady
from tests.peers.conftest import RECORD, Boots, Lan, boots, lan_with

from boots.journal import events

pytestmark = pytest.mark.peers

OTHER = "  - {name: two, mac: '52:54:00:70:00:11', address: 192.168.70.11/24}\n"
IN_FORCE_WITHIN = 3.0  # seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place: Path = tmp_path_factory.mktemp("replaced") / "server"
    place.mkdir()
    return place


@pytest.fixture(name="server", scope="module")
def _server(lan: Lan, folder: Path) -> Iterator[Boots]:
    with boots(lan.server, folder) as running:
        yield running


@pytest.fixture
def own() -> Iterator[Lan]:
    """Another network, for a server of a test's own."""
    with lan_with() as made:
        yield made


def mend(folder: Path, server: Boots) -> None:
    """A plain folder with a plain file again."""
    fresh = folder / "mended"
    fresh.mkdir()
    fresh.chmod(0o755)
    (fresh / "machines.yaml").write_text(f"{RECORD}  # mended at {time.monotonic_ns()}\n")
    server.mark()
    place = folder / "machines"
    place.rename(folder / "spoilt")
    fresh.rename(place)
    server.until(events.RecordsLoaded, machines=1, timeout=20)
    spoilt = folder / "spoilt"
    spoilt.unlink() if spoilt.is_symlink() else shutil.rmtree(spoilt)


def in_place(folder: Path, text: str) -> None:
    (folder / "machines.yaml").write_text(text)


def by_rename(folder: Path, text: str) -> None:
    """rsync, and most editors."""
    beside = folder / ".machines.yaml.Xq81"
    beside.write_text(text)
    beside.rename(folder / "machines.yaml")


def with_backup(folder: Path, text: str) -> None:
    """vim: the old one is moved aside, a new one is written."""
    (folder / "machines.yaml").rename(folder / "machines.yaml~")
    (folder / "machines.yaml").write_text(text)
    (folder / "machines.yaml~").unlink()


def removed_first(folder: Path, text: str) -> None:
    """git: the old one is unlinked, a new one is made."""
    (folder / "machines.yaml").unlink()
    (folder / "machines.yaml").write_text(text)


def data_swapped(folder: Path, text: str) -> None:
    """Kubernetes: a link within the folder leads to another folder."""
    number = len(list(folder.glob("..*")))
    content = folder / f"..2026_{number}"
    content.mkdir()
    content.chmod(0o755)
    (content / "machines.yaml").write_text(text)
    (folder / "..fresh").symlink_to(content.name)
    (folder / "..fresh").rename(folder / "..data")
    place = folder / "machines.yaml"
    if not place.is_symlink():
        place.unlink()
        place.symlink_to("..data/machines.yaml")


def folder_exchanged(folder: Path, text: str) -> None:
    """Another folder in its place, as a deployment makes it."""
    fresh = folder.with_name("fresh-folder")
    fresh.mkdir()
    (fresh / "machines.yaml").write_text(text)
    fresh.chmod(0o755)
    folder.rename(folder.with_name(f"old-{len(list(folder.parent.iterdir()))}"))
    fresh.rename(folder)


def link_exchanged(folder: Path, text: str) -> None:
    """The folder is a link to the release that is current."""
    release = folder.with_name(f"release-{len(list(folder.parent.iterdir()))}")
    release.mkdir()
    release.chmod(0o755)
    (release / "machines.yaml").write_text(text)
    if not folder.is_symlink():
        folder.rename(folder.with_name("former"))
    link = folder.with_name("link")
    link.symlink_to(release.name)
    link.rename(folder)


WAYS = (in_place, by_rename, with_backup, removed_first, data_swapped)
WAYS += (folder_exchanged, link_exchanged)


@pytest.mark.parametrize("replace", WAYS)
def test_what_is_put_in_place_is_in_force_soon_however_it_is_put_there(
    server: Boots, lan: Lan, folder: Path, replace: Callable[[Path, str], None]
) -> None:
    longest = 0.0
    with steady(lan) as machine:
        for times in range(1, 7):
            server.mark()
            began = time.monotonic()
            replace(folder / "machines", RECORD + OTHER * (times % 2))
            server.until(events.RecordsLoaded, machines=1 + times % 2, timeout=20)
            longest = max(longest, time.monotonic() - began)
        machine.until(3)
    print(f"\n  {replace.__name__}: in force after {longest:.2f} s, {machine.said}")
    assert longest < IN_FORCE_WITHIN
    assert machine.longest < 1
    mend(folder, server)


@pytest.mark.wide
def test_a_disk_that_is_mounted_over_the_records_and_goes_is_followed(
    own: Lan, tmp_path: Path
) -> None:
    """A server sees mounts that come later where it shares them with who makes them."""
    place = tmp_path / "machines"
    place.mkdir()
    with boots(own.server, tmp_path) as server, steady(own) as machine:
        machine.until(3)
        shared = ["nsenter", f"--mount=/proc/{server.process.pid}/ns/mnt", "--"]
        disk = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", str(place)]
        subprocess.run([*shared, *disk], check=True)
        try:
            said = server.until(events.RecordsLoaded, machines=0, timeout=20)
            assert said.machines == 0
        finally:
            server.mark()
            subprocess.run([*shared, "umount", "--lazy", str(place)], check=True)
        server.until(events.RecordsLoaded, machines=1, timeout=20)
        machine.until(3)


def test_a_folder_above_that_is_closed_and_opened_again_is_read_again(
    own: Lan, tmp_path: Path
) -> None:
    """The server was blind for good once: it asked whether a folder is one, and was refused."""
    above = tmp_path / "above"
    (above / "records").mkdir(parents=True)
    above.chmod(0o755)
    (above / "records").chmod(0o755)
    file = above / "records" / "more.yaml"
    file.write_text("machines: []\n")
    with boots(own.server, tmp_path, "--machines", above / "records") as server:
        above.chmod(0)
        assert server.until(events.RecordsRefused, timeout=20).faults
        above.chmod(0o755)
        server.until(events.RecordsLoaded, timeout=20)
        server.mark()
        file.write_text(RECORD.partition("  - ")[0] + OTHER)
        server.until(events.RecordsLoaded, machines=2, timeout=20)

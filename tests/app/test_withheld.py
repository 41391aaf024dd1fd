"""What is the server's own is published to nobody, wherever `boot.files` leads."""

import os
from ipaddress import IPv4Interface
from pathlib import Path

import msgspec
import pytest

from boots.app import catalogue, withheld, world
from boots.app.doubts import doubts
from boots.machines.files import Cache
from boots.settings import Boot, Dhcp, Http, Settings, Store

OWN = {"lan0": IPv4Interface("192.168.1.1/24")}
RECORDS = "machines:\n  - {name: one, mac: '52:54:00:00:00:01', address: 192.168.1.11/24}\n"


def furnish(top: Path) -> Settings:
    """A folder in which everything lies, as somebody might have it."""
    for name in ("state", "cache", "rows", "tls", "boot/efi"):
        (top / name).mkdir(parents=True)
    for name in ("state/key", "state/boots.db", "state/boots.db-wal", "state/later", "tls/key.pem"):
        (top / name).write_text("secret")
    for name in ("cache/records.bin", "journal", "store.sqlite", "store.sqlite-wal"):
        (top / name).write_text("secret")
    for name in ("machines.yaml", "rows/more.yaml"):
        (top / name).write_text(RECORDS if name == "machines.yaml" else "machines: []")
    for name in ("boot/a.efi", "boot/efi/b.efi", "notes.txt"):
        (top / name).write_text("for all")
    return Settings(
        machines=[str(top / "machines.yaml"), str(top / "rows")],
        state=str(top / "state"),
        cache=str(top / "cache"),
        journal=str(top / "journal"),
        store=Store(url=f"sqlite:///{top / 'store.sqlite'}"),
        http=Http(key=str(top / "tls/key.pem")),
        boot=Boot(files=[str(top)], osie="", images=""),
    )


def published(settings: Settings) -> set[str]:
    found = catalogue.boot_files(
        map(Path, settings.boot.files), system=(), signed={}, withheld=withheld.of(settings)
    )
    return set(found)


def test_neither_key_nor_store_nor_records_are_published(tmp_path: Path) -> None:
    found = published(furnish(tmp_path))
    assert {"boot/a.efi", "boot/efi/b.efi", "notes.txt"} == found


def test_nor_is_what_was_made_of_them(tmp_path: Path) -> None:
    settings = furnish(tmp_path)
    for name in ("store.sqlite.before-0004", "journal.1", "journal-20261130"):
        (tmp_path / name).write_text("secret")
    assert {"boot/a.efi", "boot/efi/b.efi", "notes.txt"} == published(settings)


def test_nor_is_a_copy_of_the_store_that_a_link_leads_to_from_within(tmp_path: Path) -> None:
    settings = furnish(tmp_path)
    images = tmp_path / "state/images"
    images.mkdir()
    (tmp_path / "state/boots.db.before-0004").write_text("secret")
    (images / "old").symlink_to(tmp_path / "state/boots.db.before-0004")
    (images / "a.img").write_text("for all")
    found = catalogue.image_files(images, withheld.of(settings))
    assert ["images/a.img"] == list(found)


def test_a_certificate_is_for_everybody_unless_its_key_is_in_the_same_file(tmp_path: Path) -> None:
    settings = furnish(tmp_path)
    (tmp_path / "tls/cert.pem").write_text("for all")
    certificate, key = str(tmp_path / "tls/cert.pem"), str(tmp_path / "tls/key.pem")
    both = msgspec.structs.replace(settings, http=Http(certificate=certificate))
    apart = msgspec.structs.replace(settings, http=Http(certificate=certificate, key=key))
    assert [False, True] == ["tls/cert.pem" in published(each) for each in (both, apart)]


def test_a_folder_of_ours_is_told_of_once_and_not_looked_into(tmp_path: Path) -> None:
    settings = furnish(tmp_path)
    own = list(withheld.of(settings).below(tmp_path))
    assert str(tmp_path / "state") in own
    assert str(tmp_path / "state/key") not in own


def test_nor_by_another_name(tmp_path: Path) -> None:
    settings = furnish(tmp_path / "all")
    files = tmp_path / "files"
    files.mkdir()
    for name, to in (("k", "state/key"), ("l", "state/later"), ("m", "machines.yaml")):
        (files / name).symlink_to(tmp_path / "all" / to)
    (files / "a.efi").symlink_to(tmp_path / "all/boot/a.efi")
    (tmp_path / "link").symlink_to(tmp_path / "all")
    boot = Boot(files=[str(files), str(tmp_path / "link")])
    there = Settings(**{each: getattr(settings, each) for each in settings.__struct_fields__}
                     | {"boot": boot})  # fmt: skip
    assert {"a.efi", "boot/a.efi", "boot/efi/b.efi", "notes.txt"} == published(there)


def test_a_folder_for_machines_may_lie_within_that_of_state(tmp_path: Path) -> None:
    for name in ("osie", "images", "boot"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text("for all")
    (tmp_path / "key").write_text("secret")
    (tmp_path / "boot/k").symlink_to(tmp_path / "key")
    here = str(tmp_path)
    settings = Settings(
        state=here,
        dhcp=Dhcp(mode="pool"),
        boot=Boot(files=[f"{here}/boot"], osie=f"{here}/osie", images=f"{here}/images"),
    )
    files = world.build(settings, OWN, Cache()).sites["lan0"].files
    assert {"x", "osie/x", "images/x"} == {n for n, p in files.items() if p.startswith(here)}


@pytest.mark.parametrize("place", ["osie", "images"])
def test_nor_are_they_published_as_what_they_are_not(tmp_path: Path, place: str) -> None:
    settings = furnish(tmp_path)
    boot = Boot(**{"osie": "", "images": "", place: str(tmp_path / "state")})
    there = Settings(state=settings.state, dhcp=Dhcp(mode="pool"), boot=boot)
    files = world.build(there, OWN, Cache()).sites["lan0"].files
    assert [] == [path for path in files.values() if path.startswith(str(tmp_path))]


def test_it_is_said_where_such_a_folder_is_named(tmp_path: Path) -> None:
    settings = furnish(tmp_path)
    site = world.build(settings, OWN, Cache()).sites["lan0"]
    told = [each for each in doubts(settings, site) if "the server's own" in each]
    assert told
    real = os.path.realpath(tmp_path)
    assert told[0].startswith(f"boot.files: {real}/state is the server's own")
    assert [] == [e for e in told if "notes" in e or "a.efi" in e]


def test_no_folder_is_not_the_one_that_the_server_was_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    for name in ("notes.txt", "below/more.txt"):
        (tmp_path / name).write_text("secret")
    monkeypatch.chdir(tmp_path)
    settings = Settings(dhcp=Dhcp(mode="pool"), boot=Boot(files=[""], osie="", images=""))
    files = world.build(settings, OWN, Cache()).sites["lan0"].files
    assert [] == [name for name in files if name.endswith(".txt")]

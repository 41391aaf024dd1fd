"""The catalogue: only what stands in it can be fetched."""

import os
from pathlib import Path

import pytest
from tests.policy.test_programs import pe
from watchfiles import Change

from boots.app import catalogue
from boots.app.watch import Places
from boots.app.withheld import Withheld
from boots.model.machine import Architecture
from boots.model.site import Profile
from boots.settings import SettingsError, of_keys


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_the_operators_own_boot_files_win(tmp_path: Path) -> None:
    first = fill(tmp_path / "first", "undionly.kpxe", "anything.bin", "folder/x.efi")
    second = fill(tmp_path / "second", "undionly.kpxe", "snponly.efi")
    found = catalogue.boot_files([first, tmp_path / "gone", second], withheld=Withheld())
    assert str(first / "undionly.kpxe") == found["undionly.kpxe"]
    assert str(second / "snponly.efi") == found["snponly.efi"]
    assert str(first / "anything.bin") == found["anything.bin"]
    assert "x.efi" not in found
    assert "folder" not in found
    assert str(first / "folder/x.efi") == found["folder/x.efi"]


def published(folder: Path) -> dict[str, str]:
    return catalogue.boot_files([folder], system=(), signed={}, withheld=Withheld())


def test_everything_below_a_folder_is_published_by_its_path(tmp_path: Path) -> None:
    fill(tmp_path, "a.efi", "pi/start4.elf", "pi/overlays/x.dtbo", "b/a.efi")
    assert {
        name: str(tmp_path / name) for name in ("a.efi", "pi/start4.elf", "pi/overlays/x.dtbo")
    } | {"b/a.efi": str(tmp_path / "b/a.efi")} == published(tmp_path)


def test_hidden_files_and_those_whose_names_are_no_utf8_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, ".secret", ".git/config", "sub/.hidden/x.efi", "sub/y.efi", "odd/x.efi")
    (tmp_path / "odd").rename(tmp_path / os.fsdecode(b"\xfe"))
    (tmp_path / os.fsdecode(b"\xff.efi")).touch()
    assert {"sub/y.efi"} == set(published(tmp_path))


def test_a_symlink_is_followed_to_a_file_and_to_nothing_else(tmp_path: Path) -> None:
    outside = fill(tmp_path / "outside", "real.efi", "folder/secret")
    inside = fill(tmp_path / "inside", "x.efi")
    (inside / "link.efi").symlink_to(outside / "real.efi")
    (inside / "tree").symlink_to(outside / "folder")
    (inside / "gone.efi").symlink_to(outside / "gone")
    (inside / "device").symlink_to("/dev/null")
    (inside / "again").symlink_to(inside)
    assert {"x.efi", "link.efi"} == set(published(inside))


def test_a_file_is_published_by_the_name_that_asks_for_it(tmp_path: Path) -> None:
    """Of a path from a client some folders fall away; those of a MAC name the machine."""
    fill(tmp_path, "ipxe/own.efi", "52:54:00:00:00:01/auto.ipxe")
    assert {"own.efi": str(tmp_path / "ipxe/own.efi")} == published(tmp_path)


def test_a_folder_of_too_many_files_is_the_wrong_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "MOST_FILES", 3)
    fill(tmp_path, "1", "2", "sub/3")
    assert 3 == len(published(tmp_path))
    fill(tmp_path, "sub/4")
    with pytest.raises(SettingsError, match="holds more than 3 files, and all of them"):
        published(tmp_path)


def test_debians_signed_programs_are_published_as_shim_knows_them(tmp_path: Path) -> None:
    fill(tmp_path, "shimx64.efi.signed", "own/shimx64.efi")
    signed = {"shimx64.efi": f"{tmp_path}/shimx64.efi.signed", "mmx64.efi": f"{tmp_path}/gone"}
    assert {"shimx64.efi": str(tmp_path / "shimx64.efi.signed")} == (
        catalogue.boot_files([], system=(), signed=signed, withheld=Withheld())
    )
    own = catalogue.boot_files([tmp_path / "own"], system=(), signed=signed, withheld=Withheld())
    assert {"shimx64.efi": str(tmp_path / "own/shimx64.efi")} == own


def test_folders_below_those_of_boot_files_are_watched(tmp_path: Path) -> None:
    fill(tmp_path, "a/b/x.efi", ".hidden/x")
    settings = of_keys({"boot.files": [str(tmp_path)], "boot.osie": ""})
    before = Places.of(settings)
    assert {tmp_path, tmp_path / "a", tmp_path / "a/b"} == set(before.there)
    fill(tmp_path, "c/x.efi")
    assert before != Places.of(settings)


def test_profiles_in_folders_of_their_own_quirks_and_rules_are_watched(tmp_path: Path) -> None:
    fill(tmp_path, "profiles/live/profile.yaml", "odd/quirks.yaml", "quirks/a.yaml")
    keys = {"boot.osie": "", "boot.profiles": str(tmp_path / "profiles")}
    own = Places.of(of_keys(keys | {"dhcp.quirks": str(tmp_path / "odd/quirks.yaml")}))
    assert {tmp_path / "profiles", tmp_path / "profiles/live", tmp_path / "odd"} == set(own.there)
    assert own.count(Change.modified, str(tmp_path / "profiles/live/profile.yaml"))
    assert own.count(Change.modified, str(tmp_path / "odd/quirks.yaml"))
    assert not own.count(Change.modified, str(tmp_path / "odd/other"))
    rules = Places.of(of_keys({"boot.osie": "", "enrol.rules": str(tmp_path / "odd/rules.yaml")}))
    assert rules.count(Change.modified, str(tmp_path / "odd/rules.yaml"))
    assert not rules.count(Change.modified, str(tmp_path / "odd/quirks.yaml"))
    several = Places.of(of_keys({"boot.osie": "", "dhcp.quirks": str(tmp_path / "quirks")}))
    assert several.count(Change.modified, str(tmp_path / "quirks/a.yaml"))


def test_names_of_smee_stand_for_what_is_installed(tmp_path: Path) -> None:
    found = catalogue.boot_files(
        [fill(tmp_path, "snponly.efi", "snponly-arm64.efi")], withheld=Withheld()
    )
    assert str(tmp_path / "snponly.efi") == found["snp-x86_64.efi"]
    assert str(tmp_path / "snponly-arm64.efi") == found["snp.efi"]


def test_osie_is_published_below_its_name(tmp_path: Path) -> None:
    fill(tmp_path, "vmlinuz-x86_64", "old/vmlinuz")
    assert {"osie/vmlinuz-x86_64": str(tmp_path / "vmlinuz-x86_64")} == (
        catalogue.osie_files(tmp_path, Withheld())
    )
    assert {} == catalogue.osie_files(tmp_path / "gone", Withheld())


def test_what_a_build_that_was_killed_left_half_is_not_published(tmp_path: Path) -> None:
    fill(tmp_path, "vmlinuz-x86_64", ".vmlinuz-x86_64-k3j2")
    assert ["osie/vmlinuz-x86_64"] == list(catalogue.osie_files(tmp_path, Withheld()))


def test_the_files_of_a_profile_are_published_below_its_name(tmp_path: Path) -> None:
    fill(tmp_path, "linux", "trixie/initrd.gz")
    profile = Profile(
        name="debian",
        kernel="linux",
        initrds=("trixie/initrd.gz", "https://example.com/more.gz", "osie/initramfs-{cpu}"),
        args=("quiet",),
        agent=True,
    )
    changed, files = catalogue.profile_files(profile, tmp_path)
    assert {
        "profiles/debian/linux": str(tmp_path / "linux"),
        "profiles/debian/initrd.gz": str(tmp_path / "trixie/initrd.gz"),
    } == files
    assert changed == Profile(
        name="debian",
        kernel="profiles/debian/linux",
        initrds=(
            "profiles/debian/initrd.gz",
            "https://example.com/more.gz",
            "osie/initramfs-{cpu}",
        ),
        args=("quiet",),
        agent=True,
    )


def test_a_profile_may_have_a_file_for_each_cpu(tmp_path: Path) -> None:
    fill(tmp_path, "linux-x86_64", "linux-aarch64")
    changed, files = catalogue.profile_files(Profile(name="d", kernel="linux-{cpu}"), tmp_path)
    assert "profiles/d/linux-{cpu}" == changed.kernel
    assert {"profiles/d/linux-x86_64", "profiles/d/linux-aarch64"} == set(files)


def test_a_file_that_is_not_there_is_not_published(tmp_path: Path) -> None:
    assert {} == catalogue.profile_files(Profile(name="d", kernel="linux"), tmp_path)[1]


def test_what_to_install_is_said() -> None:
    assert "no iPXE was found (ipxe-" in catalogue.missing()
    assert "install Debian's package ipxe" in catalogue.missing()


# --- what programs are for


def test_programs_are_known_by_how_they_begin(tmp_path: Path) -> None:
    fill(tmp_path, "undionly.kpxe", "a.txt", "text.efi", "osie/vmlinuz")
    for name in ("arm.efi", "osie/x.efi"):
        (tmp_path / name).write_bytes(pe(0xAA64))
    files = published(tmp_path)

    assert {
        "undionly.kpxe": Architecture.BIOS,
        "arm.efi": Architecture.ARM64_UEFI,
    } == catalogue.programs({**files, "gone.efi": str(tmp_path / "gone.efi")})

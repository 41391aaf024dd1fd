"""The catalogue: only what stands in it can be fetched."""

from pathlib import Path

from boots.app import catalogue
from boots.model.site import Profile


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_the_operators_own_boot_files_win(tmp_path: Path) -> None:
    first = fill(tmp_path / "first", "undionly.kpxe", "anything.bin", "folder/x.efi")
    second = fill(tmp_path / "second", "undionly.kpxe", "snponly.efi")
    found = catalogue.boot_files([first, tmp_path / "gone", second])
    assert str(first / "undionly.kpxe") == found["undionly.kpxe"]
    assert str(second / "snponly.efi") == found["snponly.efi"]
    assert str(first / "anything.bin") == found["anything.bin"]
    assert "x.efi" not in found
    assert "folder" not in found


def test_names_of_smee_stand_for_what_is_installed(tmp_path: Path) -> None:
    found = catalogue.boot_files([fill(tmp_path, "snponly.efi", "snponly-arm64.efi")])
    assert str(tmp_path / "snponly.efi") == found["snp-x86_64.efi"]
    assert str(tmp_path / "snponly-arm64.efi") == found["snp.efi"]


def test_osie_is_published_below_its_name(tmp_path: Path) -> None:
    fill(tmp_path, "vmlinuz-x86_64", "old/vmlinuz")
    assert {"osie/vmlinuz-x86_64": str(tmp_path / "vmlinuz-x86_64")} == (
        catalogue.osie_files(tmp_path)
    )
    assert {} == catalogue.osie_files(tmp_path / "gone")


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

"""Building without any package: what is said, kept, and refused."""

import importlib.resources
import json
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from boots.osie import flavours, parts, programs, tree
from boots.osie.architectures import ARCHITECTURES, architecture
from boots.osie.build import BuildOptions, build
from boots.osie.cpio import regular
from boots.osie.elf import Wants, wants
from boots.osie.errors import BuildError
from boots.osie.manifest import Manifest, Output, Part, from_json, memory_needed, table, to_json

OSIE = Path(tree.__file__).parent

RECORD = Manifest(
    osie="0.1.0",
    flavour="cloud",
    architecture="x86_64",
    kernel="6.1.0-1-cloud-amd64",
    modules=55,
    modules_beside=7,
    memory=160,
    outputs=(
        Output("vmlinuz-x86_64", 14_000_000, "aa"),
        Output("initramfs-x86_64", 12_000, "bb"),
        Output("modules-x86_64", 4_000_000, "cc"),
    ),
    parts=(Part("base", 3, 30_000, 12_000),),
    packages={"zstd": "1", "busybox-static": "2"},
)


def test_a_manifest_is_json_in_one_order() -> None:
    text = to_json(RECORD)
    content = json.loads(text)
    assert 2 == content["version"]
    assert {"busybox-static": "2", "zstd": "1"} == content["packages"]
    assert {"name": "base", "files": 3, "unpacked": 30_000, "packed": 12_000} == content["parts"][0]
    assert text.index("busybox-static") < text.index("zstd")


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert RECORD == from_json(to_json(RECORD))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 2, "parts": []}'])
def test_what_is_no_manifest_of_this_version_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"it is no manifest|Expecting value"):
        from_json(text)


def test_the_table_tells_every_part_and_the_total() -> None:
    lines = [line.split() for line in table(RECORD)]
    assert ["base", "3", "0.03", "0.01"] == lines[1]
    assert ["total", "0.03", "14.01"] == lines[-3]


def test_the_table_tells_what_lies_beside_and_what_memory_is_needed() -> None:
    beside, memory = table(RECORD)[-2:]
    assert "modules-x86_64: 7 modules for whoever lacks one, 4.00 MB" == beside
    assert "a machine needs 160 MiB" == memory


def test_a_machine_needs_what_it_unpacks_the_archive_beside_it_and_some_for_its_kernel() -> None:
    assert 256 == memory_needed(102_070_000)
    assert 96 == memory_needed(0)


def test_an_unknown_flavour_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no flavour 'tiny'; there are generic, cloud, full"):
        build(BuildOptions(tmp_path / "out", tmp_path / "cache", "tiny"), lambda _: None)


def test_an_unknown_architecture_names_those_there_are(tmp_path: Path) -> None:
    options = BuildOptions(tmp_path / "out", tmp_path / "cache", architecture="riscv64")
    with pytest.raises(BuildError, match="no architecture 'riscv64'; there are x86_64, aarch64"):
        build(options, lambda _: None)


def test_an_architecture_has_debians_name_too() -> None:
    assert architecture("aarch64") is architecture("arm64")


@pytest.mark.parametrize("flavour", flavours.FLAVOURS.values(), ids=lambda each: each.name)
def test_every_flavour_has_what_workflows_write_disks_with(flavour: flavours.Flavour) -> None:
    for cpu in ARCHITECTURES.values():
        within = set(flavour.module_patterns(cpu))
        assert set() == {"kernel/fs/ext4/*", "kernel/fs/fat/*", "kernel/fs/xfs/*"} - within
        assert set() == {"kernel/fs/squashfs/*", "kernel/fs/overlayfs/*"} - within
        assert set() == {"kernel/drivers/block/loop", "kernel/fs/efivarfs/*"} - within
        assert flavour.kernel_package(cpu).endswith(cpu.debian)


def test_all_of_the_agent_goes_in_and_its_folders_too(tmp_path: Path) -> None:
    source = Path(str(importlib.resources.files("boots_agent")))
    parts._copy_modules(source, tmp_path)
    expected = {path.relative_to(source) for path in source.rglob("*.py")}
    assert expected == {
        path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()
    }
    assert {"actions", "images"} <= {path.parent.name for path in expected}


def test_a_missing_program_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BuildError, match=r"dpkg-deb is not on this host.*apt-get install dpkg"):
        programs.host_pipe("dpkg-deb", "--version")
    with pytest.raises(BuildError, match=r"apt-get is not on this host.*apt-get install apt"):
        programs.host_output("apt-get", "--version")


def test_a_failing_program_is_told_with_its_last_words() -> None:
    with pytest.raises(BuildError, match="failed: no such thing"):
        programs.host_output(sys.executable, "-c", "raise SystemExit('no such thing')")


def test_what_is_needed_is_never_among_the_unused_packages() -> None:
    needed = (*flavours.USER_SPACE, *flavours.BUILD_TOOLS)
    unused = flavours.UNUSED_PACKAGES
    assert [] == [name for name in needed for pattern in unused if fnmatchcase(name, pattern)]


@pytest.mark.parametrize("script", ["init.sh", "lease.sh"])
def test_a_script_has_no_syntax_error(script: str) -> None:
    subprocess.run(["sh", "-n", OSIE / script], check=True)


def test_a_file_that_is_no_program_wants_nothing() -> None:
    assert Wants() == wants(b"#!/bin/sh\n")
    assert Wants() == wants(b"")


@pytest.mark.skipif(sys.maxsize < 1 << 32, reason="reads 64-bit programs")
def test_a_program_wants_libraries_and_a_loader() -> None:
    wish = wants(Path(sys.executable).read_bytes())
    assert any(name.startswith("libc.so") for name in wish.libraries)
    assert "ld-" in wish.interpreter


def test_a_link_brings_its_target(tmp_path: Path) -> None:
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/bin").mkdir()
    (tmp_path / "usr/bin/kmod").write_bytes(b"kmod")
    (tmp_path / "usr/sbin/modprobe").symlink_to("../bin/kmod")
    taken = tree.take(tmp_path, "usr/sbin/modprobe")
    assert ["usr/sbin/modprobe", "usr/bin/kmod"] == [entry.path for entry in taken]
    assert [b"../bin/kmod", b"kmod"] == [entry.data for entry in taken]


def test_a_link_to_what_only_a_maintainer_script_makes_is_kept(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/cert.pem").symlink_to("../etc/certificates.crt")

    [link] = tree.take_or_link(tmp_path, "usr/cert.pem")

    assert ("usr/cert.pem", b"../etc/certificates.crt") == (link.path, link.data)
    with pytest.raises(BuildError, match="packages hold no usr/gone"):
        tree.take_or_link(tmp_path, "usr/gone")


def test_a_missing_file_and_a_missing_library_are_told(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="packages hold no usr/bin/kmod"):
        tree.take(tmp_path, "usr/bin/kmod")
    with pytest.raises(BuildError, match=r"the flavour needs libgone\.so, which is in none"):
        tree.libraries(tmp_path, [regular("a", b"")], ["libgone.so"])

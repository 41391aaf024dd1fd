"""What a person wants in an image besides its flavour, and what is said if it is not there."""

from pathlib import Path

import pytest
from tests.osie.debian import Archive

from boots.osie import firmware, parts
from boots.osie.architectures import native
from boots.osie.errors import BuildError
from boots.osie.extras import Extras, read
from boots.osie.flavours import FLAVOURS
from boots.osie.packages import Package
from boots.osie.programs import Unpacked
from boots.osie.selecting import Chosen, choose
from boots.osie.sources import Sources, Wanted


def wanted(*texts: str) -> Wanted:
    return Wanted(FLAVOURS["generic"], native(), read(texts))


def test_wishes_are_read_by_kind_and_each_once() -> None:
    found = read(["module:mlx5, qed", "package:tcpdump", "firmware:bnx2x", "module:qed"])
    assert Extras(("mlx5", "qed"), ("tcpdump",), ("bnx2x",)) == found


@pytest.mark.parametrize("text", ["tcpdump", "driver:mlx5", "module:", "package:a,,b", ":x"])
def test_a_wish_of_no_kind_is_told_what_to_write(text: str) -> None:
    with pytest.raises(BuildError, match=r"write module:NAME, package:NAME or firmware:NAME"):
        read([text])


@pytest.mark.parametrize("text", ["package:-o Dpkg=x", "package:/etc/passwd", "firmware:A"])
def test_what_is_no_name_of_a_package_never_gets_to_apt(text: str) -> None:
    with pytest.raises(BuildError, match="is no name of a Debian package"):
        read([text])


def test_firmware_that_apt_has_not_is_left_out_of_a_flavour_and_told_to_who_asked() -> None:
    apt = Archive(names=("firmware-linux-free", "firmware-bnx2"))
    assert ("firmware-bnx2",) == firmware.packages(("bnx2", "bnx2x"), (), apt)
    with pytest.raises(
        BuildError, match=r"apt knows no package firmware-bnx2x: .*non-free-firmware"
    ):
        firmware.packages((), ("bnx2x",), apt)


def test_a_module_says_which_firmware_it_loads() -> None:
    content = b"\x7fELF...\0license=GPL\0firmware=bnx2x/a.fw\0firmware=b.bin\0xfirmware=c\0"
    assert ("bnx2x/a.fw", "b.bin") == firmware.named_by(content)


def test_only_firmware_that_a_module_names_goes_in_and_all_that_was_asked_for(
    tmp_path: Path,
) -> None:
    sources = unpacked(tmp_path)
    for name in ("a.fw", "b.fw", "c.fw"):
        (tmp_path / firmware.FOLDER / name).write_bytes(name.encode())
    sources.files["firmware-odd"] = (f"{firmware.FOLDER}/c.fw", "usr/share/doc/x")
    (sources_tree(tmp_path) / "kernel/net/card.ko").write_bytes(b"\0firmware=a.fw\0")
    chosen = Chosen(sources_tree(tmp_path), ("kernel/net/card.ko",), (), {}, {})

    paths = [each.path for each in parts.firmware(sources, wanted("firmware:odd"), chosen)]

    names = sorted(path.rpartition("/")[2] for path in paths if path.endswith(".fw"))
    assert ["a.fw", "c.fw"] == names


def test_all_of_a_package_goes_in_but_what_nobody_reads(tmp_path: Path) -> None:
    sources = unpacked(tmp_path)
    brought = ("usr/bin/tcpdump", "etc/tcpdump.conf", "usr/share/man/man8/tcpdump.8.gz")
    for path in brought:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"#!")
    sources.files["tcpdump"] = brought

    found = parts._extra_files(sources, wanted("package:tcpdump"))

    assert ["usr/bin/tcpdump", "etc/tcpdump.conf"] == [entry.path for entry in found]


def test_a_module_that_this_kernel_has_not_is_told_with_its_neighbours(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no module 'exf4'; there are ext4"):
        choose(unpacked(tmp_path), wanted("module:exf4"))


def test_what_is_built_in_and_a_pattern_without_a_module_are_said(tmp_path: Path) -> None:
    chosen = choose(unpacked(tmp_path), wanted("module:virtio", "module:kernel/none/*"))
    assert (
        "virtio is built into this kernel, and needs no module",
        "no kernel module matches kernel/none/*",
    ) == chosen.idle


def test_what_is_in_the_image_does_not_lie_beside_it(tmp_path: Path) -> None:
    sources = unpacked(tmp_path)
    odd = "kernel/drivers/scsi/odd/odd.ko"
    assert (odd,) == choose(sources, wanted()).beside
    chosen = choose(sources, wanted("module:odd"))
    assert ((), True) == (chosen.beside, odd in chosen.inside)


def sources_tree(root: Path) -> Path:
    return root / "usr/lib/modules/6.1"


class Depmod(Unpacked):
    """depmod has run already."""

    def run(self, program: str, *_arguments: str, **_more: object) -> bytes:
        assert "usr/sbin/depmod" == program
        return b""


def unpacked(root: Path) -> Sources:
    tree = sources_tree(root)
    (tree / "kernel/net").mkdir(parents=True)
    (root / firmware.FOLDER).mkdir(parents=True)
    (tree / "modules.dep").write_text("kernel/fs/ext4/ext4.ko:\nkernel/drivers/scsi/odd/odd.ko:\n")
    (tree / "modules.softdep").write_text("")
    (tree / "modules.builtin").write_text("kernel/drivers/virtio/virtio.ko\n")
    return Sources(root, Depmod(root, native()), (Package("odd", "1"),), {})

"""Modules beside an image: what the build writes is what the agent reads."""

from pathlib import Path

import pytest

from boots.osie.cpio import Entry
from boots.osie.drivers import parse_dependencies, parse_soft_dependencies
from boots.osie.on_demand import gather, packer, parse_aliases
from boots.osie.selecting import Chosen
from boots_agent import modules

ALIASES = """\
# Aliases extracted from modules themselves.
alias pci:v00001000d00000012sv*sd*bc*sc*i* sym53c8xx
alias pci:v00001000d00000013sv*sd*bc*sc*i* sym53c8xx
alias acpi*:A B:* odd-one
"""


def chosen(tree: Path) -> Chosen:
    (tree / "kernel").mkdir(parents=True)
    (tree / "modules.alias").write_text(ALIASES)
    (tree / "kernel/sym53c8xx.ko").write_bytes(b"sym\0firmware=sym.fw\0firmware=gone.fw\0")
    (tree / "kernel/spi.ko").write_bytes(b"spi" * 1000)
    hard = parse_dependencies(
        "kernel/sym53c8xx.ko: kernel/spi.ko kernel/scsi-mod.ko\nkernel/spi.ko: kernel/scsi-mod.ko\n"
        "kernel/scsi-mod.ko:\nkernel/soft.ko:\n"
    )
    soft = parse_soft_dependencies("softdep spi pre: soft absent\n")
    return Chosen(tree, (), ("kernel/spi.ko", "kernel/sym53c8xx.ko"), hard, soft)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Unpacked packages with one firmware file."""
    (tmp_path / "packages/usr/lib/firmware").mkdir(parents=True)
    (tmp_path / "packages/usr/lib/firmware/sym.fw").write_bytes(b"firmware")
    return tmp_path / "packages"


def placed(entry: Entry, root: Path) -> Path:
    (root / entry.path).parent.mkdir(parents=True, exist_ok=True)
    (root / entry.path).write_bytes(entry.data)
    return root


def test_aliases_are_read_by_module() -> None:
    found = parse_aliases(ALIASES)
    assert 2 == len(found["sym53c8xx"])
    assert ["acpi*:A B:*"] == found["odd_one"]


def test_the_agent_reads_what_the_build_wrote(tmp_path: Path, root: Path) -> None:
    made = gather(chosen(tmp_path / "tree"), root, packer(tmp_path / "kept", 1))
    index = modules.read_index(placed(made.index, tmp_path / "image"))

    assert (2, 1) == (made.modules, made.firmware)
    assert {"spi", "sym53c8xx"} == set(index.modules)
    module = index.modules["sym53c8xx"]
    assert ("spi", "scsi_mod") == module.needs
    assert ("scsi_mod", "soft") == index.modules["spi"].needs
    assert ("sym.fw", "gone.fw") == module.firmware
    assert {"sym.fw"} == set(index.firmware)
    assert ["sym53c8xx"] == modules.drivers(
        index, ["pci:v00001000d00000012sv00000000sd00001000bc01sc00i00", "pci:v00008086d1"]
    )


def test_the_same_modules_give_the_same_archive_from_the_cache_too(
    tmp_path: Path, root: Path
) -> None:
    choice, pack = chosen(tmp_path / "tree"), packer(tmp_path / "kept", 1)
    assert gather(choice, root, pack) == gather(choice, root, pack)

"""A disk of Debian: what is in it, where its parts are, and what its first boot makes of a seed."""

import json
import re
import struct
import subprocess
from pathlib import Path
from shutil import which

import pytest
from tests.peers.conftest import lacking

from boots.debian import content, disk, grub, image
from boots.debian.content import Wishes
from boots.debian.disk import MIB, Maker, Names
from boots.osie.errors import BuildError

SLIM = Wishes(cloud_init=False, ssh=False, slim=True)
NAMES = Names.of("bookworm")
TOOLS = ("sfdisk", "mke2fs", "debugfs", "mformat", "mdir", "grub-mkimage")
SCRIPT = Path(content.__file__).parent / "files/first-boot"


def made(wishes: Wishes) -> content.Content:
    return content.content(wishes, "root-uuid", "esp-uuid", "the menu", "deb …\n")


def test_an_image_has_cloud_init_and_ssh_unless_told_otherwise() -> None:
    assert {"cloud-init", "openssh-server", "linux-image-amd64"} <= {*content.packages(Wishes())}
    assert not {"cloud-init", "openssh-server"} & {*content.packages(SLIM)}


def test_more_packages_are_those_that_were_asked_for() -> None:
    assert {"nginx"} == {*content.packages(Wishes(packages=("nginx",)))} - {
        *content.packages(Wishes())
    }


def test_who_tells_the_server_is_cloud_init_or_a_unit() -> None:
    assert "boots-phone-home.service" in made(SLIM).units
    assert "boots-phone-home.service" not in made(Wishes()).units


def test_every_image_takes_the_rest_of_its_disk_and_makes_its_own_host_keys() -> None:
    for wishes in (SLIM, Wishes()):
        found = made(wishes)
        assert "boots-first-boot.service" in found.units
        assert 0o755 == found.files["usr/lib/boots/first-boot"][1]


def test_no_two_machines_share_what_must_be_their_own() -> None:
    found = made(Wishes())

    assert ("", 0o444) == found.files["etc/machine-id"]
    assert "etc/ssh/ssh_host_*" in found.removed


def test_what_a_slim_image_leaves_out_stays_out_with_updates() -> None:
    said, _ = made(SLIM).files["etc/dpkg/dpkg.cfg.d/slim"]

    assert "path-exclude=/usr/share/man/*" in said.splitlines()
    assert "etc/dpkg/dpkg.cfg.d/slim" not in made(Wishes()).files


def test_the_menu_follows_debians_links_to_its_kernels() -> None:
    said = grub.menu("1234", content.kernel_arguments(Wishes(arguments=("quiet",))))

    assert "  linux /vmlinuz root=UUID=1234 ro console=tty0 console=ttyS0,115200 quiet\n" in said
    assert "  initrd /initrd.img.old\n" in said


def test_the_first_sector_knows_where_core_img_is_and_leaves_the_table_alone() -> None:
    boot = bytes(range(256)) * 2

    code = grub.boot_code(boot, 2048)

    assert 440 == len(code)
    assert struct.pack("<Q", 2048) == code[0x5C:0x64]
    assert b"\x90\x90" == code[0x66:0x68]
    assert (boot[:0x5C], boot[0x68:440]) == (code[:0x5C], code[0x68:])


def test_core_img_knows_where_its_rest_is() -> None:
    placed = grub.placed(b"c" * 1300, 2048)

    assert 3 * 512 == len(placed)
    assert (2049, 2, 0x820) == struct.unpack("<QHH", placed[500:512])
    assert b"c" * 500 == placed[:500]


def test_two_images_of_a_release_have_the_same_names_so_that_little_of_them_differs() -> None:
    assert Names.of("bookworm") == NAMES
    assert Names.of("trixie").root != NAMES.root
    assert re.fullmatch("[0-9A-F]{4}-[0-9A-F]{4}", NAMES.esp)


def test_a_disk_has_room_beside_its_files_and_is_as_large_as_asked() -> None:
    assert disk.plan(200 * MIB).root > 200 + 64
    assert 3000 == disk.plan(200 * MIB, 3000).size


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk of a small tree."""
    for tool in TOOLS:
        if not which(tool):
            lacking(f"there is no {tool}")
    if not (grub.LIBRARY / "i386-pc").is_dir() or not (grub.LIBRARY / "x86_64-efi").is_dir():
        lacking("GRUB is not installed")
    work = tmp_path_factory.mktemp("disk")
    (work / "tree/etc").mkdir(parents=True)
    (work / "tree/etc/hostname").write_text("debian\n")
    (work / "tree/etc/link").symlink_to("hostname")
    result = work / "disk.img"
    plan = disk.plan(disk.used(work / "tree"))
    Maker(result, plan, NAMES, work).make(work / "tree", secure=False, report=lambda _: None)
    return result


def told(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.peers
def test_the_table_has_the_root_as_partition_1_and_last(built: Path) -> None:
    found = json.loads(told("sfdisk", "--json", built))["partitiontable"]

    assert str(NAMES.disk).upper() == found["id"]
    by_place = sorted(found["partitions"], key=lambda each: each["start"])
    assert ["bios", "esp", "root"] == [each["name"] for each in by_place]
    assert ["14", "15", "1"] == [each["node"].removeprefix(str(built)) for each in by_place]


@pytest.mark.peers
def test_the_root_file_system_holds_the_tree(built: Path, tmp_path: Path) -> None:
    found = json.loads(told("sfdisk", "--json", built))["partitiontable"]["partitions"]
    [root] = [each for each in found if each["name"] == "root"]
    part = tmp_path / "root.img"
    with built.open("rb") as file, part.open("wb") as out:
        file.seek(root["start"] * 512)
        out.write(file.read(root["size"] * 512))

    assert "debian\n" == told("debugfs", "-R", "cat /etc/hostname", part)
    said = told("dumpe2fs", "-h", part)
    assert str(NAMES.root) in said
    assert "metadata_csum_seed" not in said


@pytest.mark.peers
def test_the_efi_system_partition_holds_grub_and_how_it_finds_the_root(built: Path) -> None:
    there = f"{built}@@{2 * MIB}"

    assert f"--fs-uuid --set=root {NAMES.root}" in told(
        "mtype", "-i", there, "::EFI/debian/grub.cfg"
    )
    assert "BOOTX64  EFI" in told("mdir", "-i", there, "::EFI/BOOT")


@pytest.mark.peers
def test_the_boot_code_loads_what_is_in_the_bios_partition(built: Path) -> None:
    with built.open("rb") as file:
        first = file.read(512)
        file.seek(MIB)
        core = file.read(512)

    assert struct.pack("<Q", MIB // 512) == first[0x5C:0x64]
    assert b"\x55\xaa" == first[510:]
    assert MIB // 512 + 1 == struct.unpack("<Q", core[500:508])[0]


def test_what_cannot_be_built_is_told_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = image.ImageOptions(tmp_path / "image", tmp_path / "work")
    with pytest.raises(BuildError, match="there is no flavour 'tiny'; there are generic, cloud"):
        image.build(
            image.ImageOptions(options.image, options.work, wishes=Wishes(flavour="tiny")), print
        )
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(BuildError, match="this needs root"):
        image.build(options, print)
    assert [] == [*tmp_path.iterdir()]


def run(line: str, seed: Path) -> str:
    """What a function of the first boot's script prints, with this seed."""
    return told("bash", "-c", f"source {SCRIPT}; seed={seed}; {line}")


SEEDS = [
    '{\n  "instance-id": "i-7",\n  "local-hostname": "web-1"\n}\n',
    "instance-id: i-7\nlocal-hostname: web-1\n",
    "local-hostname: 'web-1'\ninstance-id: \"i-7\"\n",
]


@pytest.mark.parametrize("text", SEEDS)
def test_the_first_boot_reads_the_host_name_of_json_and_of_yaml(tmp_path: Path, text: str) -> None:
    (tmp_path / "meta-data").write_text(text)

    assert "web-1" == run("read_seed meta-data | value local-hostname", tmp_path)
    assert "i-7" == run("read_seed meta-data | value instance-id", tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "#cloud-config\nphone_home:\n  url: http://192.0.2.1/x/phone-home\n  tries: 10\n",
        '#cloud-config\n{"phone_home": {"url": "http://192.0.2.1/x/phone-home", "post": "all"}}\n',
    ],
)
def test_the_first_boot_knows_whom_to_tell(tmp_path: Path, text: str) -> None:
    (tmp_path / "vendor-data").write_text(text)

    said = run('post() { echo "$1"; }; phone_home', tmp_path)

    assert "http://192.0.2.1/x/phone-home\n" == said

"""The inventory over trees of files, against the shared vectors."""

from pathlib import Path

import pytest
from tests.agent import contract, trees

from boots.workflow.inventory import HELD
from boots_agent import facts, inventory
from boots_agent.disks import disks, kind_of
from boots_agent.images.signatures import SIGNS
from boots_agent.lldp import Neighbour
from boots_agent.summary import size_text, summary

LEAF = Neighbour(
    switch="leaf1.example.net",
    chassis="52:54:00:aa:00:01",
    port="Ethernet1/7",
    port_description="rack 3, node 7",
    vlan=100,
    management="192.0.2.7",
    rank=3,
)
HEARD = {"server": {"eth0": LEAF}}


@pytest.mark.parametrize("name", trees.TREES)
def test_a_machine_reads_as_its_vector(name: str, tmp_path: Path) -> None:
    root = trees.TREES[name](tmp_path)
    actual = inventory.collect(root, "x86_64", HEARD.get(name, {}))
    assert contract.load(contract.FOLDER / f"inventory-{name}.json").content == actual


def test_the_summary_is_one_line_for_people(tmp_path: Path) -> None:
    small = inventory.collect(trees.virtual_machine(tmp_path / "small"), "x86_64")
    large = inventory.collect(trees.server(tmp_path / "large"), "x86_64")
    bare = inventory.collect(tmp_path / "bare", "x86_64")
    assert "1 CPU, 488 MiB, 1 disk (vda 1.0 GiB), 1 NIC" == summary(small)
    disks_text = "nvme0n1 1.7 TiB, sda 3.6 TiB, sdb 512 MiB"
    assert f"8 CPUs, 251.6 GiB, 3 disks ({disks_text}), 2 NICs" == summary(large)
    assert "0 CPUs, 0 B, 0 disks, 0 NICs" == summary(bare)


def test_the_summary_says_where_the_machine_is_plugged_in(tmp_path: Path) -> None:
    root = trees.virtual_machine(tmp_path)
    named = summary(inventory.collect(root, "x86_64", {"eth0": LEAF}))
    assert named.endswith("1 NIC (eth0 at leaf1.example.net Ethernet1/7)")
    nameless = summary(inventory.collect(root, "x86_64", {"eth0": LEAF._replace(switch="")}))
    assert nameless.endswith("1 NIC (eth0 at 52:54:00:aa:00:01 Ethernet1/7)")


@pytest.mark.parametrize(
    ("said", "expected"),
    [("", None), ("0", 0.0), ("40", 40.0), ("99999", 3600.0), ("-1", None), ("soon", None)],
)
def test_an_argument_is_read_as_seconds(said: str, expected: float | None) -> None:
    assert expected == facts.seconds(said)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1 << 29, "512 MiB"),
        (1 << 30, "1.0 GiB"),
        (1 << 40, "1.0 TiB"),
    ],
)
def test_sizes_are_told_in_the_largest_unit_they_fill(size: int, expected: str) -> None:
    assert expected == size_text(size)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"", None),
        (bytes(4096), "empty"),
        (b"something", "unknown"),
        (bytes(510) + b"\x55\xaa", "mbr"),
        (bytes(510) + b"\x55\xaaEFI PART", "gpt"),
        (bytes(1080) + b"\x53\xef", "ext"),
        (bytes(82) + b"FAT32   " + bytes(420) + b"\x55\xaa", "fat"),
        (b"LUKS\xba\xbe", "luks"),
        (b"XFSB", "xfs"),
    ],
)
def test_the_start_of_a_disk_tells_what_it_holds(start: bytes, expected: str | None) -> None:
    assert expected == kind_of(start)


@pytest.mark.parametrize(
    "name",
    [
        *("loop0", "ram0", "sr0", "fd0", "dm-0", "md127", "zram0", "mmcblk0boot0", "nbd0"),
        *("bcache0", "drbd0", "mtdblock0", "nullb0", "ublkb0"),
    ],
)
def test_what_is_no_disk_is_left_out(name: str, tmp_path: Path) -> None:
    trees.write(tmp_path, {f"sys/block/{name}/size": "1"})
    assert [] == disks(tmp_path)


def test_bootif_is_a_mac_with_hardware_type() -> None:
    assert "52:54:00:aa:bb:cc" == facts.boot_mac({"BOOTIF": "01-52-54-00-AA-BB-CC"})
    assert "" == facts.boot_mac({})


def test_secure_boot_is_unknown_unless_the_firmware_says(tmp_path: Path) -> None:
    assert inventory.secure_boot(tmp_path) is None
    trees.write(tmp_path, {trees.EFI_VARIABLE: b"\x06\0\0\0\0"})
    assert inventory.secure_boot(tmp_path) is False


def test_the_last_of_a_repeated_kernel_argument_wins(tmp_path: Path) -> None:
    trees.write(tmp_path, {"proc/cmdline": "a=1 quiet a=2=3"})
    assert {"a": "2=3", "quiet": ""} == facts.kernel_arguments(tmp_path)


def test_the_server_has_the_same_words_for_what_a_disk_holds() -> None:
    told = {sign.word: sign.kind for sign in SIGNS if sign.offset >= 0}
    known = {word: kind for word, kind in HELD.items() if kind}

    assert told == known

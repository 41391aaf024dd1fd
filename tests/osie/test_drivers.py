"""Which kernel modules are chosen: patterns, closure, exceptions."""

import pytest

from boots.osie.drivers import (
    Selection,
    module_name,
    near,
    parse_dependencies,
    parse_soft_dependencies,
    patterns_of,
    select,
)

HARD = parse_dependencies(
    "kernel/lib/crc.ko:\n"
    "kernel/net/mii.ko.xz:\n"
    "kernel/drivers/net/phy/phy-core.ko: kernel/net/mii.ko.xz\n"
    "kernel/drivers/net/card-a.ko: kernel/drivers/net/phy/phy-core.ko kernel/net/mii.ko.xz\n"
    "kernel/drivers/net/card-b.ko:\n"
    "kernel/fs/ext4.ko:\n"
)
SOFT = parse_soft_dependencies(
    "# made by depmod\nsoftdep ext4 pre: crc absent post: card-b\nsoftdep ext4 pre: mii\nodd\n"
)


def test_dependencies_are_read() -> None:
    needs = ("kernel/drivers/net/phy/phy-core.ko", "kernel/net/mii.ko.xz")
    assert needs == HARD["kernel/drivers/net/card-a.ko"]
    assert () == HARD["kernel/lib/crc.ko"]


def test_soft_dependencies_add_up() -> None:
    assert {"ext4": ("crc", "absent", "card_b", "mii")} == SOFT


def test_a_choice_is_closed_over_hard_dependencies() -> None:
    expected = (
        "kernel/drivers/net/card-a.ko",
        "kernel/drivers/net/phy/phy-core.ko",
        "kernel/net/mii.ko.xz",
    )
    assert Selection(expected, ()) == select(["kernel/drivers/net/card-a"], HARD, SOFT)


def test_a_choice_is_closed_over_soft_dependencies_that_exist() -> None:
    chosen = select(["kernel/fs/*"], HARD, SOFT).paths
    assert {"ext4", "crc", "card_b", "mii"} == {module_name(path) for path in chosen}


def test_a_star_crosses_slashes_and_an_exception_takes_out() -> None:
    chosen = select(["kernel/drivers/*", "!*/card-?"], HARD, SOFT).paths
    assert ("kernel/drivers/net/phy/phy-core.ko", "kernel/net/mii.ko.xz") == chosen


def test_what_is_needed_stays_in_spite_of_an_exception() -> None:
    chosen = select(["*/card-a", "!*/mii"], HARD, SOFT).paths
    assert "kernel/net/mii.ko.xz" in chosen


def test_a_pattern_without_a_module_is_told() -> None:
    assert Selection((), ("kernel/none*",)) == select(["kernel/none*"], HARD, SOFT)


@pytest.mark.parametrize(
    "path", ["a/hid-generic.ko", "hid-generic.ko.xz", "b/c/hid_generic.ko.zst"]
)
def test_a_module_has_one_name_however_its_file_is_called(path: str) -> None:
    assert "hid_generic" == module_name(path)


def test_a_word_means_a_module_or_a_folder_however_it_is_written() -> None:
    assert ("*/card[-_]a", "*/card[-_]a/*") == patterns_of("card_a") == patterns_of("card-a")
    assert "kernel/drivers/net/card-a.ko" in select(patterns_of("card_a"), HARD, SOFT).paths
    assert "kernel/drivers/net/phy/phy-core.ko" in select(patterns_of("phy"), HARD, SOFT).paths


def test_a_pattern_stays_one() -> None:
    assert ("kernel/fs/*",) == patterns_of("kernel/fs/*")
    assert ("!*/card[-_]b", "!*/card[-_]b/*") == patterns_of("!card_b")


def test_a_word_that_is_wrong_is_near_others() -> None:
    assert ("card_a", "card_b") == near("card", HARD)
    assert ("ext4",) == near("exf4", HARD)
    assert ("phy", "phy_core") == near("phy", HARD)
    assert () == near("zzz", HARD)

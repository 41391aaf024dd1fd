"""Kernel settings in the way."""

from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from tests.policy.made import SITE

from boots.doctor.kernel import judge, strict
from boots.doctor.place import Place

PLACE = Place("eth1", IPv4Interface("192.168.1.1/24"), SITE, here=True)


def codes(
    mtu: int = 1500, block: int = 0, *, is_strict: bool = False, lost: tuple[str, ...] = ()
) -> list[str]:
    return [each.code for each in judge(PLACE, mtu, block, is_strict=is_strict, lost=lost)]


def test_blocks_that_fit_the_mtu_are_as_they_should_be() -> None:
    assert [] == codes(1500, 1468)
    assert ["mtu"] == codes(1500, 1469)
    assert ["mtu"] == codes(576, 1468)


def test_a_strict_filter_matters_where_answers_take_another_way() -> None:
    assert [] == codes(is_strict=True)
    assert [] == codes(lost=("10.0.0.0/24",))
    assert ["rp-filter"] == codes(is_strict=True, lost=("10.0.0.0/24",))


@pytest.mark.parametrize(
    ("of_all", "own", "expected"),
    [("0", "1", True), ("1", "0", True), ("2", "1", False), ("0", "0", False)],
)
def test_the_larger_of_two_values_counts(
    tmp_path: Path, of_all: str, own: str, expected: bool
) -> None:
    for name, value in (("all", of_all), ("eth1", own)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rp_filter").write_text(f"{value}\n")
    assert expected is strict("eth1", tmp_path)


def test_what_cannot_be_read_is_not_strict(tmp_path: Path) -> None:
    assert not strict("eth1", tmp_path)

"""The table of limits: each is one that a door has, and the settings begin with it."""

import re
from pathlib import Path

import pytest

from boots.model import limits
from boots.model.limits import LIMITS, Limit
from boots.settings import Settings
from boots.settings.keys import value_of

SRC = Path(__file__).parents[2] / "src" / "boots"
NAMED = {name: value for name, value in vars(limits).items() if isinstance(value, Limit)}


def test_every_limit_is_in_the_table_once() -> None:
    assert sorted(NAMED.values()) == sorted(LIMITS)
    assert len({(each.door, each.name) for each in LIMITS}) == len(LIMITS)


def test_every_limit_of_the_table_is_named_by_a_door() -> None:
    code = "\n".join(
        file.read_text() for file in SRC.rglob("*.py") if file != SRC / "model" / "limits.py"
    )
    unused = [name for name in NAMED if not re.search(rf"\b{name}\b", code)]

    assert [] == unused


def test_settings_begin_with_what_the_table_says() -> None:
    settings = Settings()
    assert {each.setting: each.most for each in LIMITS if each.setting} == {
        each.setting: value_of(settings, each.setting) for each in LIMITS if each.setting
    }


@pytest.mark.parametrize(
    ("limit", "most", "burst"),
    [
        (limits.DHCP_STRANGERS, 500, 1_000),
        (limits.DHCP_STRANGERS, 5, 10),
        (limits.TFTP_STRANGERS, 100, 256),
        (limits.TFTP_STRANGERS, 1_000, 2_560),
    ],
)
def test_what_may_come_at_once_goes_with_what_a_setting_allows_a_second(
    limit: Limit, most: int, burst: int
) -> None:
    assert limit._replace(most=most, burst=burst) == limit.of(most)

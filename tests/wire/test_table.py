"""Every option we can read survives, and any bytes are a value or malformed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import strategies

from boots.wire.malformed import Malformed
from boots.wire.options import Option
from boots.wire.table import TABLE

quick = settings(database=None, max_examples=50)
each_option = pytest.mark.parametrize(
    "option", TABLE.values(), ids=lambda option: f"{option.code} {option.name}"
)


def test_every_option_has_values_to_be_tested_with() -> None:
    assert set(TABLE) == set(strategies.OPTION_VALUES)


@each_option
@quick
@given(data=st.data())
def test_a_value_survives(option: Option[Any], data: st.DataObject) -> None:
    value = data.draw(strategies.OPTION_VALUES[option.code])
    assert value == option.read(option.write(value))


@each_option
@quick
@given(raw=st.binary(max_size=80))
def test_any_bytes_are_a_value_or_malformed(option: Option[Any], raw: bytes) -> None:
    try:
        option.read(raw)
    except Malformed:
        return

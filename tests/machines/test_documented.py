"""The reference page names every key we read."""

import re
from pathlib import Path

import pytest

from boots.machines import short

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "records.md").read_text()


@pytest.mark.parametrize("key", sorted(short.MACHINE_KEYS | short.INTERFACE_KEYS | short.FILE_KEYS))
def test_every_key_of_the_short_form_is_documented(key: str) -> None:
    assert re.search(rf"^\| `{key}` \|", PAGE, re.MULTILINE)

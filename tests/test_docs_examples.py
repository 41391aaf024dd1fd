"""What the pages show as settings, records, profiles, quirks and rules can be read."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from boots import settings
from boots.app import profiles, quirks, rules, sites
from boots.machines.files import Cache, load

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_OTHERS = ("scrape_configs:",)  # what a page shows of another program's


def blocks(kind: str) -> list[tuple[str, str]]:
    """Each block of a kind, with the page it stands on."""
    return [(page, text) for page, found, text in _all() if found == kind]


def _all() -> Iterator[tuple[str, str, str]]:
    for page in sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]):
        for _, kind, text in _BLOCK.findall(page.read_text()):
            yield str(page.relative_to(ROOT)), kind, text


@pytest.mark.parametrize(("page", "text"), blocks("toml"))
def test_settings_that_a_page_shows_can_be_read(tmp_path: Path, page: str, text: str) -> None:
    file = tmp_path / "boots.toml"
    file.write_text(text)
    found = settings.load(file, {}, {})

    assert tomllib.loads(text), page
    assert len(found.subnets) == len([sites.subnet(each) for each in found.subnets])


def whole(text: str) -> str:
    """A record around keys that are shown alone."""
    if text.startswith(" "):
        return f"machines:\n  - mac: 52:54:00:12:34:56\n{text}"
    return f"mac: 52:54:00:12:34:56\n{text}" if text.startswith("options:") else text


@pytest.mark.parametrize(("page", "text"), blocks("yaml"))
def test_records_profiles_quirks_and_rules_that_a_page_shows_can_be_read(
    tmp_path: Path, page: str, text: str
) -> None:
    if text.startswith(_OTHERS):
        return
    file = tmp_path / "a.yaml"
    file.write_text(whole(text))
    for name in re.findall(r"[\w.-]+\.(?:cfg|ign|ks)\b", text):
        (tmp_path / name).write_text("")
    if "quirks:" in text:
        faults = quirks.load(file)[1]
    elif "rules:" in text:
        faults = rules.load(file)[1]
    elif re.search(r"^(kernel|script|script_url|disk|templates):", text, re.MULTILINE):
        faults = profiles.load(tmp_path)[1]
    else:
        faults = load([file], Cache(tmp_path / "cache")).faults

    assert [] == list(faults), page

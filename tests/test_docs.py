"""The documentation and the code say the same."""

import importlib.util
import re
import typing
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from boots import settings
from boots.app import profiles
from boots.journal import events
from boots.policy.ladder import LADDER

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MAKEFILE = (ROOT / "Makefile").read_text()


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "reference/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = generator()


@pytest.mark.parametrize("name", sorted(GENERATE.PAGES))
def test_reference_pages_are_what_the_code_says(name: str) -> None:
    """If this fails: make docs."""
    assert GENERATE.PAGES[name]() == (DOCS / "reference" / name).read_text()


def test_every_setting_has_a_meaning_and_nothing_else_has() -> None:
    assert {key for key, _, _ in settings.all_keys()} == set(settings.MEANINGS)


@pytest.mark.parametrize("kind", typing.get_args(events.AnyEvent), ids=lambda kind: kind.__name__)
def test_every_event_is_documented_where_it_is_defined(kind: type[events.Event]) -> None:
    assert kind.__doc__
    assert kind.__doc__ != events.Event.__doc__


def test_every_event_class_can_be_recorded() -> None:
    defined = {
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, events.Event) and kind is not events.Event
    }

    assert defined == set(typing.get_args(events.AnyEvent))


def pages() -> list[Path]:
    return sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())

    assert [] == [each for each in targets if not (page.parent / each).exists()]


def test_make_words_in_the_pages_exist() -> None:
    words = {
        word for page in pages() for word in re.findall(r"`make ([a-z0-9-]+)", page.read_text())
    }
    targets = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, flags=re.MULTILINE))

    assert set() == words - targets


def test_the_glossary_has_every_word_of_the_house() -> None:
    glossary = (DOCS / "glossary.md").read_text()
    words = ["machine", "client", "architecture", "reservation", "relay", "chain-load", "script"]
    words += ["profile", "OSIE", "agent", "decision", "next-server", "boot file", "armed"]

    assert [] == [word for word in words if f"**{word}**" not in glossary]


def test_the_architecture_page_names_every_room() -> None:
    page = (DOCS / "architecture.md").read_text()
    rooms = {
        path.name.removesuffix(".py")
        for path in (ROOT / "src/boots").iterdir()
        if not path.name.startswith("_") and path.suffix in {"", ".py"}
    }

    assert [] == sorted(room for room in rooms if f"`{room}" not in page)


def test_every_rung_of_the_ladder_is_in_the_boot_story() -> None:
    story = (DOCS / "explain/boot.md").read_text()

    assert [] == [each.value for each in LADDER if f"`{each.value}`" not in story]


def test_json_of_the_journal_is_what_the_events_page_says() -> None:
    line = events.encode(events.Entry(1.5, events.ServerStopped(why="SIGTERM")))

    assert {"at": 1.5, "event": {"event": "ServerStopped", "why": "SIGTERM"}} == (
        msgspec.json.decode(line)
    )


def test_every_key_of_a_profile_is_documented() -> None:
    page = (DOCS / "reference/profiles.md").read_text()

    assert [] == [key for key in sorted(profiles.KEYS) if f"| `{key}` |" not in page]

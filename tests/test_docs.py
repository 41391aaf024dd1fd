"""The documentation and the code say the same."""

import importlib.util
import re
import typing
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from tests.test_floors import MAY_USE

from boots import settings
from boots.app import profiles, rules
from boots.journal import events
from boots.policy.attributes import NAMES
from boots.policy.ladder import LADDER
from boots.settings.meanings import OF_SUBNETS

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


def test_every_key_of_subnets_has_a_meaning_and_nothing_else_has() -> None:
    assert set(settings.Subnet.__struct_fields__) == set(OF_SUBNETS)


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
    words += ["lease", "pool", "shadow", "quirk", "template", "token", "stranger", "subnet"]

    words += ["rule", "enrolment"]

    assert [] == [word for word in words if f"**{word}**" not in glossary]


def test_the_architecture_page_names_every_room() -> None:
    page = (DOCS / "architecture.md").read_text()
    rooms = {
        path.name.removesuffix(".py")
        for path in (ROOT / "src/boots").iterdir()
        if not path.name.startswith("_") and path.suffix in {"", ".py"}
    }

    assert [] == sorted(room for room in rooms if f"`{room}" not in page)


def rows(page: str) -> list[list[str]]:
    """The cells of every row of every table of a page."""
    lines = (DOCS / page).read_text().splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:1] == "|"]


def test_the_architecture_page_says_what_each_room_may_use() -> None:
    said = {
        row[1].strip("`").removesuffix("/").removesuffix(".py"): set(row[3].strip("`—").split())
        for row in rows("architecture.md")
        if len(row) == 4 and row[0].isdigit()
    }

    assert said == {room: uses for room, uses in MAY_USE.items() if not room.startswith("_")}


def test_every_rung_of_the_ladder_is_in_the_boot_story() -> None:
    story = {row[0]: row[1] for row in rows("explain/boot.md")}

    assert [] == [each for each in LADDER if story[f"`{each.value}`"] != ", ".join(LADDER[each])]


def test_the_index_leads_to_every_page() -> None:
    index = (DOCS / "README.md").read_text()
    own = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if page.name != "README.md"}

    assert [] == sorted(
        page for page in own if f"({page})" not in index and page[:9] != "decisions"
    )


def test_events_that_the_pages_name_exist() -> None:
    known = {kind.__name__ for kind in typing.get_args(events.AnyEvent)}
    past = "Sent|Started|Stopped|Loaded|Refused|Ignored|Released|Declined|Dropped|Progressed"
    past += "|Finished|Failed|Probed|Served|Reported"
    named = {
        word
        for page in pages()
        for word in re.findall(rf"\b(?:[A-Z][a-z]+)+(?:{past})\b", page.read_text())
    }

    assert named
    assert set() == named - known


def test_settings_that_the_pages_name_exist() -> None:
    known = {key for key, _, _ in settings.all_keys()}
    sections = "|".join(sorted({key.partition(".")[0] for key in known if "." in key}))
    named = {
        word
        for page in pages()
        # Hardware has dhcp.…, too, and so have targets of the fuzzers.
        if page.name not in {"records.md", "from-tinkerbell.md", "fuzzing.md"}
        for word in re.findall(rf"`((?:{sections})\.[a-z_]+)(?: = [^`]*)?`", page.read_text())
    }

    assert "http.port" in named
    assert set() == named - known


def test_json_of_the_journal_is_what_the_events_page_says() -> None:
    line = events.encode(events.Entry(1.5, events.ServerStopped(why="SIGTERM")))

    assert {"at": 1.5, "event": {"event": "ServerStopped", "why": "SIGTERM"}} == (
        msgspec.json.decode(line)
    )


def test_every_key_of_a_profile_is_documented() -> None:
    page = (DOCS / "reference/profiles.md").read_text()

    assert [] == [key for key in sorted(profiles.KEYS) if f"| `{key}` |" not in page]


def test_every_key_of_a_rule_and_every_name_in_its_templates_is_documented() -> None:
    keys = {word for row in rows("reference/enrol.md") for word in re.findall(r"`(\w+)`", row[0])}

    assert set() == (rules.KEYS | rules.MATCH_KEYS | NAMES) - keys

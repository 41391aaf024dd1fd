"""Nothing stands unused: every setting is read, every event told, every word of the model used."""

import ast
import re
import typing
from types import ModuleType

import msgspec
import pytest
from tests.test_floors import SOURCE, modules

from boots import settings
from boots.journal import events
from boots.model import machine, quirk, site

TEXTS = {path: path.read_text() for path in modules()}
# What other rooms write of settings and events: `settings.tftp.port`, `events.OfferSent(`.
OUTSIDE = "\n".join(
    text
    for path, text in TEXTS.items()
    if path.parent != SOURCE / "settings" and path.name != "events.py"
)
READ = {
    node.attr
    for text in TEXTS.values()
    for node in ast.walk(ast.parse(text))
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
}
ONLY_DOCUMENTED = {"needed_by"}  # the reference page of quirks shows it


def test_every_setting_is_read_somewhere() -> None:
    keys = [key if "." in key else f"settings.{key}" for key, _, _ in settings.all_keys()]

    assert [] == [key for key in keys if not re.search(rf"\b{re.escape(key)}\b", OUTSIDE)]


def test_every_event_is_told_somewhere() -> None:
    names = [kind.__name__ for kind in typing.get_args(events.AnyEvent)]

    assert [] == [name for name in names if not re.search(rf"\bevents\.{name}\b", OUTSIDE)]


@pytest.mark.parametrize("words", [machine, quirk, site], ids=lambda words: words.__name__)
def test_every_field_of_the_model_is_read_somewhere(words: ModuleType) -> None:
    fields = {
        field
        for kind in vars(words).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        for field in kind.__struct_fields__
    }

    assert ONLY_DOCUMENTED >= fields - READ

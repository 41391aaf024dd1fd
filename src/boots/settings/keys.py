"""Keys, like ``dhcp.port``: all there are, and settings by them."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from boots.settings.words import Settings


def all_keys(
    kind: type[msgspec.Struct] = Settings, head: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Every key as ``section.name``, its type and its default."""
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from all_keys(field.type, f"{head}{field.name}.")
        else:
            default = [] if field.default is msgspec.NODEFAULT else field.default
            yield f"{head}{field.name}", field.type, default


def of_keys(values: Mapping[str, Any]) -> Settings:
    """Settings from values by key, like ``dhcp.port``; what is not named has its default."""
    nested: dict[str, Any] = {}
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        (nested.setdefault(section, {}) if section else nested)[name] = value
    return msgspec.convert(nested, Settings)


def value_of(settings: Settings, key: str) -> Any:
    """The value of one key, like ``dhcp.port``."""
    section, _, name = key.rpartition(".")
    return getattr(getattr(settings, section) if section else settings, name)

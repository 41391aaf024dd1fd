"""Workflows that come with Boots, by their names."""

from collections.abc import Iterable
from importlib.resources import files

_FOLDER = files("boots") / "workflows"
_ENDING = ".yaml"


def names() -> tuple[str, ...]:
    """All of them."""
    found: Iterable[str] = (each.name for each in _FOLDER.iterdir()) if _FOLDER.is_dir() else ()
    return tuple(sorted(each.removesuffix(_ENDING) for each in found if each.endswith(_ENDING)))


def text(name: str) -> str | None:
    """The template of one; None where there is none of this name."""
    return (_FOLDER / f"{name}{_ENDING}").read_text() if name in names() else None

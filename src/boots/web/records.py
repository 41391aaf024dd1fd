"""Records as a person writes them into a page."""

from typing import Any

import yaml

from boots.api.desk import Refused

LONGEST = 65_536  # characters
DEEPEST = 32  # lists and mappings within each other


def read(text: str) -> Any:
    """What a text says: YAML, of which JSON is a part.

    All scalars stay texts, as `machines` reads them: a MAC of digits is no number of base 60.
    """
    if len(text) > LONGEST:
        raise Refused(413, "The record is too long", f"at most {LONGEST:,} characters")
    try:
        _refuse_odd(text)
        found = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506  # it makes texts only
    except (yaml.YAMLError, RecursionError) as error:
        raise Refused(400, "The record cannot be read", _where(error)) from None
    if not isinstance(found, dict):
        raise Refused(400, "The record cannot be read", "write lines such as  name: one")
    return found


def _refuse_odd(text: str) -> None:
    """Refuse references, and nesting that no record has: libyaml's time grows with its square."""
    depth = 0
    for part in yaml.parse(text, Loader=yaml.CBaseLoader):
        if isinstance(part, yaml.AliasEvent):
            raise Refused(400, "The record cannot be read", "write out what *names stand for")
        if isinstance(part, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(part, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise Refused(400, "The record cannot be read", f"it is nested over {DEEPEST} deep")


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it is no YAML"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else str(problem)


def has_bmc(record: Any) -> bool:
    """Whether a record names a BMC: `bmc` in the short form, `bmcRef` in Tinkerbell's."""
    if not isinstance(record, dict):
        return False
    spec = record.get("spec")
    return bool(record.get("bmc") or (isinstance(spec, dict) and spec.get("bmcRef")))

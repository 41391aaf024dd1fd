"""Go's and Sprig's functions for lists and mappings."""

from collections.abc import Mapping, Sequence
from typing import Any

from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.functions.calling import Native, bounded
from boots.workflow.gotemplate.functions.comparing import same
from boots.workflow.gotemplate.values import is_true, kind, printed, weigh

Map = Mapping[str, Any]
List = Sequence[Any]


def _index(value: Any, *ways: Any) -> Any:
    for way in ways:
        match value:
            case list() | tuple():
                value = value[_position(way, len(value))]
            case Mapping():
                if not isinstance(way, str):
                    raise Refused(f"a map is asked for by text, and this is {kind(way)}")
                value = value.get(way)
            case str():
                data = value.encode(errors="replace")
                value = data[_position(way, len(data))]
            case _:
                raise Refused(f"{kind(value)} has no entries", "index lists and maps")
    return value


def _position(way: Any, length: int) -> int:
    if not isinstance(way, int) or isinstance(way, bool):
        raise Refused(f"a list is asked for by number, and this is {kind(way)}")
    if not 0 <= way < length:
        entries = "1 entry" if length == 1 else f"{length} entries"
        raise Refused(f"there is no entry {way}: {entries}", "they count from 0")
    return way


def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode(errors="replace"))
    if isinstance(value, list | tuple | Mapping):
        return len(value)
    raise Refused(f"{kind(value)} has no length")


def _slice(values: List, *bounds: int) -> List:
    start, stop = [*bounds, *(0, len(values))[len(bounds) :]]
    if not 0 <= start <= stop <= len(values):
        raise Refused(f"there is nothing from {start} to {stop} of {len(values)} entries")
    return values[start:stop]


def _dict(*words: Any) -> dict[str, Any]:
    values = [*words, ""] if len(words) % 2 else words
    return {printed(key): value for key, value in zip(values[::2], values[1::2], strict=True)}


def _set(values: Any, key: str, value: Any) -> Any:
    values[key] = value
    return values


def _unset(values: Any, key: str) -> Any:
    values.pop(key, None)
    return values


def _merge(values: Any, *others: Map) -> Any:
    """Fill what is empty in the first with what the others have, deeply."""
    for other in others:
        for key, value in other.items():
            own = values.get(key)
            if isinstance(own, dict) and isinstance(value, Mapping):
                _merge(own, value)
            elif not is_true(own):
                values[key] = value
    return values


def _dig(*words: Any) -> Any:
    inside: Any = words[-1] if words else None
    if len(words) < 3 or not isinstance(inside, Mapping):
        raise Refused("it takes keys, what to give where they lead nowhere, and a dict")
    value, (*keys, default) = words[-1], words[:-1]
    for key in keys:
        if not isinstance(key, str):
            raise Refused(f"a map is asked for by text, and this is {kind(key)}")
        if not isinstance(value, Mapping) or key not in value:
            return default
        value = value[key]
    return value


def _strings(value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return [printed(each) for each in values if each is not None]


def _join(joint: str, value: Any) -> str:
    words = _strings(value)
    bounded(sum(map(len, words)) + len(joint) * len(words))
    return joint.join(words)


def _split(text: str, joint: str, most: int = -1) -> list[str]:
    if not joint:
        return list(text)
    return text.split(joint, most - 1 if most > 0 else -1)


def _numbered(words: list[str]) -> dict[str, str]:
    return {f"_{number}": word for number, word in enumerate(words)}


def _uniq(values: List) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if not any(same(value, each) for each in found):
            found.append(value)
    return found


def _without(values: List, *others: Any) -> list[Any]:
    return [each for each in values if not any(same(each, other) for other in others)]


def _cost_of_uniq(values: List) -> int:
    return len(values) * weigh(values) // 4


def _cost_of_without(values: Any, *others: Any) -> int:
    return len(others) * weigh(values) // 4


def _chunk(size: int, values: List) -> list[Any]:
    if size < 1:
        raise Refused("a chunk has at least one entry")
    return [list(values[at : at + size]) for at in range(0, len(values), size)]


def _many(values: tuple[Map, ...]) -> list[str]:
    return [key for each in values for key in sorted(each)]


def _picked(values: Map, keys: tuple[str, ...], *, inside: bool) -> dict[str, Any]:
    return {key: value for key, value in values.items() if (key in keys) == inside}


TABLE = (
    Native("index", "aa*", _index, "the entry behind one or more keys or numbers"),
    Native("len", "a", _len, "how many entries; of a text, how many bytes"),
    Native("slice", "li?i?", _slice, "the entries from one number to below another"),
    Native("list", "a*", lambda *values: list(values), "a list of these"),
    Native("tuple", "a*", lambda *values: list(values), "as list"),
    Native("first", "l", lambda values: values[0] if values else None, "the first entry"),
    Native("last", "l", lambda values: values[-1] if values else None, "the last entry"),
    Native("rest", "l", lambda values: list(values[1:]), "all but the first"),
    Native("initial", "l", lambda values: list(values[:-1]), "all but the last"),
    Native("append", "la", lambda values, value: [*values, value], "with one more at the end"),
    Native("prepend", "la", lambda values, value: [value, *values], "with one more before"),
    Native(
        "concat",
        "l*",
        lambda *lists: [each for one in lists for each in one],
        "one list of several",
    ),
    Native("reverse", "l", lambda values: list(values[::-1]), "the last first"),
    Native("uniq", "l", _uniq, "each entry once", _cost_of_uniq),
    Native("without", "la*", _without, "all but these", _cost_of_without),
    Native(
        "has",
        "al",
        lambda value, values: any(same(value, each) for each in values),
        "whether the list has it",
    ),
    Native(
        "compact",
        "l",
        lambda values: [each for each in values if is_true(each)],
        "without what is empty",
    ),
    Native("chunk", "il", _chunk, "lists of so many"),
    Native("sortAlpha", "a", lambda values: sorted(_strings(values)), "as texts, in order"),
    Native("toStrings", "a", _strings, "each as text"),
    Native("join", "sa", _join, "one text of a list, with the first between"),
    Native(
        "splitList",
        "ss",
        lambda joint, text: _split(text, joint),
        "the parts of a text between the first",
    ),
    Native(
        "split", "ss", lambda joint, text: _numbered(_split(text, joint)), "the parts as _0, _1 …"
    ),
    Native(
        "splitn",
        "sis",
        lambda joint, most, text: _numbered(_split(text, joint, most)),
        "so many parts as _0, _1 …",
    ),
    Native("dict", "a*", _dict, "a mapping of keys and values in turn"),
    Native(
        "get", "ms", lambda values, key: values.get(key, ""), "the value of a key, or an empty text"
    ),
    Native("set", "msa", _set, "the mapping, with the key set in it"),
    Native("unset", "ms", _unset, "the mapping, with the key taken out of it"),
    Native("hasKey", "ms", lambda values, key: key in values, "whether the key is there"),
    Native("keys", "m*", lambda *maps: _many(maps), "the keys, in order"),
    Native(
        "values",
        "m",
        lambda values: [values[key] for key in sorted(values)],
        "the values, in the order of keys",
    ),
    Native(
        "pick",
        "ms*",
        lambda values, *keys: _picked(values, keys, inside=True),
        "with these keys only",
    ),
    Native(
        "omit",
        "ms*",
        lambda values, *keys: _picked(values, keys, inside=False),
        "without these keys",
    ),
    Native("merge", "mm*", _merge, "the first, with what it lacks from the others"),
    Native("dig", "a*", _dig, "the value behind several keys, or the one before the mapping"),
)

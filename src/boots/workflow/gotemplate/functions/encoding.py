"""Sprig's functions that encode: base64, digests, JSON, YAML."""

import base64
import binascii
import hashlib
import json
import re
from typing import Any, ClassVar

import yaml

from boots.documents.fault import Wrong
from boots.documents.parsing import parse
from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.functions.calling import Native, bounded, letters
from boots.workflow.gotemplate.values import shortest, weigh, wrapped

_BREAKS = "\r\x85\u2028\u2029"
"""What YAML reads as the end of a line, too: only escapes keep it as it is."""


class _Dumper(yaml.SafeDumper):
    """No aliases: each value is written out."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """Texts of several lines as a block, as Go's encoder writes them."""
    style = None
    if any(letter in _BREAKS for letter in text):
        style = '"'
    elif "\n" in text:
        style = '"' if text[0] in " \n" or text.endswith("\n\n") else "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _number(dumper: yaml.SafeDumper, number: float) -> yaml.Node:
    if number != number or number in {float("inf"), float("-inf")}:  # noqa: PLR0124
        return dumper.represent_float(number)
    tag = "float" if number % 1 else "int"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{tag}", shortest(number, 21))


_Dumper.add_representer(str, _text)
_Dumper.add_representer(float, _number)
_Dumper.add_representer(tuple, yaml.SafeDumper.represent_list)


def to_yaml(value: Any) -> str:
    """As YAML with sorted keys; without a newline at the end, unless the last text has one."""
    made: str = yaml.dump(
        _plain(value), Dumper=_Dumper, allow_unicode=True, default_flow_style=False, width=10_000
    )
    if _last(value).endswith("\n"):
        return made
    return made.removesuffix("\n").removesuffix("\n...")


def _last(value: Any) -> str:
    """The text that stands last, if one does."""
    while value and not isinstance(value, str):
        match value:
            case dict():
                value = value[max(value)]
            case list() | tuple():
                value = value[-1]
            case _:
                return ""
    return value or ""


def from_yaml(text: str) -> Any:
    """What YAML says, with its kinds: ``0644`` is a number and ``yes`` is true here."""
    try:
        parse(text)  # bounds depth and aliases before anything is built of it
        value = yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader with fewer kinds
    except Wrong as wrong:
        raise Refused(wrong.problem, wrong.advice) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Refused(f"not YAML: {error}") from None
    weigh(value)
    return _plain(value)


class _Loader(yaml.SafeLoader):
    """Without dates, which JSON does not know either; and ``y`` is true, as for Go's reader.

    Nor are there numbers in base 60, which Go's reader does not know, and which take the square
    of their length to be read.
    """

    bool_values: ClassVar = {**yaml.SafeLoader.bool_values, "y": True, "n": False}


_INT = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*)$")
_FLOAT = re.compile(
    r"(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_TAG = "tag:yaml.org,2002:"
_Loader.yaml_implicit_resolvers = {
    letter: [
        each for each in found if each[0].removeprefix(_TAG) not in {"timestamp", "int", "float"}
    ]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_TAG}int", _INT, list("-+0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}float", _FLOAT, list("-+0123456789."))
for _kind in (_Loader, _Dumper):
    _kind.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"[yYnN]$"), list("yYnN"))


def _plain(value: Any) -> Any:
    """Mappings by text and lists, as JSON has them."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if wrapped(value) == value else _as_float(value)
        case float():
            return value
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {_key(key): _plain(each) for key, each in value.items()}
    return str(value)


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        raise Refused("a number is too large", "write it as text, in quotes") from None


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


_HTML = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def _json(value: Any, *, pretty: bool = False, raw: bool = False) -> str:
    """As Go's encoder writes it: sorted keys, no blanks, and <, > and & escaped."""
    try:
        made = json.dumps(
            _whole(value),
            sort_keys=True,
            ensure_ascii=False,
            allow_nan=False,
            indent=2 if pretty else None,
            separators=(",", ": ") if pretty else (",", ":"),
        )
    except ValueError:
        raise Refused("JSON has no such number") from None
    return made if raw else made.translate(_HTML)


def _whole(value: Any) -> Any:
    """Floats without a fraction as whole numbers."""
    match value:
        case float() if value % 1 == 0 and abs(value) < 1e21:
            return int(shortest(value, 21))
        case list() | tuple():
            return [_whole(each) for each in value]
        case dict():
            return {key: _whole(each) for key, each in value.items()}
    return value


def _from_json(text: str) -> Any:
    try:
        parse(text)  # as above
        value = json.loads(text)
    except Wrong as wrong:
        raise Refused(wrong.problem, wrong.advice) from None
    except (ValueError, RecursionError) as error:
        raise Refused(f"not JSON: {error}") from None
    weigh(value)
    return _plain(value)


def _encoded(text: str) -> str:
    bounded(len(text) * 4)
    return base64.b64encode(_bytes(text)).decode()


def _decoded(text: str) -> str:
    try:
        data = base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
        return data.decode()
    except (binascii.Error, ValueError):
        raise Refused("this is not base64 of a text", "check that it is whole") from None


def _bytes(text: str) -> bytes:
    return text.encode(errors="replace")


def _digest(name: str) -> Any:
    return lambda text: hashlib.new(name, _bytes(text), usedforsecurity=False).hexdigest()


def _cost_of_load(text: str) -> int:
    """PyYAML's reader in Python takes some 5 µs for a letter."""
    return 4 * len(text)


def _cost_of_dump(value: Any) -> int:
    """Its writer takes some 50 µs for each value, and 1 for each letter."""
    return 30 * weigh(value)


TABLE = (
    Native("toYaml", "a", to_yaml, "as YAML", _cost_of_dump),
    Native("fromYaml", "s", from_yaml, "what YAML says", _cost_of_load),
    Native("toJson", "a", _json, "as JSON in one line"),
    Native(
        "toPrettyJson", "a", lambda value: _json(value, pretty=True), "as JSON in several lines"
    ),
    Native(
        "toRawJson",
        "a",
        lambda value: _json(value, raw=True),
        "as toJson, with <, > and & as they are",
    ),
    Native("fromJson", "s", _from_json, "what JSON says", letters),
    Native("b64enc", "s", _encoded, "in base64"),
    Native("b64dec", "s", _decoded, "what base64 says"),
    Native("sha256sum", "s", _digest("sha256"), "its SHA-256, in hex"),
    Native("sha1sum", "s", _digest("sha1"), "its SHA-1, in hex"),
    Native("sha512sum", "s", _digest("sha512"), "its SHA-512, in hex"),
)

"""Templates through Jinja2, in its sandbox; `templates` says what they are.

Apart from it, as Jinja2 takes long to import, and who serves no templates needs none.
"""

import base64
import functools
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, Undefined, meta
from jinja2.exceptions import SecurityError

from boots.policy.as_yaml import as_yaml
from boots.policy.ipxe_words import Unwritable, within
from boots.policy.sandbox import LARGEST, Sandbox, with_budget
from boots.policy.templates import Broken

_MOST_BLANKS = 16  # that JSON is indented by
_SIGNS = r"_ . : / \ @ + = , ~ -"
_OF_PATHS = re.compile(r"(?!-)[\w.:/\\@+=,~-]*(?<!\\)", re.ASCII)
_OF_HASHES = re.compile(r"[\w./$!*][\w./$!*=,+-]*", re.ASCII)  # crypt(5)
_MOST_WORDS = 20_000
_SOURCE_NAME = "<template>"  # Jinja's own name for a text that is in no file


class _Fit(str):
    """Text that may stand in an iPXE script as it is: each of its words was tried."""

    __slots__ = ()


def _environment(finalize: Callable[[Any], Any]) -> Sandbox:
    made = Sandbox(finalize)
    own: dict[str, Callable[..., Any]] = {
        "tojson": _json,
        "yaml": _json,
        "shell": _shell,
        "line": _line,
        "path": _path,
        "hash": _hash,
        "b64": _b64,
        "words": _words,
    }
    made.weigh(own)
    made.filters.update(own)
    return made


def _defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        str(value)  # raises, and says which name it is
    return value


def _json(value: Any, indent: int | None = None) -> str:
    if indent is not None and not 0 <= int(indent) <= _MOST_BLANKS:
        raise SecurityError(f"write an indent of at most {_MOST_BLANKS}")
    return as_yaml(_defined(value), indent)


def _shell(value: Any) -> str:
    return shlex.quote(str(value))


# What these refuse may be a password: it is not said, as the journal has it; its line is.


def _line(value: Any) -> str:
    text = str(value)
    if len(f"{text}.".splitlines()) > 1 or "\0" in text:
        raise Unwritable("a value is not one line")
    if text.endswith("\\"):
        raise Unwritable("a value takes the next line in, by the backslash at its end")
    return text


def _path(value: Any) -> str:
    text = str(value)
    if not _OF_PATHS.fullmatch(text):
        raise Unwritable(f"a value is no path or name: letters, digits and {_SIGNS} are in one")
    return text


def _hash(value: Any) -> str:
    text = str(value)
    if not _OF_HASHES.fullmatch(text):
        raise Unwritable("a value is no password's hash, as mkpasswd and openssl passwd print it")
    return text


def _b64(value: Any) -> str:
    return base64.b64encode(value if isinstance(value, bytes) else str(value).encode()).decode()


def _words(value: Any) -> _Fit:
    listed = value if isinstance(value, list | tuple) else [value]
    parts = [part for each in listed for part in str(each).split(" ") if part]
    return _Fit(" ".join(within(part) for part in parts))


def _one_word(value: Any) -> Any:
    if isinstance(value, _Fit | Undefined):  # what is undefined says so itself
        return value
    return within(str(value))


_PLAIN = _environment(_defined)
_IPXE = _environment(_one_word)


@functools.lru_cache(maxsize=512)
def _compiled(source: str, *, ipxe: bool) -> Template:
    environment = _IPXE if ipxe else _PLAIN
    for count, _ in enumerate(environment.lex(source)):
        if count > _MOST_WORDS:  # to compile one takes some 15 us
            raise SecurityError(f"there are more than {_MOST_WORDS} words in its braces")
    return environment.from_string(source)


def check(source: str) -> None:
    """As `templates.check`."""
    try:
        _compiled(source, ipxe=False)
    except Exception as error:  # noqa: BLE001  # Jinja makes Python of it, which may fail, too
        raise _broken(error) from None


def names(source: str) -> set[str]:
    """As `templates.names`."""
    check(source)
    return meta.find_undeclared_variables(_PLAIN.parse(source)) - _PLAIN.globals.keys()


def render(source: str, variables: Mapping[str, Any], *, ipxe: bool = False) -> str:
    """As `templates.render`."""
    parts: list[str] = []
    size = 0
    try:
        for part in _compiled(source, ipxe=ipxe).generate(with_budget(dict(variables))):
            size += len(part)
            parts.append(part)
            if size > LARGEST:
                break
    except Exception as error:  # noqa: BLE001  # a template is a program: it may raise anything
        raise _broken(error) from None
    if size > LARGEST:
        raise Broken(f"it makes more than {LARGEST} characters")
    return "".join(parts)


def _broken(error: Exception) -> Broken:
    match error:
        case TemplateSyntaxError():
            return Broken(error.message or "not a template", error.lineno)
        case TemplateError() | Unwritable():
            return Broken(str(error), _line_of(error))
        case RecursionError():
            return Broken("it calls itself without end")
        case SyntaxError():  # Python's, of what Jinja made: blocks within blocks
            return Broken("it is nested too deeply")
        case ValueError() | LookupError():  # Python's quote the value, which may be a password
            return Broken(type(error).__name__, _line_of(error))
    return Broken(f"{type(error).__name__}: {error}", _line_of(error))


def _line_of(error: BaseException) -> int:
    """The line of the template that an error came from: Jinja puts it into the traceback."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _SOURCE_NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line

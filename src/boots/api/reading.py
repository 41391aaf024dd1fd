"""Reading what a request brings: its query and its body, strictly, with places for people."""

import asyncio
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import hdrs, web

from boots.api.desk import Refused
from boots.client.words import FieldError
from boots.model.decoding import DECODER

DEEPEST = 64  # levels of a body: what reads records after us calls itself for each
_SMALL = 65_536  # bytes; to read more takes a thread
_PATIENCE = 30.0  # seconds for a body to arrive
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_AT = re.compile(r" - at `(?:key in )?\$\.?(?P<field>[^`]*)`$")


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a query: what it is without one tells its kind.

    `words` are all that it may be, `least` and `most` bound a number.
    """

    name: str
    default: str | int | float | bool
    meaning: str
    words: tuple[str, ...] = ()
    least: int = 0
    most: int = 2**63 - 1


# --- queries


def query(raw: str, params: Iterable[Param]) -> Mapping[str, Any]:
    """The values of all `params` in a raw query.

    Raises:
        Refused: there is another one, one twice, or one that is not what it should be.
    """
    known = {param.name: param for param in params}
    found: dict[str, Any] = {name: param.default for name, param in known.items()}
    errors, seen = [], set[str]()
    for name, text in _pairs(raw):
        if name not in known:
            errors.append(FieldError(field=name, problem="unknown", advice=near(name, known)))
        elif name in seen:
            errors.append(FieldError(field=name, problem="given twice", advice="give it once"))
        else:
            seen.add(name)
            value = _value(text, known[name])
            if isinstance(value, FieldError):
                errors.append(value)
            else:
                found[name] = value
    if errors:
        raise Refused(400, "Bad Request", "the query will not do", errors)
    return found


def _pairs(raw: str) -> list[tuple[str, str]]:
    try:
        found = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=32)
    except ValueError:  # Unicode's errors are some of these
        raise Refused(400, "Bad Request", "the query is no UTF-8, or has too many parts") from None
    if any(ord(each) < 0x20 or "\ud800" <= each <= "\udfff" for pair in found for each in pair[1]):
        raise Refused(400, "Bad Request", "the query has characters that no value has")
    return [(name.encode(errors="replace").decode(), text) for name, text in found]


def _value(text: str, param: Param) -> Any:
    match param.default:
        case bool():
            if text in {"true", "1", "false", "0", ""}:
                return text in {"true", "1", ""}
            advice = "write true or false"
        case int():
            if re.fullmatch(r"[0-9]{1,19}", text) and param.least <= int(text) <= param.most:
                return int(text)
            most = f" to {param.most}" if param.most < 2**62 else " or more"
            advice = f"write a whole number, {param.least}{most}"
        case float():
            if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{0,9})?", text):
                return float(text)
            advice = "write seconds since 1970"
        case _:
            if not param.words or text in {*param.words, ""}:
                return text
            advice = f"write one of {', '.join(param.words)}"
    return FieldError(field=param.name, problem=f"{text[:80]!r} will not do", advice=advice)


# --- bodies


async def body(request: web.BaseRequest, kind: type[msgspec.Struct], largest: int) -> Any:
    """The body of a request as a `kind`.

    Raises:
        Refused: it is too large, too late, no JSON, nested too deeply, or not of that kind.
    """
    media, _, parameters = request.headers.get(hdrs.CONTENT_TYPE, "").lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "")
    if media.strip() != "application/json" or charset not in {"", "charset=utf-8"}:
        raise Refused(
            415, "Unsupported Media Type", "send JSON, with Content-Type: application/json"
        )
    raw = await bytes_of(request, largest)
    if len(raw) > _SMALL:
        return await asyncio.to_thread(decode, raw, kind)
    return decode(raw, kind)


async def bytes_of(request: web.BaseRequest, largest: int, patience: float = _PATIENCE) -> bytes:
    """All of a body, which may take `patience` seconds to arrive.

    Raises:
        Refused: it is too large, or took too long.
    """
    too_large = Refused(413, "Content Too Large", f"at most {largest} bytes are read")
    if (request.content_length or 0) > largest:
        raise too_large
    found = bytearray()
    try:
        async with asyncio.timeout(patience):
            async for piece in request.content.iter_any():
                found += piece
                if len(found) > largest:
                    raise too_large
    except TimeoutError:
        raise Refused(408, "Request Timeout", "the body did not arrive in time") from None
    except web.RequestPayloadError:
        raise Refused(400, "Bad Request", "the body broke off, or is not as announced") from None
    return bytes(found)


def decode(raw: bytes, kind: type[msgspec.Struct]) -> Any:
    """JSON as a `kind`; unknown names are refused with the nearest.

    Raises:
        Refused: it is not that.
    """
    try:
        value = DECODER.decode(raw)
    except RecursionError:
        raise Refused(400, "Bad Request", _TOO_DEEP) from None
    except ValueError as error:  # msgspec's and Unicode's
        raise Refused(400, "Bad Request", f"the body is no JSON: {error}") from None
    if _is_deeper(value, DEEPEST):
        raise Refused(400, "Bad Request", _TOO_DEEP)
    if _NUL.search(raw):
        raise Refused(400, "Bad Request", "the body has the character U+0000, which no store keeps")
    errors = _unknown(value, kind)
    try:
        found = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        errors = [*errors, _of(str(error), kind)]
    if errors:
        raise Refused(422, "Unprocessable Content", f"this is no {kind.__name__}", errors)
    return found


_TOO_DEEP = f"the body is nested more than {DEEPEST} levels deep"


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether a value is nested more deeply; without calling itself, for that is the point."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [
            below
            for each in layer
            if isinstance(each, dict | list)
            for below in (each.values() if isinstance(each, dict) else each)
        ]
        if not layer:
            return False
    return True


def _unknown(value: Any, kind: type[msgspec.Struct]) -> list[FieldError]:
    names = kind.__struct_fields__
    wrong = [name for name in value if name not in names] if isinstance(value, dict) else []
    return [
        FieldError(field=name[:80], problem="unknown", advice=near(name, names))
        for name in wrong[:20]
    ]


def _of(text: str, kind: type[msgspec.Struct]) -> FieldError:
    """What msgspec says, with its place, and what to write instead."""
    missing = re.search(r"missing required field `(\w+)`", text)
    if missing:
        return FieldError(field=missing[1], problem="missing", advice="it must be there")
    at = _AT.search(text)
    name = at["field"] if at else ""
    advice = ""
    field = next((each for each in msgspec.structs.fields(kind) if each.name == name), None)
    if field is not None and hasattr(field.type, "__members__"):
        advice = f"write one of {', '.join(each.value for each in field.type)}"
    return FieldError(field=name, problem=_AT.sub("", text), advice=advice)


def near(word: str, known: Iterable[str]) -> str:
    """Which of those that are known may be meant; else all of them."""
    close = difflib.get_close_matches(word[:80], list(known), n=1)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"known are {', '.join(known)}" if known else "nothing may be given here"

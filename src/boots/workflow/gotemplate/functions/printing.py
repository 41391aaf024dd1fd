"""Go's print, println and printf.

Go writes a mistake in a format into the text (``%!d(string=x)``); here it is one.
"""

import re
from collections.abc import Mapping
from typing import Any

from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.functions.calling import Native, bounded, letters
from boots.workflow.gotemplate.functions.texts import quoted
from boots.workflow.gotemplate.values import kind, printed, wrapped

_VERB = re.compile(r"%([-+# 0]*)(\d{0,7})(?:(\.)(\d{0,7}))?(.)", re.DOTALL)
_PLAIN = {"d": "d", "x": "x", "X": "X", "o": "o", "b": "b"}


def _print(*values: Any) -> str:
    """A blank stands between two of which neither is a text."""
    made = ""
    for at, value in enumerate(values):
        if at and not isinstance(value, str) and not isinstance(values[at - 1], str):
            made += " "
        made += printed(value)
    return made


def _println(*values: Any) -> str:
    return f"{' '.join(map(printed, values))}\n"


def _printf(form: str, *values: Any) -> str:
    left = list(values)

    def one(found: re.Match[str]) -> str:
        flags, width, point, precision, verb = found.groups()
        if verb == "%":
            return "%"
        if not left:
            raise Refused(f"nothing is given for {found.group()}", "give it a value")
        bounded(max(int(width or 0), int(precision or 0)))
        digits = int(precision or 0) if point else -1
        return _padded(_verb(verb, flags, digits, left.pop(0)), flags, int(width or 0), verb)

    bounded(sum(int(each[1] or 0) + int(each[3] or 0) for each in _VERB.findall(form)))
    made = _VERB.sub(one, form)
    if left:
        raise Refused(f"{printed(left[0])[:40]} is given, and no % wants it")
    if form.count("%") and re.search(r"%[^%]*$", _VERB.sub("", form)):
        raise Refused("a % with nothing behind it", "write %% for a percent sign")
    return made


def _padded(text: str, flags: str, width: int, verb: str) -> str:
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and verb in "dxXobfeEgG":
        sign = text[:1] if text[:1] in {"-", "+", " "} else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width, "0" if "0" in flags else " ")


def _verb(verb: str, flags: str, precision: int, value: Any) -> str:
    if verb == "v":
        made = printed(value)
        return f"+{made}" if "+" in flags and isinstance(value, int) and value >= 0 else made
    if verb == "T":
        return kind(value)
    if isinstance(value, list | tuple):
        return f"[{' '.join(_verb(verb, flags, precision, each) for each in value)}]"
    if isinstance(value, Mapping):
        inside = (
            f"{_verb(verb, flags, precision, key)}:{_verb(verb, flags, precision, value[key])}"
            for key in sorted(value)
        )
        return f"map[{' '.join(inside)}]"
    told = (
        _of_text(verb, flags, precision, value)
        if isinstance(value, str)
        else _of_number(verb, flags, precision, value)
    )
    if told is None:
        problem = f"%{verb} cannot write {kind(value)} {printed(value)[:40]}"
        raise Refused(problem, "use %v, which writes anything")
    return told


def _of_text(verb: str, flags: str, precision: int, value: str) -> str | None:
    cut = value if precision < 0 else value[:precision]
    match verb:
        case "s":
            return cut
        case "q":
            return (
                f"`{cut}`" if "#" in flags and "`" not in cut and cut.isprintable() else quoted(cut)
            )
        case "x" | "X":
            data = value.encode(errors="replace")
            data = data[: precision if precision >= 0 else None]
            made = data.hex(" ") if " " in flags else data.hex()
            return made if verb == "x" else made.upper()
    return None


def _of_number(verb: str, flags: str, precision: int, value: Any) -> str | None:
    plus = "+" if "+" in flags else " " if " " in flags else ""
    match value:
        case bool():
            return printed(value) if verb == "t" else None
        case int() if verb in _PLAIN:
            sharp = "#" if "#" in flags and verb in "xX" else ""
            return f"{value:{plus or '-'}{sharp}{_PLAIN[verb]}}"
        case int() if (
            verb in {"c", "U", "q"} and 0 <= value <= 0x10FFFF and wrapped(value) == value
        ):
            return {"c": chr(value), "U": f"U+{value:04X}", "q": f"'{chr(value)}'"}[verb]
        case float() if verb in "feEFgG":
            if verb in "gG" and precision < 0:
                return printed(value)
            return f"{value:{plus or '-'}.{precision if precision >= 0 else 6}{verb}}"
    return None


TABLE = (
    Native("print", "a*", _print, "as text, with a blank between two of which neither is text"),
    Native("println", "a*", _println, "as text with blanks between, and a newline"),
    Native(
        "printf", "sa*", _printf, "by a format: %s %v %d %q %x %t %f and others of Go's", letters
    ),
)

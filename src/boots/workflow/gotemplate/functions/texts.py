"""Sprig's functions for texts."""

from typing import Any

from boots.workflow.gotemplate.errors import Refused
from boots.workflow.gotemplate.functions.calling import Native, bounded, letters
from boots.workflow.gotemplate.values import printed


def quoted(text: str) -> str:
    """A text as Go would write it (strconv.Quote)."""
    named = {"\a": "a", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v"}
    made = []
    for letter in text:
        if letter in '"\\':
            made.append(f"\\{letter}")
        elif letter in named:
            made.append(f"\\{named[letter]}")
        elif letter.isprintable():
            made.append(letter)
        elif ord(letter) < 0x80:
            made.append(f"\\x{ord(letter):02x}")
        else:
            made.append(
                f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"
            )
    return f'"{"".join(made)}"'


def _quote(*values: Any) -> str:
    return " ".join(quoted(printed(each)) for each in values if each is not None)


def _single(*values: Any) -> str:
    return " ".join(f"'{printed(each)}'" for each in values if each is not None)


def _cat(*values: Any) -> str:
    return " ".join(printed(each) for each in values if each is not None)


def _repeat(times: int, text: str) -> str:
    bounded(max(times, 0) * len(text))
    return text * times


def _replace(old: str, new: str, text: str) -> str:
    bounded(len(text) + (text.count(old) if old else len(text) + 1) * len(new))
    return text.replace(old, new)


def indent(spaces: int, text: str) -> str:
    """The text with so many blanks before each line."""
    bounded(len(text) + (text.count("\n") + 1) * max(spaces, 0))
    pad = " " * spaces
    return pad + text.replace("\n", f"\n{pad}")


def _of_bytes(data: bytes) -> str:
    return data.decode(errors="replace")


def _trunc(length: int, text: str) -> str:
    data = text.encode(errors="replace")
    if length < 0:
        return _of_bytes(data[length:]) if len(data) + length > 0 else text
    return _of_bytes(data[:length])


def _substr(start: int, end: int, text: str) -> str:
    data = text.encode(errors="replace")
    if start < 0:
        return _of_bytes(data[: max(end, 0)])
    if start > len(data):
        raise Refused(f"position {start} is behind the end of the text")
    return _of_bytes(data[start:] if end < 0 or end > len(data) else data[start:end])


def _title(text: str) -> str:
    return "".join(
        letter.upper() if at == 0 or not (text[at - 1].isalnum() or text[at - 1] == "_") else letter
        for at, letter in enumerate(text)
    )


def _untitle(text: str) -> str:
    return "".join(
        letter.lower() if at == 0 or text[at - 1].isspace() else letter
        for at, letter in enumerate(text)
    )


def _snake(text: str, joint: str = "_") -> str:
    made = ""
    for at, letter in enumerate(text):
        before = text[at - 1] if at else ""
        if letter in " _-":
            made += joint
            continue
        after = text[at + 1 : at + 2]
        starts = letter.isupper() and (before.islower() or before.isdigit() or after.islower())
        made += (joint if starts and made and not made.endswith(joint) else "") + letter.lower()
    return made


_BLANK = " \t\n\v\f\r\x85\xa0"

TABLE = (
    Native("trim", "s", lambda text: text.strip(_BLANK), "without blanks at both ends"),
    Native(
        "trimAll", "ss", lambda which, text: text.strip(which), "without these letters at both ends"
    ),
    Native(
        "trimPrefix", "ss", lambda first, text: text.removeprefix(first), "without this beginning"
    ),
    Native("trimSuffix", "ss", lambda last, text: text.removesuffix(last), "without this end"),
    Native("upper", "s", str.upper, "in capitals"),
    Native("lower", "s", str.lower, "in small letters"),
    Native("title", "s", _title, "each word with a capital", letters),
    Native("untitle", "s", _untitle, "each word with a small letter", letters),
    Native("snakecase", "s", _snake, "first_name of FirstName", letters),
    Native("kebabcase", "s", lambda text: _snake(text, "-"), "first-name of FirstName", letters),
    Native("repeat", "is", _repeat, "so many times"),
    Native("replace", "sss", _replace, "the second in place of the first, throughout the third"),
    Native("trunc", "is", _trunc, "the first so many bytes; of a negative number, the last"),
    Native("substr", "iis", _substr, "from byte to byte"),
    Native("nospace", "s", lambda text: "".join(text.split()), "without any blanks"),
    Native("contains", "ss", lambda part, text: part in text, "whether the first is in the second"),
    Native(
        "hasPrefix",
        "ss",
        lambda first, text: text.startswith(first),
        "whether the second begins so",
    ),
    Native("hasSuffix", "ss", lambda last, text: text.endswith(last), "whether the second ends so"),
    Native("quote", "a*", _quote, "in double quotes, with escapes", letters),
    Native("squote", "a*", _single, "in single quotes"),
    Native("cat", "a*", _cat, "joined by blanks"),
    Native("indent", "is", indent, "each line behind so many blanks"),
    Native(
        "nindent",
        "is",
        lambda spaces, text: "\n" + indent(spaces, text),
        "as indent, on a new line",
    ),
    Native("toString", "a", lambda value: printed(value), "as text"),  # noqa: PLW0108
)

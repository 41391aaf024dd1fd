"""Words of an iPXE script: a value is written whole and as it is, or refused.

iPXE splits a line at white space and has no quoting: ``||``, ``&&``, ``;`` and a word that begins
with ``#`` end a command, ``${`` begins a setting, a newline begins a new command, a backslash
before it takes it away, a first word with a dash is an option.  So a value either is free of all
these or is refused; there is nothing to escape with.
"""

import re

from boots.model.urls import hidden, without_user

PRINTABLE = re.compile(r"[\x21-\x7e]+")
ENDS_COMMAND = frozenset({"||", "&&", ";"})
# What means something only beside other text, in which a template may put a value.
_JOINS = re.compile(r"[${}]|^[-:|&]|[|&]$")


class Unwritable(ValueError):
    """A value cannot stand in a script, or the profile cannot be found; the text says which."""


def word(text: str, what: str) -> str:
    """`text` as one word of a command.

    Raises:
        Unwritable: it is empty, has white space or control characters, or means something to iPXE.
    """
    if not _is_fit(text):
        raise Unwritable(f"{what} {hidden(text)!r} cannot stand in an iPXE script")
    return text


def _is_fit(text: str) -> bool:
    fit = PRINTABLE.fullmatch(text) is not None and text not in ENDS_COMMAND
    return fit and not text.startswith("#") and not text.endswith("\\") and "${" not in text


def words(text: str, what: str) -> list[str]:
    """`text` as words; blanks between them are the only white space allowed.

    Raises:
        Unwritable: as `word`, for any of them.
    """
    return [word(part, what) for part in text.split(" ") if part]


def within(text: str) -> str:
    """A value as a word, or a part of one, whatever stands before and behind it in the script.

    Raises:
        Unwritable: as `word`; or it could be an option, a label, a setting or an end of a command
            together with what it is joined to.  The value is not said: it may be a password.
    """
    if not text:
        raise Unwritable("an empty value cannot stand in an iPXE script")
    if not PRINTABLE.fullmatch(text):
        raise Unwritable(
            "a value with a blank, or what is no printable ASCII, cannot stand in an iPXE script"
        )
    if _JOINS.search(text) or not _is_fit(text):
        raise Unwritable(
            "a value with signs that mean something to iPXE cannot stand in its script"
        )
    return text


def shown(text: str) -> str:
    """An argument or a URL as it may be told: what follows ``=``, or opens a server, is left out.

    A template may have put a password there.
    """
    name, equals, _ = without_user(text).partition("=")
    return f"{name}=…" if equals else name

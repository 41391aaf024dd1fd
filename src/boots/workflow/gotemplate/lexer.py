"""The text of a template to words (Go's text/template/parse/lex.go says which there are)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from boots.workflow.gotemplate.source import Source

KEYWORDS = frozenset(
    "if else end range with define template block break continue nil".split()  # noqa: SIM905
)
_BLANKS = " \t\r\n"
_WORD = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<declare>:=)|(?P<assign>=)|(?P<pipe>\|)|(?P<open>\()|(?P<close>\))|(?P<comma>,)
    |(?P<string>"(?:[^"\\\n]|\\[^\n])*")|(?P<raw>`[^`]*`)|(?P<char>'(?:[^'\\\n]|\\[^\n])+')
    |(?P<number>[+-]?(?:\.?[0-9])(?:[eEpP][+-]|[0-9A-Za-z_.])*)
    |(?P<variable>\$\w*)|(?P<field>\.[^\W\d]\w*)|(?P<dot>\.)|(?P<name>[^\W\d]\w*)
    """,
    re.VERBOSE,
)
_ENDS_WORD = re.compile(r"[ \t\r\n.,|:)(=]|-?\}\}|$")
_OPENS_COMMENT = {False: re.compile(r"/\*"), True: re.compile(r"[ \t\r\n]+/\*")}
_UNENDED = {'"': "text", "`": "raw text", "'": "character"}


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind, what it says, and where it stands.

    Kinds: text, left, right, eof, space, keyword, and the names of the groups above.
    """

    kind: str
    text: str
    at: int


def tokens(source: Source) -> Iterator[Token]:
    """All the words of a template.

    Raises:
        Broken: braces, quotes or a comment that nobody closes, or a letter that means nothing.
    """
    text, at, trim = source.text, 0, False
    while True:
        start = text.find("{{", at)
        plain = text[at:] if start < 0 else text[at:start]
        first = at + (len(plain) - len(plain.lstrip(_BLANKS)) if trim else 0)
        end = len(text) if start < 0 else start
        trims_left = start >= 0 and text.startswith("-", start + 2) and _blank(text, start + 3)
        if trims_left:
            end = at + len(plain.rstrip(_BLANKS))
        if first < end:
            yield Token("text", text[first:end], first)
        if start < 0:
            yield Token("eof", "", len(text))
            return
        inside = start + (3 if trims_left else 2)
        comment = _OPENS_COMMENT[trims_left].match(text, inside)
        if comment:
            at, trim = _comment(source, start, comment.end() - 2)
            continue
        yield Token("left", "{{", start)
        for token in _action(source, start, inside):
            if token.kind == "right":
                trim = token.text != "}}"
                at = token.at + len(token.text)
            yield token


def _blank(text: str, at: int) -> bool:
    return at < len(text) and text[at] in _BLANKS


def _comment(source: Source, start: int, at: int) -> tuple[int, bool]:
    """Where the text goes on behind a comment, and whether blanks are trimmed there."""
    text = source.text
    end = text.find("*/", at)
    if end < 0:
        raise source.broken(start, "a comment without an end", "close it with */}}")
    end += 2
    if text.startswith("}}", end):
        return end + 2, False
    closing = re.compile(r"[ \t\r\n]+-\}\}").match(text, end)
    if closing is None:
        raise source.broken(end, "something stands behind a comment", "end it with */}}")
    return closing.end(), True


def _action(source: Source, start: int, at: int) -> Iterator[Token]:
    """The words between two pairs of braces, and the closing pair."""
    text, depth = source.text, 0
    while True:
        if text.startswith("}}", at) or (
            text.startswith("-}}", at) and at > 0 and text[at - 1] in _BLANKS
        ):
            if depth:
                raise source.broken(at, 'a "(" is not closed', 'write ")" before the braces')
            yield Token("right", "}}" if text[at] == "}" else "-}}", at)
            return
        if at >= len(text):
            raise source.broken(
                start, "braces that are not closed", "write }} behind the last word"
            )
        token = _token(source, start, at)
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        if depth < 0:
            raise source.broken(at, 'a ")" that nothing opened', "take it out")
        yield token
        at += len(token.text)


def _token(source: Source, start: int, at: int) -> Token:
    text = source.text
    found = _WORD.match(text, at)
    if found is None:
        letter = text[at]
        if letter in _UNENDED:
            problem = f"a {_UNENDED[letter]} without an end"
            raise source.broken(at, problem, f"close it with {letter}")
        if letter == "{" and text.startswith("{{", at):
            raise source.broken(
                start, "braces that are not closed", "write }} behind the last word"
            )
        raise source.broken(at, f'"{letter}" means nothing here', "take it out")
    kind, word = str(found.lastgroup), found.group()
    if kind in {"variable", "field", "name"} and not _ENDS_WORD.match(text, found.end()):
        bad = text[found.end()]
        raise source.broken(found.end(), f'"{bad}" cannot follow "{word}"', "put a blank between")
    if kind == "name" and word in KEYWORDS:
        kind = "keyword"
    return Token(kind, word, at)

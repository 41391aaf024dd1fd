"""Words to a tree (Go's text/template/parse/parse.go says what may follow what)."""

from collections.abc import Callable

from boots.documents.fault import nearest
from boots.workflow.gotemplate.lexer import Token
from boots.workflow.gotemplate.nodes import (
    If,
    Include,
    Jump,
    Part,
    Pipe,
    Print,
    Range,
    Text,
    Tree,
    With,
)
from boots.workflow.gotemplate.pipes import Pipes
from boots.workflow.gotemplate.source import Source

MOST = 1 << 19  # letters of a template


def parse(text: str, name: str = "template") -> Tree:
    """Read a template; `name` is what people call it.

    Raises:
        Broken: it is none.
    """
    source = Source(name, text[:MOST])
    if len(text) > MOST:
        raise source.broken(MOST - 1, "the template is longer than 512 KiB", "take parts of it out")
    return _Parser(source).tree()


class _Parser(Pipes):
    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._ranges = 0
        self._chain = 0
        self._defined: dict[str, tuple[Part, ...]] = {}
        self._included: list[tuple[int, str]] = []

    def tree(self) -> Tree:
        parts, end = self._parts()
        if end.kind != "eof":
            raise self._broken(end, f"{{{{{end.text}}}}} that nothing opened", "take it out")
        known = [*self._defined, self._source.name]
        for at, name in self._included:
            if name not in known:
                problem = f'there is no template "{name}"'
                advice = nearest(name, known) or f'write {{{{define "{name}"}}}} … {{{{end}}}}'
                raise self._source.broken(at, problem, advice)
        return Tree(self._source, parts, self._defined)

    def _parts(self) -> tuple[tuple[Part, ...], Token]:
        """All up to an ``end``, an ``else`` or the end of the template, and which it was."""
        parts: list[Part] = []
        while True:
            token = self._take(blanks=True)
            if token.kind == "text":
                parts.append(Text(token.at, token.text))
            elif token.kind == "eof":
                return tuple(parts), token
            else:
                word = self._peek()
                if word.kind == "keyword" and word.text in {"end", "else"}:
                    return tuple(parts), self._take()
                part = self._part(word)
                if part is not None:
                    parts.append(part)

    def _part(self, word: Token) -> Part | None:
        """What one pair of braces opens."""
        if word.kind != "keyword" or word.text == "nil":
            pipe = self._pipe("right", f"{{{{{word.text}")
            return Print(word.at, pipe)
        self._take()
        read: Callable[[Token], Part | None] = {
            "if": self._if,
            "with": self._with,
            "range": self._range,
            "break": self._jump,
            "continue": self._jump,
            "template": self._template,
            "block": self._block,
            "define": self._define,
        }[word.text]
        return read(word)

    def _if(self, word: Token) -> Part:
        return If(word.at, *self._branches(word))

    def _with(self, word: Token) -> Part:
        return With(word.at, *self._branches(word))

    def _branches(self, word: Token) -> tuple[Pipe, tuple[Part, ...], tuple[Part, ...]]:
        """Pipeline, body and ``else`` of an ``if`` or ``with``."""
        self._deeper(word)
        scope = len(self._scope)
        pipe = self._pipe("right", word.text)
        then, end = self._parts()
        otherwise: tuple[Part, ...] = ()
        if end.kind == "keyword" and end.text == "else":
            following = self._peek()
            if following.kind == "keyword" and following.text == word.text:
                self._take()
                self._depth -= 1  # a long chain of them is not deep for who reads it
                again = self._if if word.text == "if" else self._with
                self._chained(word)
                otherwise = (again(following),)
                self._depth += 1
                self._chain -= 1
                del self._scope[scope:]
                self._depth -= 1
                return pipe, then, otherwise
            otherwise = self._else(word)
        else:
            self._closing(end, word)
        del self._scope[scope:]
        self._depth -= 1
        return pipe, then, otherwise

    def _chained(self, word: Token) -> None:
        self._chain += 1
        if self._chain > 100:
            raise self._broken(word, "more than 100 times else if", "use a dict and index it")

    def _else(self, word: Token) -> tuple[Part, ...]:
        self._right("else")
        otherwise, end = self._parts()
        if end.kind == "keyword" and end.text == "else":
            raise self._broken(end, f"a second else of the same {word.text}", "take one out")
        self._closing(end, word)
        return otherwise

    def _closing(self, end: Token, word: Token) -> None:
        if end.kind == "eof":
            problem = f"{{{{{word.text}}}}} without its {{{{end}}}}"
            raise self._broken(word, problem, "write {{end}} where it ends")
        self._right("end")

    def _right(self, after: str) -> None:
        token = self._take()
        if token.kind != "right":
            raise self._unexpected(token, f"behind {after}")

    def _range(self, word: Token) -> Part:
        self._deeper(word)
        scope = len(self._scope)
        pipe = self._pipe("right", "range", most=2)
        self._ranges += 1
        body, end = self._parts()
        self._ranges -= 1
        otherwise: tuple[Part, ...] = ()
        if end.kind == "keyword" and end.text == "else":
            otherwise = self._else(word)
        else:
            self._closing(end, word)
        del self._scope[scope:]
        self._depth -= 1
        return Range(word.at, pipe, body, otherwise)

    def _jump(self, word: Token) -> Part:
        if not self._ranges:
            raise self._broken(word, f"{word.text} outside of a range", "take it out")
        self._right(word.text)
        return Jump(word.at, word.text == "break")

    def _name(self, what: str) -> str:
        token = self._take()
        if token.kind not in {"string", "raw"}:
            raise self._unexpected(token, f"where {what} wants a name in quotes")
        return str(self._literal(token))

    def _template(self, word: Token) -> Part:
        name = self._name("template")
        self._included.append((word.at, name))
        pipe = None
        if self._peek().kind == "right":
            self._take()
        else:
            pipe = self._pipe("right", "template")
        return Include(word.at, name, pipe)

    def _define(self, word: Token) -> None:
        if self._depth:
            raise self._broken(word, "define within a block", "write it at the top of the template")
        name = self._name("define")
        self._right("define")
        self._body(word, name)

    def _block(self, word: Token) -> Part:
        name = self._name("block")
        pipe = self._pipe("right", "block")
        self._body(word, name)
        return Include(word.at, name, pipe)

    def _body(self, word: Token, name: str) -> None:
        """What a template of its own says: it sees no variables and no range of this one."""
        self._deeper(word)
        scope, ranges = self._scope, self._ranges
        self._scope, self._ranges = ["$"], 0
        parts, end = self._parts()
        if end.kind == "keyword" and end.text == "else":
            raise self._broken(end, f"else within {word.text}", "take it out")
        self._closing(end, word)
        self._scope, self._ranges = scope, ranges
        self._depth -= 1
        self._defined[name] = parts

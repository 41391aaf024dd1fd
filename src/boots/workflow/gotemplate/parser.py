"""Words to a tree (Go's text/template/parse/parse.go says what may follow what)."""

from collections.abc import Callable, Collection

from boots.documents.fault import nearest
from boots.workflow.gotemplate import literals
from boots.workflow.gotemplate.errors import Broken, Refused
from boots.workflow.gotemplate.functions import NAMES, REFUSED
from boots.workflow.gotemplate.lexer import Token, tokens
from boots.workflow.gotemplate.nodes import (
    Chain,
    Command,
    Dot,
    Field,
    Function,
    If,
    Include,
    Jump,
    Literal,
    Operand,
    Part,
    Pipe,
    Print,
    Range,
    Text,
    Tree,
    Variable,
    With,
)
from boots.workflow.gotemplate.source import Source

DEEPEST = 40  # parentheses and blocks within each other; people write three
MOST = 1 << 19  # letters of a template
_MOST_VARIABLES = 500  # at one place


def parse(text: str, name: str = "template") -> Tree:
    """Read a template; `name` is what people call it.

    Raises:
        Broken: it is none.
    """
    source = Source(name, text[:MOST])
    if len(text) > MOST:
        raise source.broken(MOST - 1, "the template is longer than 512 KiB", "take parts of it out")
    return _Parser(source).tree()


class _Parser:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._tokens = list(tokens(source))
        self._next = 0
        self._scope = ["$"]
        self._depth = 0
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

    # --- words

    def _take(self, *, blanks: bool = False) -> Token:
        """The next word; blanks are passed over unless they matter."""
        if not blanks:
            self._pass_blanks()
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _peek(self, *, blanks: bool = False) -> Token:
        if not blanks:
            self._pass_blanks()
        return self._tokens[self._next]

    def _pass_blanks(self) -> None:
        while self._tokens[self._next].kind == "space":
            self._next += 1

    def _broken(self, token: Token, problem: str, advice: str = "") -> Broken:
        return self._source.broken(token.at, problem, advice)

    def _unexpected(self, token: Token, where: str) -> Broken:
        what = {"eof": "the end of the template", "right": "}}"}.get(token.kind, f'"{token.text}"')
        return self._broken(token, f"{what} cannot stand {where}")

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._broken(token, f"nested deeper than {DEEPEST} levels", "write it flatter")

    # --- what gives text

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

    # --- what gives a value

    def _pipe(self, end: str, where: str, most: int = 1) -> Pipe:
        """A pipeline up to its end (``right`` or ``close``), which is taken."""
        at = self._peek().at
        variables, declares = self._variables(most) if end == "right" else ((), True)
        commands: list[Command] = []
        while True:
            commands.append(self._command(end, where, first=not commands))
            token = self._take()
            if token.kind == end:
                break
            if token.kind != "pipe":
                raise self._unexpected(token, f"within {where}")
        for command in commands[1:]:
            if not isinstance(command.words[0], Function | Field | Variable | Chain):
                problem = "only a function can be given what stands before the |"
                raise self._source.broken(command.at, problem)
        if declares:
            self._scope += variables
        if len(self._scope) > _MOST_VARIABLES:
            problem = f"more than {_MOST_VARIABLES} variables"
            raise self._source.broken(at, problem, "keep them in a dict")
        return Pipe(at, tuple(commands), variables, declares)

    def _variables(self, most: int) -> tuple[tuple[str, ...], bool]:
        """The variables that a pipeline sets, if it begins so."""
        start = self._next
        names: list[Token] = []
        while self._peek().kind == "variable":
            names.append(self._take())
            token = self._peek()
            if token.kind == "comma" and len(names) < most:
                self._take()
                continue
            if token.kind in {"declare", "assign"}:
                self._take()
                if token.kind == "assign":
                    for each in names:
                        self._known(each)
                return tuple(each.text for each in names), token.kind == "declare"
            break
        self._next = start
        return (), True

    def _command(self, end: str, where: str, *, first: bool) -> Command:
        start = self._peek()
        words: list[Operand] = []
        while True:
            token = self._peek()
            if token.kind in {end, "pipe", "eof", "right"}:
                break
            if words and self._tokens[self._next - 1].kind != "space":
                raise self._unexpected(token, "without a blank before it")
            words.append(self._operand(where))
        if not words:
            problem = f"{where} needs a value" if first else "nothing stands behind the |"
            raise self._broken(start, problem, "write a field, a function or a text")
        return Command(start.at, tuple(words))

    def _operand(self, where: str) -> Operand:
        term = self._term(where)
        names: list[str] = []
        while self._peek(blanks=True).kind == "field":
            names.append(self._take(blanks=True).text[1:])
        if self._peek(blanks=True).kind == "dot":
            raise self._unexpected(self._peek(), "there")
        if not names:
            return term
        match term:
            case Field(at, own):
                return Field(at, (*own, *names))
            case Variable(at, name, own):
                return Variable(at, name, (*own, *names))
            case Literal() | Dot():
                raise self._source.broken(term.at, f'".{names[0]}" behind what has no fields')
        return Chain(term.at, term, tuple(names))

    def _term(self, where: str) -> Operand:
        token = self._take()
        match token.kind:
            case "field":
                return Field(token.at, (token.text[1:],))
            case "dot":
                return Dot(token.at)
            case "variable":
                self._known(token)
                return Variable(token.at, token.text)
            case "name":
                return self._named(token)
            case "string" | "raw" | "char" | "number":
                return Literal(token.at, self._literal(token))
            case "open":
                self._deeper(token)
                pipe = self._pipe("close", "a pair of parentheses")
                self._depth -= 1
                return pipe
            case "keyword" if token.text == "nil":
                return Literal(token.at, None)
        raise self._unexpected(token, f"within {where}")

    def _named(self, token: Token) -> Operand:
        if token.text in {"true", "false"}:
            return Literal(token.at, token.text == "true")
        if token.text in REFUSED:
            raise self._broken(token, f"{token.text} cannot be used: {REFUSED[token.text]}")
        if token.text not in NAMES:
            hint = nearest(token.text, NAMES) or "the reference of workflows lists all of them"
            raise self._broken(token, f'there is no function "{token.text}"', hint)
        return Function(token.at, token.text)

    def _known(self, token: Token) -> None:
        if token.text not in self._scope:
            hint = _nearest_variable(token.text, self._scope)
            raise self._broken(token, f'there is no variable "{token.text}" here', hint)

    def _literal(self, token: Token) -> str | int | float:
        try:
            match token.kind:
                case "number":
                    return literals.number(token.text)
                case "char":
                    return literals.character(token.text)
                case "raw":
                    return token.text[1:-1].replace("\r", "")
            return literals.text(token.text)
        except Refused as refused:
            raise self._broken(token, refused.problem, refused.advice) from None


def _nearest_variable(name: str, scope: Collection[str]) -> str:
    return nearest(name, scope) or f"set it before with {{{{{name} := …}}}}"

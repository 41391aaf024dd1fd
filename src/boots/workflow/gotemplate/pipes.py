"""Words to what gives a value: pipelines, commands and operands."""

from collections.abc import Collection

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
    Literal,
    Operand,
    Pipe,
    Variable,
)
from boots.workflow.gotemplate.source import Source

DEEPEST = 40  # parentheses and blocks within each other; people write three
_MOST_VARIABLES = 500  # at one place


class Pipes:
    """Reads pipelines, of which the blocks of a template are made."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tokens = list(tokens(source))
        self._next = 0
        self._scope = ["$"]
        self._depth = 0

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

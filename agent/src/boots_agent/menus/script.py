"""GRUB's script as commands, conditions and menu entries."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from boots_agent.menus.words import END, MenuError, Word, words

_DEEPEST = 60
_MENUS = frozenset({"menuentry", "submenu"})
_LOOPS = frozenset({"while", "until", "for"})


@dataclass(frozen=True, slots=True)
class Command:
    """A command and its arguments."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class If:
    """Conditions, each with what is done then; and what is done else."""

    branches: tuple[tuple["Body", "Body"], ...]
    otherwise: "Body"


@dataclass(frozen=True, slots=True)
class Menu:
    """An entry of the menu, or (`submenu`) a menu of its own."""

    submenu: bool
    words: tuple[Word, ...]
    body: "Body"


Statement: TypeAlias = Command | If | Menu
Body: TypeAlias = tuple[Statement, ...]


def parsed(text: str) -> Body:
    """The statements of a script.  Functions and loops start no kernels, and are left out.

    Raises:
        MenuError: It is no script of GRUB's.
    """
    parser = _Parser(words(text))
    body = parser.body(frozenset())
    if parser.next is not None:
        raise MenuError(f"a {parser.next.plain!r} ends what has not begun")
    return body


class _Parser:
    def __init__(self, source: Iterable[Word]) -> None:
        self._source = iter(source)
        self._depth = 0
        self.next: Word | None = None
        self._step()

    def _step(self) -> Word | None:
        taken, self.next = self.next, next(self._source, None)
        return taken

    def _keyword(self) -> str | None:
        return None if self.next is None or self.next is END else self.next.plain

    def body(self, until: frozenset[str]) -> Body:
        """Statements up to a keyword, which is left; at the end of the file there is none."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise MenuError("it goes too deep")
        found: list[Statement] = []
        while self.next is not None:
            word = self._keyword()
            if word is not None and (word in until or word == "}"):
                break
            if self.next is END:
                self._step()
            else:
                found.extend(self._statement(word))
        self._depth -= 1
        return tuple(found)

    def _statement(self, keyword: str | None) -> Iterable[Statement]:
        if keyword == "if":
            return (self._if(),)
        if keyword in _MENUS:
            return (self._menu(keyword == "submenu"),)
        if keyword == "{":
            return self._block()
        if keyword == "function":
            self._step()
            self._header()
            self._block()
            return ()
        if keyword in _LOOPS:
            self._step()
            self.body(frozenset({"done"}))
            self._expect("done")
            return ()
        return (Command(self._header()),)

    def _if(self) -> If:
        self._step()
        branches = []
        condition = self.body(frozenset({"then"}))
        self._expect("then")
        body = self.body(frozenset({"elif", "else", "fi"}))
        branches.append((condition, body))
        while self._keyword() == "elif":
            self._step()
            condition = self.body(frozenset({"then"}))
            self._expect("then")
            branches.append((condition, self.body(frozenset({"elif", "else", "fi"}))))
        otherwise: Body = ()
        if self._keyword() == "else":
            self._step()
            otherwise = self.body(frozenset({"fi"}))
        self._expect("fi")
        return If(tuple(branches), otherwise)

    def _menu(self, submenu: bool) -> Menu:
        self._step()
        header = self._header()
        return Menu(submenu, header, self._block())

    def _header(self) -> tuple[Word, ...]:
        """The words up to the end of a command, or to its block."""
        found: list[Word] = []
        while self.next is not None and self.next is not END and self.next.plain != "{":
            if self.next.plain == "}":
                break
            found.append(self.next)
            self._step()
        return tuple(found)

    def _block(self) -> Body:
        while self.next is END:
            self._step()
        self._expect("{")
        body = self.body(frozenset())
        self._expect("}")
        return body

    def _expect(self, keyword: str) -> None:
        has = self._step()
        if has is None or has.plain != keyword:
            raise MenuError(f"a {keyword!r} is missing")

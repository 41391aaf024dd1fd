"""Which kernel GRUB would start by itself: its script run as far as that needs.

Only what decides is done: variables, conditions, saved defaults, entries.  Files are looked for on
the one file system that is at hand; devices in front of paths are left away.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from boots_agent.menus import entries
from boots_agent.menus.script import Body, Command, If, Menu, parsed
from boots_agent.menus.words import MenuError, Word

_LOADS = re.compile(r"linux(16|efi)?")
_INITRD = re.compile(r"initrd(16|efi)?")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_DEVICE = re.compile(r"^\([^)]*\)")
_MOST_FILES = 20  # scripts that call each other
_DIGITS = 10  # of the number of an entry
_LONGEST_LINE = 1 << 20  # letters of a command, once its variables have values
_LONGEST = 1 << 16  # letters of a variable


class Files(NamedTuple):
    """The file system: what a file says (None if there is none), and the names in a folder."""

    read: Callable[[str], bytes | None]
    names: Callable[[str], list[str]]


class Boot(NamedTuple):
    """What is started."""

    title: str
    kernel: str
    initrds: tuple[str, ...]
    arguments: str


@dataclass(slots=True)
class _Item:
    """A line of the menu: an entry, a menu of its own, or an entry of BLS."""

    title: str
    name: str
    body: Body = ()
    items: "list[_Item] | None" = None
    entry: entries.Entry | None = None


@dataclass(slots=True)
class _State:
    values: dict[str, str]
    items: list[_Item] = field(default_factory=list)
    kernel: list[str] = field(default_factory=list)
    initrds: list[str] = field(default_factory=list)


def default(path: str, files: Files) -> Boot:
    """What the menu in a file starts if nobody touches a key.

    Raises:
        MenuError: There is no such file, it cannot be read, or it starts no kernel.
    """
    folder = path.rpartition("/")[0]
    values = {
        "prefix": folder,
        "config_directory": folder,
        "root": "",
        "feature_menuentry_id": "y",
        "feature_default_font_path": "y",
    }
    state = _State(values)
    runner = _Runner(files, state, [_MOST_FILES])
    runner.source(path)
    if not state.items:
        if state.kernel:
            return _boot("", state)
        raise MenuError(f"{path} has no entries")
    return runner.boot(_chosen(state.items, values.get("default", "0")))


def entry_of(path: str, files: Files) -> Boot:
    """What one entry of BLS starts by itself.

    Raises:
        MenuError: There is none, or it starts no kernel.
    """
    content = files.read(path)
    if content is None:
        raise MenuError(f"there is no {path}")
    name = path.rpartition("/")[2].removesuffix(".conf")
    found = entries.entry(name, content.decode(errors="replace"))
    return _from_entry(found, {})


def _from_entry(entry: entries.Entry, values: Mapping[str, str]) -> Boot:
    if not entry.kernel:
        raise MenuError(f"the entry {entry.title!r} starts no kernel")
    initrds = [bare(entries.filled(each, values)) for each in entry.initrds]
    options = entries.filled(entry.options, values)
    return Boot(entry.title, bare(entry.kernel), tuple(filter(None, initrds)), options)


def _chosen(items: Sequence[_Item], wanted: str) -> _Item:
    """The entry by number, title or name; within menus by ``>``.  GRUB's fallback is the first."""
    head, _, rest = wanted.partition(">")
    found = items[0]
    if head.isdecimal() and len(head) < _DIGITS:
        found = items[int(head)] if int(head) < len(items) else items[0]
    else:
        found = next((each for each in items if head in {each.name, each.title}), items[0])
    return _chosen(found.items, rest or "0") if found.items else found


class _Runner:
    def __init__(self, files: Files, state: _State, left: list[int]) -> None:
        self._files = files
        self._state = state
        self._left = left  # how many scripts may still be read, of all menus together

    def source(self, path: str) -> None:
        """Run a script.  Raises `MenuError`."""
        self._left[0] -= 1
        content = self._files.read(bare(path))
        if content is None or self._left[0] < 0:
            raise MenuError(f"there is no {path}" if content is None else "scripts go in a circle")
        self._run(parsed(content.decode(errors="replace")))

    def boot(self, item: _Item) -> Boot:
        """What an entry starts.  Raises `MenuError`."""
        if item.entry is not None:
            return _from_entry(item.entry, self._state.values)
        self._state.values["chosen"] = item.name or item.title
        self._run(item.body)
        if not self._state.kernel:
            raise MenuError(f"the entry {item.title!r} starts no kernel")
        return _boot(item.title, self._state)

    def _run(self, body: Body) -> bool:
        done = True
        for statement in body:
            if isinstance(statement, Command):
                done = self._command(self._expanded(statement.words))
            elif isinstance(statement, If):
                self._run(self._branch(statement))
            else:
                self._state.items.append(self._item(statement))
        return done

    def _branch(self, statement: If) -> Body:
        for condition, body in statement.branches:
            if self._run(condition):
                return body
        return statement.otherwise

    def _item(self, menu: Menu) -> _Item:
        title, name = _called(self._expanded(menu.words))
        if not menu.submenu:
            return _Item(title, name, menu.body)
        inner = _State(self._state.values)
        _Runner(self._files, inner, self._left)._run(menu.body)  # noqa: SLF001  # the same, one menu deeper
        return _Item(title, name, items=inner.items)

    def _expanded(self, words: Iterable[Word]) -> list[str]:
        found: list[str] = []
        size = 0
        for word in words:
            pieces = word.expanded(self._state.values)
            size += sum(map(len, pieces))
            if size > _LONGEST_LINE:
                raise MenuError("a command grows without end")
            found += pieces
        return found

    def _command(self, words: list[str]) -> bool:
        """Do one; whether it went well, as far as a condition can ask."""
        if not words:
            return True
        name, arguments = words[0], words[1:]
        if name == "!":
            return not self._command(arguments)
        if name in {"[", "test"}:
            return self._test(arguments[:-1] if name == "[" else arguments)
        self._do(name, arguments)
        return name in {"true", "set", "load_env"}

    def _do(self, name: str, arguments: list[str]) -> None:
        if match := _ASSIGNED.fullmatch(arguments[0] if name == "set" and arguments else name):
            if len(match[2]) > _LONGEST:
                raise MenuError(f"the variable {match[1]} grows without end")
            self._state.values[match[1]] = match[2]
        elif _LOADS.fullmatch(name):
            self._state.kernel, self._state.initrds = arguments, []
        elif _INITRD.fullmatch(name):
            self._state.initrds = [each for each in arguments if not each.startswith("-")]
        elif name in {"source", "configfile", "."} and arguments:
            self.source(arguments[-1])
        elif name == "load_env":
            self._load_env(arguments)
        elif name == "blscfg":
            self._entries()

    def _load_env(self, arguments: list[str]) -> None:
        named = arguments[arguments.index("-f") + 1 :] if "-f" in arguments else []
        path = named[0] if named else f"{self._state.values['prefix']}/grubenv"
        content = self._files.read(bare(path)) or b""
        for line in content.decode(errors="replace").splitlines():
            key, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                self._state.values[key] = value

    def _entries(self) -> None:
        folder = self._state.values["prefix"].rpartition("/")[0] + "/loader/entries"
        names = [name for name in self._files.names(bare(folder)) if name.endswith(".conf")]
        for name in entries.newest_first(names):
            content = self._files.read(bare(f"{folder}/{name}")) or b""
            found = entries.entry(name.removesuffix(".conf"), content.decode(errors="replace"))
            self._state.items.append(_Item(found.title, found.name, entry=found))

    def _test(self, words: list[str]) -> bool:
        for joint, rule in (("-o", any), ("-a", all)):
            if joint in words:
                at = words.index(joint)
                return rule((self._test(words[:at]), self._test(words[at + 1 :])))
        if words[:1] == ["!"]:
            return not self._test(words[1:])
        match words:
            case ["-n", value] | [value]:
                return bool(value)
            case ["-z", value]:
                return not value
            case ["-e" | "-f", path]:
                return self._files.read(bare(path)) is not None
            case ["-s", path]:
                return bool(self._files.read(bare(path)))
            case [left, "=" | "==", right]:
                return left == right
            case [left, "!=", right]:
                return left != right
        return False


def bare(path: str) -> str:
    """A path without the device in front of it."""
    return _DEVICE.sub("", path)


def _called(words: list[str]) -> tuple[str, str]:
    """The title and the name of a menu's line; options of others are left away."""
    title, name = "", ""
    left = iter(words)
    for word in left:
        if word == "--id":
            name = next(left, "")
        elif word.startswith("--id="):
            name = word.removeprefix("--id=")
        elif word in {"--class", "--users", "--hotkey", "--source"}:
            next(left, "")
        elif not word.startswith("--") and not title:
            title = word
    return title, name


def _boot(title: str, state: _State) -> Boot:
    kernel, *arguments = [each for each in state.kernel if each] or [""]
    if not kernel:
        raise MenuError(f"the entry {title!r} starts no kernel")
    line = " ".join(f'"{each}"' if " " in each else each for each in arguments)
    return Boot(title, bare(kernel), tuple(bare(each) for each in state.initrds), line)

"""Which kernel modules go into an image: patterns, closed over what they depend on.

Pure functions over the text that ``depmod`` writes.  Paths are relative to the kernel's module
directory, as in ``kernel/drivers/net/virtio_net.ko``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from posixpath import basename, dirname

Needs = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen modules.

    Attributes:
        paths: Chosen modules and all they need, sorted.
        idle: Patterns that matched nothing: this kernel has no such module, or has it built in.
    """

    paths: tuple[str, ...]
    idle: tuple[str, ...]


def module_name(path: str) -> str:
    """The name the kernel knows a module file by: ``a/hid-generic.ko.xz`` is ``hid_generic``."""
    return basename(path).partition(".ko")[0].replace("-", "_")


def parse_dependencies(text: str) -> dict[str, tuple[str, ...]]:
    """Read ``modules.dep``: each module's path and the paths it needs, directly or not."""
    needs: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        path, colon, rest = line.partition(":")
        if colon:
            needs[path.strip()] = tuple(rest.split())
    return needs


def parse_soft_dependencies(text: str) -> dict[str, tuple[str, ...]]:
    """Read ``modules.softdep``: each module's name and the names it works better with."""
    needs: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 2 and words[0] == "softdep":
            wished = tuple(_plain(word) for word in words[2:] if not word.endswith(":"))
            needs[_plain(words[1])] = (*needs.get(_plain(words[1]), ()), *wished)
    return needs


def patterns_of(word: str) -> tuple[str, ...]:
    """What a word means as patterns: a module of that name, or all in a folder of that name.

    What holds a slash or a star is a pattern already.
    """
    sign = "!" if word.startswith("!") else ""
    name = word.removeprefix("!")
    if "/" in name or "*" in name:
        return (word,)
    either = re.sub("[-_]", "[-_]", name)  # file names have what the kernel's names have not
    return (f"{sign}*/{either}", f"{sign}*/{either}/*")


def near(word: str, hard: Needs) -> tuple[str, ...]:
    """Names of modules, and of their folders, that look like a word, best first."""
    names = {module_name(path) for path in hard} | {basename(dirname(path)) for path in hard}
    wanted = _plain(word)
    within = sorted(name for name in names if wanted in name)
    return tuple(within[:5]) or tuple(get_close_matches(wanted, names, 3))


def select(patterns: Iterable[str], hard: Needs, soft: Needs) -> Selection:
    """Choose modules and close the choice over hard and soft dependencies.

    A pattern is matched against whole paths without their ``.ko`` ending and ``*`` crosses
    slashes.  A pattern that begins with ``!`` takes matching modules out again; what another
    chosen module depends on stays.
    """
    patterns = tuple(patterns)
    refused = tuple(pattern[1:] for pattern in patterns if pattern.startswith("!"))
    chosen: list[str] = []
    idle: list[str] = []
    for pattern in patterns:
        if pattern.startswith("!"):
            continue
        found = [path for path in hard if _matches(path, (pattern,))]
        chosen += [path for path in found if not _matches(path, refused)]
        if not found:
            idle.append(pattern)
    return Selection(tuple(sorted(_closed(chosen, hard, soft))), tuple(idle))


def _closed(chosen: Iterable[str], hard: Needs, soft: Needs) -> set[str]:
    by_name = {module_name(path): path for path in hard}
    closed: set[str] = set()
    waiting = list(chosen)
    while waiting:
        path = waiting.pop()
        if path in closed:
            continue
        closed.add(path)
        waiting += needs_of(path, hard, soft, by_name)
    return closed


def needs_of(path: str, hard: Needs, soft: Needs, by_name: Mapping[str, str]) -> tuple[str, ...]:
    """What a module needs, and what it works better with and this kernel has."""
    wished = soft.get(module_name(path), ())
    return (*hard[path], *(by_name[name] for name in wished if name in by_name))


def _matches(path: str, patterns: Iterable[str]) -> bool:
    stem = path.partition(".ko")[0]
    return any(fnmatchcase(stem, pattern) for pattern in patterns)


def _plain(name: str) -> str:
    return name.replace("-", "_")

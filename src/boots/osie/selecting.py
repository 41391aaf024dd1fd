"""Which modules of the unpacked kernel go into the image, and which beside it."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from boots.osie import drivers
from boots.osie.drivers import Needs
from boots.osie.errors import BuildError
from boots.osie.kernel_modules import ON_DEMAND
from boots.osie.sources import Sources, Wanted


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choice, and what it was made from.

    Attributes:
        tree: The kernel's module directory.
        inside: Modules of the image, relative to `tree`.
        beside: Modules beside it.
        hard: What each of the kernel's modules needs.
        soft: What each works better with.
        idle: What is to be said of patterns that no module matches.
    """

    tree: Path
    inside: tuple[str, ...]
    beside: tuple[str, ...]
    hard: Needs
    soft: Needs
    idle: tuple[str, ...] = ()


def choose(sources: Sources, wanted: Wanted) -> Chosen:
    """Choose the modules.

    Raises:
        BuildError: A module was asked for that this kernel does not have.
    """
    tree = sources.root / "usr/lib/modules" / sources.kernel
    sources.tools.run("usr/sbin/depmod", "-b", str(sources.root / "usr"), sources.kernel)
    hard = drivers.parse_dependencies((tree / "modules.dep").read_text())
    soft = drivers.parse_soft_dependencies((tree / "modules.softdep").read_text())
    asked = {word: drivers.patterns_of(word) for word in wanted.extras.modules}
    patterns = wanted.flavour.module_patterns(wanted.architecture)
    inside = drivers.select(
        [*patterns, *(one for each in asked.values() for one in each)], hard, soft
    )
    beside = drivers.select(ON_DEMAND, hard, soft)
    built_in = (tree / "modules.builtin").read_text().split()
    idle = [_idle(word, each, hard, built_in) for word, each in asked.items()]
    return Chosen(
        tree,
        inside.paths,
        tuple(path for path in beside.paths if path not in set(inside.paths)),
        hard,
        soft,
        tuple(filter(None, idle)),
    )


def _idle(word: str, patterns: tuple[str, ...], hard: Needs, built_in: list[str]) -> str:
    """What is to be said of a wish; nothing where it is fulfilled."""
    plain = [pattern.removeprefix("!") for pattern in patterns]
    if any(fnmatchcase(path.partition(".ko")[0], one) for path in hard for one in plain):
        return ""
    if any(fnmatchcase(path.partition(".ko")[0], one) for path in built_in for one in plain):
        return f"{word} is built into this kernel, and needs no module"
    if "/" in word or "*" in word:
        return f"no kernel module matches {word}"
    near = drivers.near(word, hard)
    hint = f"; there are {', '.join(near)}" if near else ""
    raise BuildError(f"this kernel has no module {word!r}{hint}")

"""What an iPXE script has a machine fetch: as much of its language as netboot scripts need.

Commands that load nothing and decide nothing are passed over, and count as done.
"""

import enum
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

_SETTING = re.compile(r"\$\{([^{}]*)\}")
_STEPS = 2000  # a script that goes round for ever ends here
_LONGEST = 4096  # a word that doubles itself grows no further
_LOADS = {"kernel", "initrd", "imgfetch", "imgselect", "module", "imgload"}
_WITH_VALUE = {"-n", "--name", "-t", "--timeout", "-d", "--drive", "--filename", "-p", "--params"}


@dataclass(frozen=True, slots=True)
class Fetch:
    """Load this; whether that went well is the answer."""

    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for so many seconds."""

    seconds: float


class Ending(enum.Enum):
    """What a script comes to."""

    BOOT = "boot"
    CHAIN = "chain"
    DISK = "disk"
    GAVE_UP = "gave up"


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a script: what, the URL that it goes on with, and what it said last."""

    ending: Ending
    url: str = ""
    said: str = ""


Run = Generator[Fetch | Pause, bool, Ended]


class _Left(Exception):
    """The script is over."""

    def __init__(self, ended: Ended) -> None:
        self.ended = ended


def is_script(content: bytes) -> bool:
    """Whether iPXE takes this for a script."""
    return content.startswith(b"#!ipxe")


def run(text: str, settings: Mapping[str, str]) -> Run:
    """Run a script: it asks for files and pauses, and returns what it comes to.

    `settings` are the machine's, by their names without a scope (``mac``, ``ip``, ``uuid`` …).
    """
    return _Script(text, settings).run()


class _Script:
    def __init__(self, text: str, settings: Mapping[str, str]) -> None:
        self._lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
        self._labels = {
            line[1:].split()[0]: at for at, line in enumerate(self._lines) if _is_label(line)
        }
        self._settings = dict(settings)
        self._at = 0
        self._said = ""

    def run(self) -> Run:
        try:
            for _ in range(_STEPS):
                if self._at >= len(self._lines):
                    return Ended(Ending.GAVE_UP, said=self._said or "the script ended")
                line = self._lines[self._at]
                self._at += 1
                if line and not line.startswith(("#", ":")) and not (yield from self._line(line)):
                    return Ended(Ending.GAVE_UP, said=self._said or f"failed: {line}")
        except _Left as left:
            return left.ended
        return Ended(Ending.GAVE_UP, said="the script goes round and round")

    def _line(self, line: str) -> Generator[Fetch | Pause, bool, bool]:
        """Run the commands of a line, each as the one before it went (``&&``, ``||``)."""
        well = True
        for joint, words in _commands(line):
            if joint and (joint == "&&") != well:
                continue
            well = (yield from self._command(words)) if words else True
        return well

    def _command(self, raw: list[str]) -> Generator[Fetch | Pause, bool, bool]:
        name, *words = [self._expand(word) for word in raw]
        if name in _LOADS and words:
            return (yield Fetch(_argument(words)))
        if name == "chain":
            raise _Left(Ended(Ending.CHAIN, _argument(words), self._said))
        if name == "boot":
            if words:
                raise _Left(Ended(Ending.CHAIN, _argument(words), self._said))
            raise _Left(Ended(Ending.BOOT, said=self._said))
        if name == "sanboot":
            raise _Left(Ended(Ending.DISK, said=self._said))
        if name in {"exit", "reboot", "poweroff", "shell"}:
            raise _Left(Ended(Ending.GAVE_UP, said=self._said))
        if name == "sleep":
            yield Pause(float(words[0]) if words and words[0].isdigit() else 0)
        return self._plain(name, words)

    def _plain(self, name: str, words: list[str]) -> bool:
        """The commands that only change or compare settings, speak, or go elsewhere."""
        match name, words:
            case "echo", _:
                self._said = " ".join(words) or self._said
            case "set", [setting, *value]:
                self._settings[_bare(setting)] = " ".join(value)
            case "clear", [setting]:
                self._settings.pop(_bare(setting), None)
            case "inc", [setting, *by]:
                now = int(self._settings.get(_bare(setting)) or 0)
                self._settings[_bare(setting)] = str(now + int(by[0] if by else 1))
            case "iseq", [one, other]:
                return one == other
            case "iseq", _:
                return False
            case "isset", _:
                return bool("".join(words))
            case "goto", [label]:
                if label not in self._labels:
                    return False
                self._at = self._labels[label]
        return True

    def _expand(self, word: str) -> str:
        while (found := _SETTING.search(word)) is not None and len(word) < _LONGEST:
            word = word[: found.start()] + self._value(found[1]) + word[found.end() :]
        return word

    def _value(self, named: str) -> str:
        name, _, form = named.partition(":")
        value = self._settings.get(_bare(name), "").replace("${", "")
        if form == "hexhyp":
            return value.replace(":", "-")
        if form == "hexraw":
            return value.replace(":", "")
        return quote(value, safe="") if form == "uristring" else value


def _is_label(line: str) -> bool:
    return line.startswith(":") and len(line.split(maxsplit=1)[0]) > 1


def _bare(setting: str) -> str:
    """A setting's name without its scope and its type: ``net0/mac:hexhyp`` is ``mac``."""
    return setting.partition(":")[0].rpartition("/")[2]


def _commands(line: str) -> Iterator[tuple[str, list[str]]]:
    joint = ""
    words: list[str] = []
    for word in re.findall(r'"[^"]*"|\S+', line):
        if word in {"&&", "||"}:
            yield joint, words
            joint, words = word, []
        else:
            words.append(word.strip('"'))
    yield joint, words


def _argument(words: list[str]) -> str:
    """The first word that is neither a flag nor a flag's value."""
    rest = iter(words)
    for word in rest:
        if word in _WITH_VALUE:
            next(rest, "")
        elif not word.startswith("-"):
            return word
    return ""

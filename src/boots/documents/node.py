"""A place in a document: reads what stands there as what it must be, or says what is wrong."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from urllib.parse import urlsplit

from boots.documents.fault import Wrong, nearest
from boots.model import mac as macs
from boots.model.mac import Mac

_USER = re.compile(r"[^/@\s]*@")  # and a password, which no log should have
_YES = {"true", "yes", "on", "y"}
_NO = {"false", "no", "off", "n"}
_HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_-]{1,63})*")


class Node:
    """A value within a document, and the way to it.

    Every reading method takes what is absent (or null, or an empty string) as its default and
    raises `Wrong` on anything that it cannot read.  JSON's own numbers and booleans are read as
    the text that YAML would hold.
    """

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: tuple[str | int, ...] = ()) -> None:
        self.value = value
        self.path = path

    @property
    def line(self) -> int:
        """The line (from 1) a mapping begins on; 0 for other values."""
        return getattr(self.value, "line", 0)

    def wrong(self, problem: str, advice: str) -> Wrong:
        """The error to raise about this very place."""
        return Wrong(self.path, problem, advice)

    def at(self, *keys: str) -> "Node":
        """The value behind a key (the first of several spellings that is there)."""
        value = self.value
        if value is None:
            return Node(None, (*self.path, keys[0]))
        if not isinstance(value, dict):
            raise self.wrong("a mapping is wanted here", f"write {keys[0]}: … below it")
        for key in keys:
            if key in value:
                return Node(value[key], (*self.path, key))
        return Node(None, (*self.path, keys[0]))

    def items(self) -> Iterator["Node"]:
        """The entries of a list; none of an absent one."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self.wrong(
                "a list is wanted here", 'write each entry on a line of its own behind "- "'
            )
        for position, value in enumerate(self.value):
            yield Node(value, (*self.path, position))

    def refuse_unknown(self, known: set[str]) -> None:
        """Refuse keys that nobody reads, naming the nearest that somebody does."""
        for key in self.value or {}:
            if key not in known:
                raise Node(None, (*self.path, key)).wrong(
                    f'there is no field "{key}"',
                    nearest(key, known) or f"use one of {', '.join(sorted(known))}",
                )

    def text(self, default: str = "") -> str:
        """Text as it was written."""
        value = self.value
        if value is None:
            return default
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        raise self.wrong("text is wanted here", "write a plain value")

    def texts(self) -> tuple[str, ...]:
        """A list of texts without the empty ones; a single text is a list of one."""
        if isinstance(self.value, str):
            return (self.value,) if self.value else ()
        return tuple(word for node in self.items() if (word := node.text()))

    def flag(self, default: bool) -> bool:
        """Read true or false, in YAML 1.1's spellings too."""
        word = self.text().lower()
        if not word:
            return default
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise self.wrong(f'"{word}" is neither true nor false', "write true or false")

    def number(self, default: int, least: int, most: int) -> int:
        """A whole number between two bounds."""
        word = self.text()
        if not word:
            return default
        try:
            number = int(word)
        except ValueError:
            raise self.wrong(
                f'"{word}" is not a whole number', f"write one from {least} to {most}"
            ) from None
        if not least <= number <= most:
            raise self.wrong(f"{number} is out of range", f"write a number from {least} to {most}")
        return number

    def mac(self) -> Mac:
        """A MAC address; it cannot be absent."""
        word = self.text()
        mac = macs.parse(word)
        if mac is None:
            problem = f'"{word}" is not a MAC address' if word else "a MAC address is missing"
            raise self.wrong(problem, "write six pairs of hex digits, like 52:54:00:12:34:56")
        if int(mac[1], 16) & 1:
            raise self.wrong(
                f'"{word}" is a multicast address', "write the MAC of a network interface"
            )
        return mac

    def address(self) -> IPv4Address | None:
        """One IPv4 address."""
        word = self.text()
        if not word:
            return None
        try:
            return IPv4Address(word)
        except ValueError:
            raise self.wrong(
                f'"{word}" is not an IPv4 address', "write four numbers, like 192.168.1.10"
            ) from None

    def addresses(self) -> tuple[IPv4Address, ...]:
        """A list of IPv4 addresses; a single one is a list of one."""
        nodes = [self] if isinstance(self.value, str) else self.items()
        return tuple(address for node in nodes if (address := node.address()) is not None)

    def network(self, *, strict: bool = True) -> IPv4Network:
        """An IPv4 network like 10.0.0.0/8; if not `strict`, any address within it will do."""
        word = self.text()
        try:
            return IPv4Network(word, strict)
        except ValueError:
            pass
        try:
            advice = f"write {IPv4Network(word, strict=False)}"
            problem = f'"{word}" is an address within a network'
        except ValueError:
            advice = "write one like 10.0.0.0/8"
            problem = f'"{word}" is not a network' if word else "a network is missing"
        raise self.wrong(problem, advice)

    def host_name(self) -> str:
        """A host or domain name, fit to go into option 12 or 15."""
        word = self.text()
        if word and not _HOST_NAME.fullmatch(word):
            raise self.wrong(
                f'"{word}" is not a host name',
                "use letters, digits and dashes, parts joined by dots",
            )
        return word

    def url(self, *schemes: str) -> str:
        """An absolute URL of one of these schemes."""
        word = self.text()
        if word:
            try:
                parts = urlsplit(word)
                fit = parts.scheme in schemes and bool(parts.netloc)
            except ValueError:
                fit = False
            if not fit or any(letter.isspace() for letter in word):
                raise self.wrong(
                    f'"{_USER.sub("…@", word)}" is not a URL that iPXE can load',
                    f"write one that begins {', '.join(f'{scheme}://' for scheme in schemes)}",
                )
        return word

    def choice(self, words: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        word = self.text(default)
        if word not in words:
            raise self.wrong(
                f'"{word}" is not one of the choices',
                nearest(word, words) or f"use one of {', '.join(words)}",
            )
        return word

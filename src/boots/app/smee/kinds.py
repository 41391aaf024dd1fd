"""How the values of Smee's variables are read: each kind with what to write instead."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network
from typing import Any

from boots.app.sites import overrides
from boots.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Kind:
    """How a text becomes a value; `read` raises ValueError where it does not.

    `wanted` finishes the sentence "write …", `example` is a value that will do.
    """

    wanted: str
    example: str
    read: Callable[[str], Any]


def of(name: str, text: str, kind: Kind) -> Any:
    """The value that a variable holds.

    Raises:
        SettingsError: it cannot be read; the text names the variable and what to write.
    """
    try:
        return kind.read(text)
    except ValueError as error:
        why = f" ({error})" if isinstance(error, _Why) else ""
        raise SettingsError(
            f'environment: {name} = "{text}" will not do{why}; write {kind.wanted}'
        ) from None


class _Why(ValueError):
    """The text is worth showing."""


def _truth(text: str) -> bool:
    # What Go's strconv.ParseBool takes.
    if text in {"1", "t", "T", "TRUE", "true", "True"}:
        return True
    if text in {"0", "f", "F", "FALSE", "false", "False"}:
        return False
    raise ValueError


def _one_of(words: dict[str, str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError
        return words[text.lower()]

    return read


def _within(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ValueError
        return number

    return read


def _address(text: str) -> str:
    return str(IPv4Address(text))


def _listener(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon:
        raise ValueError
    return host, _within(0, 65_535)(port)


_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+")


def _seconds(text: str) -> int:
    if not _DURATION.fullmatch(text):
        raise ValueError
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    total = round(sum(float(number) * _UNITS[unit] for number, unit in parts))
    return _within(60, 0xFFFFFFFF)(str(total))


def _networks(text: str) -> list[str]:
    return [str(ip_network(part.strip(), strict=False)) for part in text.split(",") if part.strip()]


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+\S*", text):
        raise ValueError
    return text.rstrip("/")


def _script_url(text: str) -> str:
    return _script_path(_url(text))


def _script_path(text: str) -> str:
    """What stands before ``auto.ipxe``, without the slash between."""
    base, slash, name = text.rpartition("/")
    if name != "auto.ipxe" or not slash:
        raise _Why("scripts are called auto.ipxe here")
    return base


def _overrides(text: str) -> list[str]:
    words = [part.strip() for part in text.split(",") if part.strip()]
    try:
        overrides(words)
    except SettingsError as error:
        raise _Why(str(error)) from None
    return words


def _block(text: str) -> int:
    size = _within(0, 65_464)(text)
    return size if size > 512 else 0


def _level(text: str) -> str:
    number = int(text)
    return "debug" if number > 0 else "error" if number < 0 else "info"


def _host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", text):
        raise ValueError
    return text


TRUTH = Kind("true or false", "true", _truth)
TEXT = Kind("text", "text", str)
WORDS = Kind("words with blanks between", "a=1 b=2", str.split)
ONE = Kind("text", "a=1 b=2", lambda text: [text])
NUMBER = Kind("a number from 0 to 1000", "3", _within(0, 1000))
DELAY = Kind("seconds, 0 to 600", "3", _within(0, 600))
PORT = Kind("a port, 0 to 65535", "8081", _within(0, 65_535))
ADDRESS = Kind("an IPv4 address, like 192.168.1.2", "192.168.1.2", _address)
LISTENER = Kind("ADDRESS:PORT, like 0.0.0.0:67", "0.0.0.0:67", _listener)
SECONDS = Kind("a duration of a minute or more, like 48h or 90s", "48h", _seconds)
NETWORKS = Kind(
    "networks with commas between, like 10.0.0.0/8,192.168.1.1", "10.0.0.0/8,192.168.1.1", _networks
)
HOST = Kind("a name or an address, like boots.example", "boots.example", _host)
URL = Kind("a URL, like http://192.168.1.2:8080/hook", "http://192.168.1.2/hook", _url)
SCRIPT_URL = Kind(
    "a URL that ends in /auto.ipxe; scripts of another server are a profile with script_url",
    "http://192.168.1.2/auto.ipxe",
    _script_url,
)
SCRIPT_PATH = Kind("a path that ends in /auto.ipxe", "/auto.ipxe", _script_path)
SCHEME = Kind("http or https", "http", _one_of({"http": "http", "https": "https"}))
MODE = Kind(
    "reservation, proxy or auto-proxy",
    "proxy",
    _one_of({word: word for word in ("reservation", "proxy", "auto-proxy")}),
)
BACKEND = Kind("kube, file or none", "file", _one_of({w: w for w in ("kube", "file", "none")}))
MAC_FORM = Kind(
    "colon, dot, dash or no-delimiter",
    "dash",
    _one_of({"colon": "colons", "dot": "dots", "dash": "dashes", "no-delimiter": "plain"}),
)
OVERRIDES = Kind("NUMBER=FILE, with numbers of option 93, like 7=ipxe.efi", "7=a.efi", _overrides)
BLOCK = Kind("bytes, 0 to 65464", "1400", _block)
LEVEL_WORD = Kind("debug or info", "debug", _one_of({"debug": "debug", "info": "info"}))
LEVEL_NUMBER = Kind("a whole number, 0 for the usual", "1", _level)
NAME_OF_CPU = Kind("a file name", "captain", lambda text: f"{text}-{{cpu}}")

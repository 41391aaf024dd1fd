"""Settings: from ``boots.toml``, then ``BOOTS_*`` in the environment, then flags.

Every key is documented in ``docs/reference/settings.md``; a test holds the two together.
"""

import difflib
import re
import tomllib
import typing
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Literal

import msgspec


class SettingsError(Exception):
    """The settings hold a mistake; the text says where, what, and what to write instead."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every table of the settings shares."""


class Dhcp(_Section, frozen=True):
    """``[dhcp]``."""

    enabled: bool = True
    port: int = 67
    lease_time: int = 86_400


class Tftp(_Section, frozen=True):
    """``[tftp]``."""

    enabled: bool = True
    port: int = 69
    address: str = ""
    largest_block: int = 0


class Http(_Section, frozen=True):
    """``[http]``."""

    enabled: bool = True
    port: int = 8080
    url: str = ""


class Syslog(_Section, frozen=True):
    """``[syslog]``."""

    enabled: bool = True
    port: int = 514
    address: str = ""


class Boot(_Section, frozen=True):
    """``[boot]``."""

    files: list[str] = []
    osie: str = "/var/lib/boots/osie"
    profile: str = "osie"
    profiles: str = ""
    kernel_args: list[str] = []
    retries: int = 5
    retry_delay: int = 2


class Hook(_Section, frozen=True):
    """``[hook]``."""

    grpc_authority: str = ""
    tls: bool = False
    insecure_tls: bool = False


class Log(_Section, frozen=True):
    """``[log]``."""

    form: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(_Section, frozen=True):
    """All settings; the reference page says what each one means."""

    interfaces: list[str] = []
    machines: list[str] = []
    address: str = ""
    router_advertisements: bool = True
    journal: str = ""
    cache: str = ""
    dhcp: Dhcp = Dhcp()
    tftp: Tftp = Tftp()
    http: Http = Http()
    syslog: Syslog = Syslog()
    boot: Boot = Boot()
    hook: Hook = Hook()
    log: Log = Log()


# What each key means: the reference page is made from this, and a test misses what is missing.
MEANINGS: Mapping[str, str] = {
    "interfaces": "The interfaces to answer on. Boots speaks on no other.",
    "machines": "Record files, or directories of them. Changes are taken up as they are saved.",
    "address": "Our address as clients should use it, where it is not the interface's own.",
    "router_advertisements": "Answer the router solicitations of machines that may boot,"
    " with an advertisement that offers nothing: iPXE then does not wait 4 to 16 s for IPv6.",
    "journal": "A file to which every event is appended as a line of JSON.",
    "cache": "The directory that holds parsed records between starts."
    " Empty: `records` in systemd's cache directory, or `~/.cache/boots/records`.",
    "dhcp.enabled": "Whether DHCP is answered.",
    "dhcp.port": "The port DHCP is heard on; clients and relays use 67.",
    "dhcp.lease_time": "Seconds an address is given for, where the record does not say.",
    "tftp.enabled": "Whether TFTP is served.",
    "tftp.port": "The port TFTP is heard on. PXE ROMs know only 69.",
    "tftp.address": "The TFTP server clients are sent to, where it is not this one.",
    "tftp.largest_block": "The largest block in bytes; 0 takes what fits the interface's MTU."
    " Lower it where the way to the clients has a smaller MTU than its ends.",
    "http.enabled": "Whether scripts and files are served over HTTP.",
    "http.port": "The port HTTP is heard on.",
    "http.url": "The URL clients find us at, where it is not `http://ADDRESS:PORT`.",
    "syslog.enabled": "Whether machines' syslog lines are taken, and they are told to send them.",
    "syslog.port": "The port syslog is heard on.",
    "syslog.address": "The syslog server machines are told of, where it is not this one.",
    "boot.files": "Folders of boot files of your own; they win over the packages'.",
    "boot.osie": "The folder with OSIE's kernel and initramfs (`boots osie build`).",
    "boot.profile": "The profile of machines whose record names none.",
    "boot.profiles": "A folder of profiles of your own.",
    "boot.kernel_args": "Kernel arguments for every profile, after the profile's own.",
    "boot.retries": "How often a script tries a failed download again.",
    "boot.retry_delay": "Seconds between two tries.",
    "hook.grpc_authority": "`host:port` of the Tink server, for Tinkerbell's in-memory OS.",
    "hook.tls": "Whether that OS speaks TLS to the Tink server.",
    "hook.insecure_tls": "Whether it does so without checking certificates.",
    "log.form": "How the log is written: `console` for people, `json` for machines.",
    "log.level": "The least grave lines that are logged: debug, info, warning, error.",
}

# Numbers that must lie within bounds: port 0 lets the kernel choose, which tests use.
_BOUNDS: Mapping[str, tuple[int, int]] = {
    "dhcp.port": (0, 65_535),
    "tftp.port": (0, 65_535),
    "http.port": (0, 65_535),
    "syslog.port": (0, 65_535),
    "dhcp.lease_time": (60, 0xFFFFFFFF),
    "tftp.largest_block": (0, 65_464),
    "boot.retries": (0, 1000),
    "boot.retry_delay": (0, 600),
}


def all_keys(
    kind: type[msgspec.Struct] = Settings, head: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Every key as ``section.name``, its type and its default."""
    for field in msgspec.structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from all_keys(field.type, f"{head}{field.name}.")
        else:
            default = [] if field.default is msgspec.NODEFAULT else field.default
            yield f"{head}{field.name}", field.type, default


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """The settings in force; `flags` holds values by key, None where a flag was not given.

    Paths within the file are taken from the file's own directory.

    Raises:
        SettingsError: an unknown key, a value of the wrong kind, a file that cannot be read.
    """
    values = dict(_from_file(file)) if file is not None else {}
    values.update(_from_environment(environment))
    values.update({key: value for key, value in flags.items() if value is not None})
    settings = of_keys(values)
    _check(settings)
    return settings


def of_keys(values: Mapping[str, Any]) -> Settings:
    """Settings from values by key, like ``dhcp.port``; what is not named has its default."""
    nested: dict[str, Any] = {}
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        (nested.setdefault(section, {}) if section else nested)[name] = value
    return msgspec.convert(nested, Settings)


def value_of(settings: Settings, key: str) -> Any:
    """The value of one key, like ``dhcp.port``."""
    section, _, name = key.rpartition(".")
    return getattr(getattr(settings, section) if section else settings, name)


def _from_file(file: Path) -> Iterator[tuple[str, Any]]:
    try:
        table = tomllib.loads(file.read_bytes().decode())
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not TOML: {error}") from None
    for key, value in _flat(table):
        yield key, _anchored(key, _convert(key, value, str(file)), file.parent)


def _flat(table: Mapping[str, Any], head: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{head}{name}.")
        else:
            yield f"{head}{name}", value


_PATHS = {"machines", "journal", "cache", "boot.files", "boot.osie", "boot.profiles"}


def _anchored(key: str, value: Any, directory: Path) -> Any:
    """A relative path in a file means: beside that file."""
    if key not in _PATHS or value in ("", []):
        return value
    if isinstance(value, list):
        return [str(directory / each) for each in value]
    return str(directory / value)


_NOT_SETTINGS = {"BOOTS_CONFIG"}  # names the settings' own file


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    names = {f"BOOTS_{key.replace('.', '_').upper()}": (key, kind) for key, kind, _ in all_keys()}
    for name, text in environment.items():
        if not name.startswith("BOOTS_") or name in _NOT_SETTINGS or name.startswith("BOOTS_LAB_"):
            continue
        if name not in names:
            raise SettingsError(f"environment: no setting is named {name}{_near(name, names)}")
        key, kind = names[name]
        value: Any = text
        if kind == list[str]:
            value = [part for part in text.split(",") if part]
        elif kind is bool and text.lower() in {"true", "false"}:
            value = text.lower() == "true"
        elif kind is int and text.isdigit():
            value = int(text)
        yield key, _convert(key, value, f"environment, {name}")


def _convert(key: str, value: Any, where: str) -> Any:
    kinds = {name: kind for name, kind, _ in all_keys()}
    if key not in kinds:
        raise SettingsError(f'{where}: no setting is named "{key}"{_near(key, kinds)}')
    kind = kinds[key]
    if kind == list[str] and isinstance(value, str):
        value = [value]
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise SettingsError(f"{where}: {key} = {value!r} will not do; {_wanted(kind)}") from None


def _wanted(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return f"write one of {', '.join(typing.get_args(kind))}"
    words = {bool: "write true or false", int: "write a whole number", str: 'write "text"'}
    return words.get(kind, 'write a list, like ["one", "two"]')


def _near(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f', did you mean "{close[0]}"?' if close else ""


_PLAIN_URL = re.compile(r"[A-Za-z0-9:/._~\[\]-]+")


def _check(settings: Settings) -> None:
    for key, (least, most) in _BOUNDS.items():
        value = value_of(settings, key)
        if not least <= value <= most:
            raise SettingsError(f"{key} = {value} is out of range; write {least} to {most}")
    for key, text in (
        ("address", settings.address),
        ("tftp.address", settings.tftp.address),
        ("syslog.address", settings.syslog.address),
    ):
        try:
            if text:
                IPv4Address(text)
        except ValueError:
            raise SettingsError(f'{key} = "{text}" is no IPv4 address') from None
    url = settings.http.url
    if url and not (url.startswith(("http://", "https://")) and _PLAIN_URL.fullmatch(url)):
        raise SettingsError(f'http.url = "{url}" will not do; write it like http://boots.example')

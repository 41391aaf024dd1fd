"""Reading settings: the file, then the environment, then flags; the later wins."""

import difflib
import tomllib
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from boots.settings import checks
from boots.settings.errors import SettingsError
from boots.settings.keys import all_keys, of_keys
from boots.settings.words import Settings, Subnet


def load(
    file: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, Any],
    beneath: Mapping[str, Any] = MappingProxyType({}),
) -> Settings:
    """The settings in force; `flags` holds values by key, None where a flag was not given.

    `beneath` holds values by key that everything else wins over.
    Paths within the file are taken from the file's own directory.

    Raises:
        SettingsError: an unknown key, a value of the wrong kind, a file that cannot be read.
    """
    values = dict(beneath)
    values.update(_from_file(file) if file is not None else ())
    values.update(_from_environment(environment))
    values.update({key: value for key, value in flags.items() if value is not None})
    settings = of_keys(values)
    checks.check(settings)
    return settings


def _from_file(file: Path) -> Iterator[tuple[str, Any]]:
    try:
        found = list(_flat(tomllib.loads(file.read_bytes().decode())))
    except OSError as error:
        raise SettingsError(
            f"{file}: cannot be read: {error.strerror}; mend --config, or BOOTS_CONFIG"
        ) from None
    except (ValueError, RecursionError) as error:  # also of numbers with thousands of digits
        raise SettingsError(f"{file}: not TOML: {error}") from None
    for key, value in found:
        yield key, _anchored(key, _convert(key, value, str(file)), file.parent)


def _flat(table: Mapping[str, Any], head: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{head}{name}.")
        else:
            yield f"{head}{name}", value


_PATHS = {
    *("machines", "journal", "cache", "state", "dhcp.quirks", "http.certificate", "http.key"),
    *(
        "boot.files",
        "boot.osie",
        "boot.images",
        "boot.profiles",
        "enrol.rules",
        "operator.certificate",
        "operator.key",
        "operator.client_ca",
        "operator.client_crl",
    ),
}


def _anchored(key: str, value: Any, directory: Path) -> Any:
    """A relative path in a file means: beside that file."""
    if key not in _PATHS or value in ("", []):
        return value
    if isinstance(value, list):
        return [str(directory / each) for each in value]
    return str(directory / value)


# Where the settings' own file is, and what commands need to talk to a server.
_NOT_SETTINGS = {"BOOTS_CONFIG", "BOOTS_SERVER", "BOOTS_TOKEN", "BOOTS_CA"}


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
    if kind == list[Subnet]:
        return _subnets(value, where)
    if kind == list[str] and isinstance(value, str):
        value = [value]
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise SettingsError(f"{where}: {key} = {value!r} will not do; {_wanted(kind)}") from None


def _subnets(value: Any, where: str) -> list[Subnet]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise SettingsError(
            f"{where}: subnets will not do; write a table [[subnets]] for each network"
        )
    return [_subnet(each, f"{where}: [[subnets]] number {n}") for n, each in enumerate(value, 1)]


def _subnet(table: dict[str, Any], where: str) -> Subnet:
    kinds = {field.name: field.type for field in msgspec.structs.fields(Subnet)}
    for name, value in table.items():
        if name not in kinds:
            raise SettingsError(f'{where}: no key is named "{name}"{_near(name, kinds)}')
        try:
            msgspec.convert(value, kinds[name])
        except msgspec.ValidationError:
            wanted = _wanted(kinds[name])
            raise SettingsError(f"{where}: {name} = {value!r} will not do; {wanted}") from None
    if "network" not in table:
        raise SettingsError(f'{where}: it has no network; write network = "192.168.1.0/24"')
    return msgspec.convert(table, Subnet)


def _wanted(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return f"write one of {', '.join(typing.get_args(kind))}"
    words = {bool: "write true or false", int: "write a whole number", str: 'write "text"'}
    if typing.get_origin(kind) is dict:
        return 'write a table, like {150 = "192.168.1.5"}'
    return words.get(kind, 'write a list, like ["one", "two"]')


def _near(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f', did you mean "{close[0]}"?' if close else ""

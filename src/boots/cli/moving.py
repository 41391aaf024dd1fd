"""``--from-smee``: the settings of an ancestor's environment, and the table that tells of them."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from rich.table import Table

from boots.app.smee.parts import Here, shown
from boots.app.smee.translate import translate
from boots.app.smee.words import Moved, Row, Standing
from boots.cli.terminal import Terminal
from boots.serve.sockets import StartError, default_route, interface_address
from boots.settings import Settings, load, value_of

_SECRET = re.compile(r"((?:pass|token|secret)[^=\s]*=)[^\s\"]+", re.IGNORECASE)


def moved_from(environment: Mapping[str, str], own: Settings) -> Moved:
    """What the environment of an ancestor means; `own` are the settings without it.

    Raises:
        SettingsError: as `boots.app.smee.translate.translate`.
    """
    return translate(environment, Here(tuple(own.interfaces), default_route, _address))


def _address(interface: str) -> str:
    try:
        return str(interface_address(interface).ip) if interface else ""
    except StartError:
        return ""


def read(
    config: Path | None, flags: Mapping[str, Any], out: TextIO
) -> tuple[Settings, Callable[[], Settings]]:
    """The settings in force with an ancestor's environment beneath our own; its table to `out`.

    And a function that reads them again, for a reload.

    Raises:
        SettingsError: a value cannot be read.
        StartError: its records are where we do not read any.
    """
    environment = dict(os.environ)
    for name in ("BOOTS_DHCP_WORKERS", "BOOTS_HTTP_HOST_CONNECTIONS"):  # of Boots 2021
        environment.pop(name, None)
    own = load(config, environment, flags)
    moved = moved_from(os.environ, own)
    again = partial(load, config, environment, flags, moved.values)
    settings = again()
    show(moved, settings, out)
    if moved.no_records and not settings.machines:
        raise StartError(moved.no_records)
    return settings, again


def show(moved: Moved, settings: Settings, out: TextIO) -> None:
    """Print what became of each variable: a table on a terminal, a line for each elsewhere."""
    rows = sorted(moved.rows, key=lambda row: list(Standing).index(row.standing))
    title = f"Settings of {moved.release}"
    if not out.isatty():
        print(f"{title}:", file=out)
        for row in rows:
            what = _became(row, settings)
            print(f"  {row.name or '-'}: {'; '.join(filter(None, what))}", file=out)
        out.flush()
        return
    table = Table("theirs", "here", "note", title=title, title_justify="left")
    for number, row in enumerate(rows):
        if number and rows[number - 1].standing is not row.standing:
            table.add_section()
        table.add_row(row.name or "-", *_became(row, settings))
    Terminal(file=out).print(table)


def _became(row: Row, settings: Settings) -> tuple[str, str]:
    """What stands in a row beside the name: ours, and a word on it."""
    return (
        f"{row.key} = {_harmless(shown(row.value))}" if row.key else row.standing.value,
        ", ".join(_notes(row, settings)),
    )


def _notes(row: Row, settings: Settings) -> Iterator[str]:
    if row.key and row.standing is not Standing.TAKEN:
        yield f"{row.standing.value} ({row.note})" if row.note else row.standing.value
    elif row.note:
        yield row.note
    if row.key and value_of(settings, row.key) != row.value:
        yield f"but {_harmless(shown(value_of(settings, row.key)))} is in force"


def _harmless(text: str) -> str:
    """Secrets of kernel command lines are not for logs."""
    return _SECRET.sub(r"\1***", text)

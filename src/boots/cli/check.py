"""``boots check``: are these records sound?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from boots.cli.common import (
    NOBODY,
    ConfigOption,
    FromSmeeOption,
    read_settings,
    saying_no,
    texts,
)
from boots.documents.fault import Fault
from boots.serve.sockets import StartError
from boots.settings import Settings, trusted_proxies


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Record files, or directories of them; else those of the settings."),
    ] = None,
    config: ConfigOption = None,
    from_smee: FromSmeeOption = False,
) -> None:
    """Read records and say what is wrong: file, line, field, and what to write instead."""
    from boots.app import doubts, leaked
    from boots.app import world as worlds
    from boots.cli import doubtful, moving
    from boots.machines.files import Cache, load

    cache = Cache()
    flags = {"machines": texts(paths or None)}
    with saying_no():
        if from_smee:
            settings, _ = moving.read(config, flags, sys.stdout)
        else:
            settings = read_settings(config, flags)
        paths = paths or _paths(settings)
    loaded = load(paths, cache)
    wrong = [*loaded.faults, *leaked.found(loaded.index, settings.boot.secrets_allowed)]
    for fault in wrong:
        print(fault)
    warnings: list[Fault] = []
    if not wrong:
        with saying_no():
            trusted_proxies(settings)
            world = worlds.build(settings, {"": NOBODY}, cache)
        site = world.sites[""]
        warnings = [
            each for machine in loaded.index.machines for each in doubtful.warnings(machine, site)
        ]
        for line in (
            *doubts.doubts(settings, site),
            *doubts.of_rules(world.rules, site, store=settings.store.enabled),
        ):
            print(f"warning: {line}")
        for doubt in doubts.of_certificate(settings, [settings.http.url]):
            print(f"warning: http.certificate: {doubt}")
    for line in doubtful.grouped(warnings):
        print(f"warning: {line}")
    machines = _counted(len(loaded.index.machines), "machine")
    files = _counted(loaded.files, "file")
    print(f"{machines} in {files}: {len(wrong)} wrong, {len(warnings)} doubtful")
    if wrong:
        raise typer.Exit(1)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _paths(settings: Settings) -> list[Path]:
    """The records that the settings name.

    Raises:
        StartError: they name none, and their mode needs some.
    """
    if settings.lacks_records:
        raise StartError("no records to check; name a file or a directory")
    return [Path(path) for path in settings.machines]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)

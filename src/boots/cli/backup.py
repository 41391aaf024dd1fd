"""``boots backup`` and ``boots restore``: everything that lasts, in one file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boots.cli.asking import refuse
from boots.cli.common import ConfigOption, read_settings, saying_no

if TYPE_CHECKING:
    from boots.app.backup.restoring import Restored
    from boots.app.lasting import Lasting

StateOption = Annotated[
    Path | None,
    typer.Option("--state", help="The folder of the server's state; a service has /var/lib/boots."),
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


def backup(file: FileArgument, config: ConfigOption = None, state: StateOption = None) -> None:
    """Write everything that lasts into FILE, while the server runs.

    That is the store, leases, and the key of metadata URLs: keep it secret.  A name that ends in
    .gz has it packed.
    """
    from boots.app.backup.taking import take
    from boots.app.backup.words import BackupError
    from boots.cli import running

    with saying_no():
        try:
            made = take(_lasting(config, state), file)
        except BackupError as error:
            refuse(str(error))
    size = running.capacity(file.stat().st_size)
    print(f"{file}: {size}, schema {made.schema} of {made.engine}, with {', '.join(made.files)}")


def restore(file: FileArgument, config: ConfigOption = None, state: StateOption = None) -> None:
    """Put a backup in place of what is there, while no server runs.

    What was there stays beside it; a database of PostgreSQL is replaced, so back it up before.
    Runs that were on their way then are ended, and orders of "once" used up: nothing is written to
    a disk by what was allowed then.
    """
    from boots.app.backup.restoring import restore as put
    from boots.app.backup.words import BackupError

    with saying_no():
        try:
            done = put(_lasting(config, state), file)
        except BackupError as error:
            refuse(str(error))
    _say(done)


def _say(done: "Restored") -> None:
    from boots.cli import shown

    manifest, voided = done.manifest, done.voided
    print(f"restored {', '.join(manifest.files)} of {manifest.server}", end=", ")
    print(f"as of {shown.moment(manifest.made)}; what was there is in {done.former}", end="")
    print(", without the database" if manifest.engine == "postgresql" else "")
    for word, found, became in (
        ("run", voided.runs, "ended: no disk is written by it; `boots workflow retry` begins anew"),
        ("order of once", voided.orders, "used up: order it again if it is wanted still"),
        ("token", voided.tokens, "good as then: take away what was taken away since"),
    ):
        for each in found:
            print(f"{word} {shown.text(each)} is {became}")


def _lasting(config: Path | None, state: Path | None) -> "Lasting":
    from boots.app.folders import state_of
    from boots.app.lasting import lasting_of

    settings = read_settings(config, {"state": None if state is None else str(state)})
    return lasting_of(settings, state_of(settings))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (backup, restore):
        app.command()(command)

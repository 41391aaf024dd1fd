"""Floor 5: the command line."""

import sys

import typer

from boots import __version__
from boots.cli import (
    audit,
    backup,
    boot_files,
    capture,
    check,
    demo,
    doctor,
    enrol,
    explain,
    frozen,
    happened,
    image,
    leases,
    link,
    machines,
    ordering,
    osie,
    plan,
    provision,
    replay,
    serve,
    simulate,
    strangers,
    token,
    watch,
    workflow,
)

app = typer.Typer(
    name="boots",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A network boot server: DHCP, TFTP and HTTP that take a bare machine to a running system.",
)


def _version(asked: bool) -> None:
    if asked:
        print(f"boots {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    _version_asked: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


for command in (
    serve,
    machines,
    watch,
    happened,
    provision,
    ordering,
    strangers,
    token,
    audit,
    check,
    plan,
    explain,
    enrol,
    doctor,
    capture,
    replay,
    leases,
    demo,
    simulate,
    link,
    workflow,
    frozen,
    osie,
    backup,
    boot_files,
    image,
):
    command.register(app)


def main() -> None:
    """Run the command."""
    app()
    sys.exit(0)

"""What several commands share: their options, settings, and how they say no."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Interface
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from boots.documents.fault import Faulty
from boots.model.plain import plain_lines
from boots.serve.sockets import StartError
from boots.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from rich.console import Console

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", envvar="BOOTS_CONFIG", help="The settings file, boots.toml."),
]
MachinesOption = Annotated[
    list[Path] | None,
    typer.Option("--machines", help="A record file, or a directory of them; may be repeated."),
]
InterfaceOption = Annotated[
    list[str] | None,
    typer.Option("--interface", help="An interface to answer on; may be repeated."),
]
FromSmeeOption = Annotated[
    bool,
    typer.Option(
        "--from-smee",
        help="Read the environment of Smee, Tinkerbell or Boots 2021 (SMEE_…, TINKERBELL_…) too.",
    ),
]

# Stands in for our own address where no interface is named (RFC 5737: for documentation).
NOBODY = IPv4Interface("192.0.2.1/24")


@contextmanager
def saying_no() -> Iterator[None]:
    """Turn a person's mistake into its text on standard error, and exit status 2."""
    try:
        yield
    except Faulty as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        raise typer.Exit(2) from None
    except (SettingsError, StartError) as error:
        print(plain_lines(f"boots: {error}"), file=sys.stderr)
        raise typer.Exit(2) from None


@contextmanager
def saying_what_fails(console: "Console", *mistakes: type[Exception]) -> Iterator[None]:
    """Turn a file that cannot be written, and these mistakes, into a line, and exit status 2."""
    try:
        yield
    except mistakes as error:
        console.print(f"boots: {error}", markup=False)
        raise typer.Exit(2) from None
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        console.print(f"boots: cannot write{where}: {os.strerror(error.errno or 0)}", markup=False)
        raise typer.Exit(2) from None


def texts(paths: list[Path] | None) -> list[str] | None:
    """Paths as settings hold them; None where the flag was not given."""
    return None if paths is None else [str(path) for path in paths]


def read_settings(config: Path | None, flags: Mapping[str, Any]) -> Settings:
    """Settings from file, environment and flags.

    Raises:
        SettingsError: as `boots.settings.load`.
    """
    return load(config, os.environ, flags)

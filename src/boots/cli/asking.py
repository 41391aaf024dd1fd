"""What commands share that ask a running server: where it is, who we are, and how it said no."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from boots.cli.common import read_settings, saying_no

if TYPE_CHECKING:
    from boots.client.client import Client
    from boots.settings import Settings

ServerOption = Annotated[
    str,
    typer.Option("--server", envvar="BOOTS_SERVER", help="The URL of the operator's listener."),
]
TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file", help="A file with the token; else BOOTS_TOKEN, or ~/.config/boots/token."
    ),
]
CaOption = Annotated[
    str, typer.Option("--ca", envvar="BOOTS_CA", help="A PEM file of certificates to trust.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
MachineArgument = Annotated[str, typer.Argument(help="Its name, or a MAC of its.")]
_TOKEN = Path("boots/token")
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is and who we are to it, as flags say; what they do not is looked for."""

    server: str = ""
    token_file: Path | None = None
    ca: str = ""

    def of(self, settings: Callable[[], "Settings"]) -> tuple[str, str]:
        """The URL, and what certificates to trust.

        Raises:
            SettingsError: the settings hold a mistake.
        """
        if self.server:
            return self.server, self.ca
        return of_settings(settings(), self.ca)

    def token(self) -> str:
        """The token.

        Raises:
            SettingsError: its file cannot be read.
        """
        return read_token(self.token_file, os.environ, Path.home())


@contextmanager
def asking(
    server: str,
    token_file: Path | None,
    ca: str,
    config: Path | None,
    *,
    timeout: float = 30.0,
) -> Iterator["Client"]:
    """A client of the server that is meant; what it refuses ends the command with status 1."""
    from boots.client.client import Client
    from boots.client.connecting import ApiError, BadUrl, NoServer

    place = Place(server, token_file, ca)
    with saying_no():
        url, trusted = place.of(lambda: read_settings(config, {}))
        token = place.token()
    try:
        yield _client(Client, url, token, trusted, timeout)
    except BadUrl as error:
        refuse(f"--server: {error}", 2)
    except NoServer as error:
        hint = "is it running (boots serve)? Elsewhere? Name it: --server URL, or BOOTS_SERVER"
        refuse(f"{error}\n  {hint}")
    except ApiError as error:
        refuse(_refusal(error))
    except BrokenPipeError:  # who reads our lines has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None


def _client(make: type["Client"], url: str, token: str, ca: str, timeout: float) -> "Client":
    try:
        return make(url, token, ca, timeout=timeout)
    except OSError as error:  # TLS's are some of these
        refuse(f"{ca}: no certificates can be read from it: {error.strerror or error}", 2)


def of_settings(settings: "Settings", ca: str = "") -> tuple[str, str]:
    """Where the settings put the listener.  A certificate of its own is trusted here."""
    operator = settings.operator
    host = _ANYWHERE.get(operator.address, operator.address)
    if operator.certificate and operator.hosts:
        host = operator.hosts[0]
    scheme = "https" if operator.certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{operator.port}", ca or operator.certificate


def read_token(file: Path | None, environment: Mapping[str, str], home: Path) -> str:
    """The token of a file, the environment, or the home folder; empty where there is none.

    Raises:
        SettingsError: a file that was named cannot be read.
    """
    from boots.settings import SettingsError

    if file is None and environment.get("BOOTS_TOKEN"):
        return environment["BOOTS_TOKEN"].strip()
    base = environment.get("XDG_CONFIG_HOME")
    usual = (Path(base) if base else home / ".config") / _TOKEN
    try:
        found = (file or usual).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        if file is None and isinstance(error, FileNotFoundError | NotADirectoryError):
            return ""
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"{file or usual}: cannot be read: {why}") from None
    if not found.isascii() or not found.isprintable() or " " in found:
        raise SettingsError(f"{file or usual}: this is no token; `boots token create` makes one")
    return found


def _refusal(error: Any) -> str:
    """What the server refused, with each field that is wrong."""
    problem = error.problem
    lines = [str(error)]
    for each in problem.errors:
        place = f"{each.field}: " if each.field else ""
        lines.append(f"  {place}{each.problem}{f'; {each.advice}' if each.advice else ''}")
    if problem.status == 401:
        lines.append("  name it: --token-file FILE, or BOOTS_TOKEN; docs/howto/remote.md")
    return "\n".join(lines)


def refuse(text: str, status: int = 1) -> NoReturn:
    """End the command with a text on standard error."""
    print(f"boots: {text}", file=sys.stderr)
    raise typer.Exit(status)


def print_json(value: Any) -> None:
    """A value, or what is one after msgspec made it one, as JSON for people and programs."""
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())

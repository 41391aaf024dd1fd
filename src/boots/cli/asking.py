"""What commands share that ask a running server: where it is, who we are, and how it said no."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from boots.cli.common import read_settings, saying_no
from boots.model.plain import plain_lines

if TYPE_CHECKING:
    from queue import SimpleQueue

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

    def client(self, settings: Callable[[], "Settings"], timeout: float) -> "Client":
        """A client of that server; where flags do not name it, `settings` say where it is.

        Raises:
            SettingsError: the settings hold a mistake, or a file cannot be read.
            BadUrl: the URL is none.
        """
        from boots.client.client import Client
        from boots.settings import SettingsError

        url, own = (self.server, "") if self.server else of_settings(settings())
        token = read_token(self.token_file, os.environ, Path.home())
        try:
            return Client(url, token, self.ca, own="" if self.ca else own, timeout=timeout)
        except (OSError, ValueError) as error:  # TLS's are some of these
            why = getattr(error, "strerror", None) or error
            raise SettingsError(f"{self.ca or own}: no certificate can be read: {why}") from None


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
    from boots.client.connecting import ApiError, BadUrl, NoServer

    place = Place(server, token_file, ca)
    try:
        with saying_no():
            client = place.client(lambda: read_settings(config, {}), timeout)
        yield client
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


def of_settings(settings: "Settings") -> tuple[str, str]:
    """Where the settings put the listener, and the file of its own certificate, if it has one."""
    operator = settings.operator
    host = _ANYWHERE.get(operator.address, operator.address)
    scheme = "https" if operator.certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{operator.port}", operator.certificate


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
        lines.append("  give one: --token-file FILE, or BOOTS_TOKEN; `boots token create` makes it")
    return "\n".join(lines)


def refuse(text: str, status: int = 1) -> NoReturn:
    """End the command with a text on standard error."""
    print(plain_lines(f"boots: {text}"), file=sys.stderr)
    raise typer.Exit(status)


def print_json(value: Any) -> None:
    """A value, or what is one after msgspec made it one, as JSON for people and programs."""
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def put_into(queue: "SimpleQueue[Any]", follow: Callable[[], Iterable[Any]]) -> None:
    """Put what is followed into a queue, from a thread that ends with the program.

    What a server says no with comes there as well: it is told where somebody sees it.
    """
    from threading import Thread

    from boots.client.connecting import ApiError, NoServer

    def run() -> None:
        try:
            for each in follow():
                queue.put(each)
        except (ApiError, NoServer) as error:
            queue.put(error)

    Thread(target=run, daemon=True).start()

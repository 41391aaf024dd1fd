"""``boots workflow certificate``: what proves that a run erased disks."""

import base64
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from boots.cli.asking import (
    CaOption,
    JsonOption,
    ServerOption,
    TokenFileOption,
    asking,
    print_json,
    refuse,
)
from boots.cli.common import ConfigOption
from boots.cli.runs import RunArgument, latest

if TYPE_CHECKING:
    from boots.client.client import Client
    from boots.client.workflows import Certificate, Certificates


def certificate(
    key: RunArgument,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", help="Write each into this folder: what is signed, and its signature."
        ),
    ] = None,
    as_json: JsonOption = False,
    server: ServerOption = "",
    token_file: TokenFileOption = None,
    ca: CaOption = "",
    config: ConfigOption = None,
) -> None:
    """Print what proves that a run erased disks; it ends with 1 if nothing does."""
    with asking(server, token_file, ca, config) as client:
        found = _found(client, key)
    if as_json:
        print_json(found)
    if not found.certificates:
        refuse(f"nothing proves that {found.run} erased a disk")
    if to is not None:
        _write(to, found)
    if not as_json:
        for each in found.certificates:
            print(_in_words(each))


def _found(client: "Client", key: str) -> "Certificates":
    """Those of a run, which may be gone by now, or of a machine's latest."""
    from boots.client.connecting import ApiError

    try:
        return client.certificates(key)
    except ApiError as error:
        run = latest(client, key) if error.problem.status == 404 else None
        if not run:
            raise
        return client.certificates(run)


def _in_words(found: "Certificate") -> str:
    """One line: the disk, how it was erased, and when."""
    from boots.cli import running, shown

    said = msgspec.json.decode(found.text)["certificate"]
    disk = said.get("disk")
    facts: dict[str, Any] = disk if isinstance(disk, dict) else {}
    size, ended = facts.get("size"), said.get("ended")
    words = [
        str(facts.get("model") or "disk"),
        f"S/N {found.serial}",
        running.capacity(size) if isinstance(size, int) else "",
        f"of {found.machine}: erased by {said.get('method') or 'nobody knows what'}",
        f"at {shown.moment(ended)}" if isinstance(ended, int | float) else "",
    ]
    line = " ".join(filter(None, words))
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def _write(folder: Path, found: "Certificates") -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "public-key.pem").write_text(found.public_key)
        for each in found.certificates:
            stem = folder / f"{found.run}-{each.step}-{each.attempt}"
            stem.with_name(f"{stem.name}.json").write_text(each.text)
            stem.with_name(f"{stem.name}.sig").write_bytes(base64.b64decode(each.signature))
    except OSError as error:
        refuse(f"{folder} cannot be written: {error.strerror}")
    print(f"{folder} has {len(found.certificates)}, and the key that proves them", file=sys.stderr)


def register(workflow: typer.Typer) -> None:
    """Add the command to those of ``boots workflow``."""
    workflow.command()(certificate)

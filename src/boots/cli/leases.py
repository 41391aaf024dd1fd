"""``boots leases``: who has which address of the pools."""

import sys
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import typer

from boots.app.folders import LEASES, state_of
from boots.cli.common import ConfigOption, read_settings, saying_no
from boots.model.plain import plain
from boots.serve.sockets import StartError

if TYPE_CHECKING:
    from boots.leases.book import Book

Row = tuple[str, ...]
_HEAD: Row = ("address", "mac", "until", "state")


def leases(config: ConfigOption = None) -> None:
    """Print the leases of the pools: address, MAC, until when, and what state they are in.

    They are read from the file that the server writes, whether it runs or not.
    """
    from boots.leases.book import Book
    from boots.leases.file import LeasesError, read

    with saying_no():
        settings = read_settings(config, {})
        path = state_of(settings) / LEASES
        try:
            found = read(path)
        except LeasesError as error:
            raise StartError(str(error)) from None
    rows = list(_rows(Book(found.entries), time.time()))
    if not rows:
        print(f"no leases in {path}", file=sys.stderr)
        return
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    for row in (_HEAD, *rows):
        print(plain("  ".join(map(str.ljust, row, widths)).rstrip()))


def _rows(book: "Book", now: float) -> Iterator[Row]:
    """A row for each address that somebody has or had, or that is blocked."""
    from boots.leases.keeper import moment

    for address in sorted({*book.leases, *book.blocks}):
        block = book.blocks.get(address)
        if block is not None and block.until > now:
            yield str(address), block.mac, moment(block.until), f"blocked: {block.why}"
        elif address in book.leases:
            yield _lease(book, address, now)


def _lease(book: "Book", address: IPv4Address, now: float) -> Row:
    from boots.leases.keeper import moment

    lease = book.leases[address]
    state = "leased"
    if lease.until <= now:
        state = "released" if lease.released else "expired"
    return str(address), lease.mac, moment(lease.until), state


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(leases)

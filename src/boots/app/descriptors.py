"""How many transfers and connections there may be where few files may be open.

Each has a descriptor, some a file besides.  If clients could use up all of them, nothing that the
server itself opens could be opened, and machines would be refused like anybody.
"""

from typing import NamedTuple

import structlog

from boots.model.limits import HTTP_CONNECTIONS, TFTP_TRANSFERS

_OWN = 96  # for the store, logs, records, the loops and the listening sockets
_LEAST = 8
_log = structlog.get_logger()


class Shares(NamedTuple):
    """How many there may be at once of each door."""

    transfers: int = TFTP_TRANSFERS.most
    connections: int = HTTP_CONNECTIONS.most


def shares(files: int, interfaces: int, connections: int, *, secure: bool) -> Shares:
    """What each door has of so many files; half is for TFTP, half for HTTP and HTTPS.

    `connections` is what the settings allow.
    """
    each = max(files - _OWN, 0) // 2 // max(interfaces, 1)
    # A client that asks anew has a transfer beside the one that it left; one of HTTP has a file.
    transfers, there = each * 4 // 5, each // (4 if secure else 2)
    return Shares(
        max(_LEAST, min(transfers, TFTP_TRANSFERS.most)),
        max(min(_LEAST, connections), min(there, connections)),
    )


def tell_if_few(files: int, found: Shares, connections: int) -> None:
    """Say in the log that there may be fewer than elsewhere."""
    if found != Shares(TFTP_TRANSFERS.most, connections):
        _log.warning(
            "few files may be open (LimitNOFILE, ulimit -n): fewer clients are served at once",
            files=files,
            transfers=found.transfers,
            connections=found.connections,
        )

"""What is seen to before a server begins: anything to serve, its state, and what is doubtful."""

import socket
from collections.abc import Mapping
from ipaddress import IPv4Interface
from pathlib import Path

from boots.app import catalogue, doubts
from boots.app.backup.alone import served
from boots.app.backup.words import BackupError
from boots.app.lasting import lasting_of
from boots.app.world import World
from boots.serve import sockets
from boots.serve.sockets import StartError
from boots.settings import Settings


def refuse_nothing(settings: Settings) -> None:
    """See whether there is anything to serve, and anywhere.

    Raises:
        StartError: there is not.
    """
    if not settings.interfaces:
        there = ", ".join(name for _, name in socket.if_nameindex() if name != "lo")
        raise StartError(f"no interface to serve; give --interface, one of {there}")
    if settings.lacks_records and not settings.store.enabled:
        raise StartError(
            "no records to serve from; give --machines, a file or a directory"
            " (the modes auto-proxy and pool start without)"
        )


def have_state(settings: Settings, state: Path) -> int | None:
    """Have the folder of state, after a restore that was killed is finished.

    Raises:
        StartError: a backup is being restored into it.
    """
    try:
        return served(lasting_of(settings, state))
    except (BackupError, OSError) as error:
        raise StartError(str(error)) from None


def doubts_of(
    settings: Settings, world: World, addresses: Mapping[str, IPv4Interface]
) -> list[str]:
    """What is missing or may not be meant, and what firmware will not take of us."""
    sites = list(world.sites.values())
    urls = dict.fromkeys(site.http_url for site in sites)
    return [
        *([] if any(site.boot_files for site in sites) else [catalogue.missing()]),
        *doubts.doubts(settings, sites[0]),
        *doubts.of_rules(world.rules, sites[0], store=settings.store.enabled),
        *doubts.of_certificate(settings, urls),
        *doubts.of_neighbours(
            len(world.index.machines), addresses.values(), sockets.neighbours_kept()
        ),
    ]

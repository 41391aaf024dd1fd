"""What is the server's own, and is published to nobody, wherever it lies.

All below a folder of `boot.files` can be fetched by every machine.  Who names one too many (the
whole of ``/srv/tftp``, or the folder of `state`) must not give away the server's key with it.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from boots.app.folders import (
    BESIDE_SQLITE,
    COPY,
    KEY,
    LEASES,
    LOCK,
    STORE,
    TOLD,
    cache_of,
    state_of,
)
from boots.settings import Settings

_IN_STATE = (KEY, LEASES, LOCK, COPY, TOLD, STORE, *(STORE + each for each in BESIDE_SQLITE))
_SQLITE = "sqlite:///"


class Withheld(NamedTuple):
    """Files and whole folders, by their real paths."""

    files: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()

    def at(self, top: Path) -> Callable[[Path], bool]:
        """Whether a file is not for machines, which was found below a published folder `top`.

        A folder for machines may well lie within one of ours: `boot.osie` does.
        """
        within = os.path.realpath(top)
        folders = [each for each in self.folders if not _is_below(within, each)]

        def has(path: Path) -> bool:
            real = os.path.realpath(path)
            return real in self.files or any(_is_below(real, folder) for folder in folders)

        return has

    def below(self, top: Path) -> Iterator[str]:
        """What of it lies below a published folder, or is that folder."""
        within = os.path.realpath(top)
        for each in (*self.folders, *sorted(self.files)):
            if (each == within or _is_below(each, within)) and Path(each).exists():
                yield each


def of(settings: Settings) -> Withheld:
    """What these settings name: what lasts, records, keys, the journal."""
    state = state_of(settings)
    http, operator = settings.http, settings.operator
    store = settings.store.url
    files = [
        *(str(state / name) for name in _IN_STATE),
        *(store.removeprefix(_SQLITE) + end for end in ("", *BESIDE_SQLITE) if _SQLITE in store),
        *(http.certificate, http.key, operator.certificate, operator.key),
        *(settings.journal, settings.enrol.rules, settings.dhcp.quirks),
    ]
    folders = [str(state), str(cache_of(settings))]
    for name in settings.machines:
        (folders if os.path.isdir(name) else files).append(name)  # noqa: PTH112  # as in watch.py
    return Withheld(frozenset(_real(files)), tuple(_real(folders)))


def _real(names: Iterable[str]) -> list[str]:
    return [os.path.realpath(name) for name in names if name]


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")

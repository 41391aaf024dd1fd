"""What is the server's own, and is published to nobody, wherever it lies.

All below a folder of `boot.files` can be fetched by every machine.  Who names one too many (the
whole of ``/srv/tftp``, or the folder of `state`) must not give away the server's key with it.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from boots.app.folders import COPY, KEY, LEASES, LOCK, STORE, TOLD, cache_of, state_of
from boots.settings import Settings

_IN_STATE = (KEY, LEASES, LOCK, COPY, TOLD, STORE)
_SQLITE = "sqlite:///"


class Withheld(NamedTuple):
    """Files and whole folders, by their real paths, and how files made of these begin."""

    files: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()

    def at(self, top: Path) -> Callable[[Path], bool]:
        """Whether a file is not for machines, which was found below a published folder `top`.

        A folder for machines may well lie within one of ours: `boot.osie` does.
        """
        within = os.path.realpath(top)
        folders = [each for each in self.folders if not _is_below(within, each)]
        parents: dict[Path, str] = {}

        def has(path: Path) -> bool:
            real = _real_at(path, parents)
            is_made = real.startswith(self.beginnings)
            return is_made or real in self.files or any(_is_below(real, each) for each in folders)

        return has

    def below(self, top: Path) -> Iterator[str]:
        """What of it lies below a published folder, or is that folder."""
        within = os.path.realpath(top)
        single = (
            each
            for each in sorted(self.files)
            if not any(_is_below(each, folder) for folder in self.folders)
        )
        for each in (*self.folders, *single):
            # Who asks may not be who serves, and may not look into the folder of `state`.
            if (each == within or _is_below(each, within)) and os.path.lexists(each):
                yield each


def of(settings: Settings) -> Withheld:
    """What these settings name: what lasts, records, keys, the journal."""
    state = state_of(settings)
    http, operator = settings.http, settings.operator
    url = settings.store.url
    store = url.removeprefix(_SQLITE) if url.startswith(_SQLITE) else ""
    files = [
        *(str(state / name) for name in _IN_STATE),
        *(store, settings.journal, settings.enrol.rules, settings.dhcp.quirks),
        # A certificate is for everybody, unless its key is in the same file.
        *(each.key or each.certificate for each in (http, operator)),
    ]
    folders = [str(state), str(cache_of(settings))]
    for name in settings.machines:
        (folders if os.path.isdir(name) else files).append(name)  # noqa: PTH112  # as in watch.py
    # journal.1, store.db-wal, store.db.before-0004: it may hold as much.
    lasting = _real((str(state / STORE), store, settings.journal))
    made = (f"{each}{end}" for each in lasting for end in ".-")
    return Withheld(frozenset(_real(files)), tuple(_real(folders)), tuple(made))


def _real_at(path: Path, parents: dict[Path, str]) -> str:
    """The real path of a file; those of one folder differ in their last part, but for links."""
    if path.is_symlink():
        return os.path.realpath(path)
    if path.parent not in parents:
        parents[path.parent] = os.path.realpath(path.parent).rstrip("/")
    return f"{parents[path.parent]}/{path.name}"


def _real(names: Iterable[str]) -> list[str]:
    return [os.path.realpath(name) for name in names if name]


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")

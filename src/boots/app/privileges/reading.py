"""What the user that we become cannot read: said at the start, not at the next reload."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import boots
from boots.settings import Settings

_MOST = 20_000  # entries of one folder that are looked at


def closed(settings: Settings, config: Path | None) -> list[Path]:
    """What the settings name and we, as the effective user, may not read; a file or folder each.

    What is not there is not among them: whoever needs it says so better.
    """
    return list(dict.fromkeys(_closed(settings, config)))


def relied_on(settings: Settings, config: Path | None) -> list[Path]:
    """The files and folders that say what is done, and by what we are known."""
    http, operator = settings.http, settings.operator
    texts = [
        *(str(config or ""), *settings.machines),
        *(settings.boot.profiles, settings.dhcp.quirks, settings.enrol.rules),
        *(http.certificate, http.key, operator.certificate, operator.key, operator.client_ca),
        *operator.client_crl,
    ]
    return [Path(text) for text in texts if text]


def _closed(settings: Settings, config: Path | None) -> Iterator[Path]:
    boot = settings.boot
    published = [Path(text) for text in (*boot.files, boot.osie, boot.images) if text]
    for place in (*relied_on(settings, config), *published):
        yield from below(place)
    # What workers and others beside us are started from, and what we import later.
    for own in (sys.executable, os.__file__, boots.__file__):
        way = barrier(Path(own).resolve())
        if way is not None:
            yield way


def below(place: Path) -> Iterator[Path]:
    """What at a place, in it, or on the way to it is closed to us."""
    way = barrier(place)
    if way is not None:
        yield way
        return
    try:
        kind = place.stat().st_mode
    except OSError:
        return
    if not os.access(place, os.R_OK, effective_ids=True):
        yield place
    elif stat.S_ISDIR(kind):
        yield from _inside(place)


def _inside(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            if number >= _MOST:
                return
            if entry.is_symlink() or entry.name.startswith("."):
                continue
            if not os.access(entry.path, os.R_OK, effective_ids=True):
                yield Path(entry.path)
            elif entry.is_dir():
                yield from below(Path(entry.path))


def barrier(place: Path) -> Path | None:
    """The folder on the way to a place that we may not enter."""
    for folder in reversed(place.absolute().parents):
        try:
            if not os.access(folder, os.X_OK, effective_ids=True) and folder.is_dir():
                return folder
        except OSError:
            return folder
    return None

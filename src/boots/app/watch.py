"""Which changes of files mean that answers may change, and when they happen."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from boots.app.catalogue import folders
from boots.settings import Settings

if TYPE_CHECKING:
    import watchfiles

_LOOK_EVERY = 1000  # milliseconds between two looks at whether the folders are still the same
_ALL = frozenset[str]()
# Kubernetes changes mounted files by swapping a symlink of this name beside them.
_SWAPPED = "..data"
_log = structlog.get_logger()


@dataclass(frozen=True)
class Places:
    """The folders in which a change counts, and which of them there are now.

    `names` holds for a folder the file names that count, none for all of them.  `there` holds
    what tells a folder from another that took its place later.  The kernel watches no folder that
    we may not read, as that of a private key may be: its files are `closed`, with their stamps.
    """

    names: dict[Path, frozenset[str]]
    there: dict[Path, tuple[int, int]]
    closed: "Stamps"
    journal: Path | None

    @classmethod
    def of(cls, settings: Settings) -> "Places":
        """The places that these settings read from, as they are now."""
        names: dict[Path, frozenset[str]] = {}
        for folder, wanted in _folders(settings):
            known = names.get(folder, wanted)
            names[folder] = known | wanted if known and wanted else _ALL
        there, closed = {}, {}
        for folder, wanted in names.items():
            with contextlib.suppress(OSError):
                if os.access(folder, os.R_OK):
                    status = folder.stat()
                    there[folder] = (status.st_dev, status.st_ino)
                else:
                    closed.update(_stamped(folder / name for name in wanted))
        journal = Path(settings.journal).absolute() if settings.journal else None
        return cls(names, there, closed, journal)

    def count(self, _change: "watchfiles.Change", path: str) -> bool:
        """Whether a change of this file may change answers; our own journal never does."""
        changed = Path(path)
        if changed == self.journal:
            return False
        wanted = self.names.get(changed.parent, _ALL)
        return not wanted or changed.name in wanted


def _folders(settings: Settings) -> Iterator[tuple[Path, frozenset[str]]]:
    boot = settings.boot
    if boot.osie:
        yield Path(boot.osie).absolute(), _ALL
    for name in (*boot.files, *filter(None, [boot.profiles, boot.images])):
        yield Path(name).absolute(), _ALL
        for folder in folders(Path(name).absolute()):
            yield folder, _ALL
    http, operator = settings.http, settings.operator
    single = [settings.dhcp.quirks, settings.enrol.rules]
    single += [http.certificate, http.key, operator.certificate, operator.key]
    single += operator.client_crl
    for name in (*settings.machines, *filter(None, single)):
        path = Path(name).absolute()
        if os.path.isdir(path):  # noqa: PTH112  # Path raises where a folder above is closed, or its mount gone
            yield path, _ALL
            continue
        # A file is replaced in the folder it stands in; behind a symlink there is another one.
        for each in (path, Path(os.path.realpath(path))):  # Path raises where links go round
            yield each.parent, frozenset({each.name, _SWAPPED})


async def _places(settings: Settings) -> Places:
    """In a thread, as folders of boot files may be many."""
    return await asyncio.to_thread(Places.of, settings)


Stamps = dict[Path, tuple[int, int, int]]
"""What tells a file from itself before and after a change."""


def _stamped(files: Iterable[Path]) -> Stamps:
    found: Stamps = {}
    for file in files:
        with contextlib.suppress(OSError):
            status = file.stat()
            found[file] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def stamps(settings: Settings) -> Stamps:
    """The files that answers depend on, as they are now."""
    found: Stamps = {}
    journal = str(Path(settings.journal).absolute())
    for folder, wanted in _folders(settings):
        with contextlib.suppress(OSError):
            listed = [each for each in os.scandir(folder) if each.path != journal]
            found |= _stamped(Path(e.path) for e in listed if not wanted or e.name in wanted)
    return found


async def watch(
    settings: Callable[[], Settings], changed: Callable[[], None], since: Stamps
) -> None:
    """Call `changed` whenever a file that answers depend on changes; runs until it is cancelled.

    What changed between `since` and the beginning of the watch counts, too.
    Folders that come, go or are replaced are noticed within a second.
    """
    import watchfiles  # noqa: PLC0415  # the doors are open by now

    missed, said = False, ""
    beginning: Stamps | None = since
    while True:
        places = await _places(settings())
        try:
            async with contextlib.aclosing(
                watchfiles.awatch(
                    *places.there,
                    watch_filter=places.count,
                    recursive=False,
                    debounce=200,
                    step=50,
                    rust_timeout=_LOOK_EVERY,
                    yield_on_timeout=True,
                )
            ) as seen:
                async for changes in seen:
                    if beginning is not None:
                        missed |= await asyncio.to_thread(stamps, settings()) != beginning
                        beginning = None
                    if changes or missed:
                        changed()
                    missed = await _places(settings()) != places
                    if missed:  # what happens until we watch the new places is asked for later
                        changed()
                        break
        except (OSError, RuntimeError, ExceptionGroup) as error:
            # A folder went in this moment, the system has no watches left to give, or a file that
            # changed has a name that is no UTF-8.
            why = str(error.exceptions[0] if isinstance(error, ExceptionGroup) else error)
            if why != said:
                _log.warning("changes cannot be watched; SIGHUP still reloads", error=why)
            missed, said = True, why
            await asyncio.sleep(_LOOK_EVERY / 1000)

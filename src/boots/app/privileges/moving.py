"""What an earlier Boots kept in root's home moves to where others may go: whole, or not at all."""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path


def bring(home: Path, place: Path) -> list[str]:
    """Move what is in a folder to another one that is empty, or not there; the names.

    They may be on two disks, so it is copied first.  That `aside` is there says that the copy is
    whole: a start that was killed is gone on with from there.

    Raises:
        OSError: it cannot be; all is at home, as it was.
    """
    place = place.resolve()
    copy, aside = place.with_name(f".{place.name}.moving"), home.with_name(f".{home.name}.moved")
    if not aside.is_dir():
        if not home.is_dir() or (place.is_dir() and any(place.iterdir())):
            return []
        _copy(home, copy)
        home.rename(aside)
    moved = []
    if copy.is_dir():
        try:
            copy.rename(place)
        except OSError:
            aside.rename(home)
            shutil.rmtree(copy, ignore_errors=True)
            raise
        moved = sorted(each.name for each in place.iterdir())
    with suppress(OSError):  # the next start tries again
        _settle(place.parent)
        shutil.rmtree(aside)
    return moved


def _copy(home: Path, copy: Path) -> None:
    """Have a copy on its disk, or none."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        if copy.is_dir():  # a half of one, by a start that was killed
            shutil.rmtree(copy)
        copy.mkdir(mode=0o700)  # a key is nobody else's meanwhile
        shutil.copytree(home, copy, symlinks=True, ignore=_others, dirs_exist_ok=True)
        copy.chmod(0o700)
        for folder, _, names in os.walk(copy):
            for name in names:
                _settle(Path(folder, name))
            _settle(Path(folder))
        _settle(copy.parent)
    except OSError:
        shutil.rmtree(copy, ignore_errors=True)
        raise


def _others(folder: str, names: list[str]) -> list[str]:
    """What is neither file, folder nor link: a socket that was left."""
    kinds = {name: os.lstat(Path(folder, name)).st_mode for name in names}
    kept = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    return [name for name, mode in kinds.items() if not any(is_one(mode) for is_one in kept)]


def _settle(place: Path) -> None:
    """Have it on the disk."""
    if place.is_symlink():
        return
    opened = os.open(place, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

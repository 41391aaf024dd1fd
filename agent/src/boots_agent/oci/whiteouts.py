"""Layers of an image, one over the other (OCI Image Specification 1.1, layer.md).

An entry ``.wh.NAME`` takes NAME of the layers below away, and ``.wh..wh..opq`` all that is in its
folder.
"""

import os
import shutil
import stat
import tarfile

from boots_agent.actions.confined import Tree
from boots_agent.images.words import Damaged

_PREFIX = ".wh."
_OPAQUE = ".wh..wh..opq"


class Layering:
    """One layer on its way into a tree that has those below."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._own: set[str] = set()

    def takes(self, member: tarfile.TarInfo) -> bool:
        """Whether an entry is to be unpacked; what it takes away is gone.

        Raises:
            Damaged: It would lead out of the image.
            OSError: Something cannot be taken away.
        """
        path = "/".join(part for part in member.name.split("/") if part not in {"", "."})
        if ".." in path.split("/"):
            raise Damaged(f"an entry of the layer leads out of it: {member.name!r}")
        folder, _, name = path.rpartition("/")
        if name == _OPAQUE:
            self._empty(folder)
            return False
        if name.startswith(_PREFIX):
            gone = name.removeprefix(_PREFIX)
            if gone in {"", ".", ".."}:
                raise Damaged(f"{member.name!r} takes nothing away")
            self._remove(f"{folder}/{gone}")
            return False
        self._note(path)
        if not member.isdir() and self._is_folder(path):
            self._remove(path)
        return bool(path)

    def _note(self, path: str) -> None:
        """What this layer has itself, and the folders to it, an opaque entry leaves alone."""
        while path and path not in self._own:
            self._own.add(path)
            path = path.rpartition("/")[0]

    def _empty(self, folder: str) -> None:
        for name in self._tree.names(folder) if self._is_folder(folder) else ():
            path = f"{folder}/{name}".lstrip("/")
            if path not in self._own:
                self._remove(path)
            elif self._is_folder(path):
                self._empty(path)

    def _is_folder(self, path: str) -> bool:
        facts = self._tree.facts(path, follow=False)
        return facts is not None and stat.S_ISDIR(facts.st_mode)

    def _remove(self, path: str) -> None:
        try:
            with self._tree.entry(path) as place:
                if place.itself is None:
                    return
                if stat.S_ISDIR(os.fstat(place.itself).st_mode):
                    shutil.rmtree(place.name, dir_fd=place.folder)
                else:
                    os.unlink(place.name, dir_fd=place.folder)
        except (FileNotFoundError, NotADirectoryError):
            return  # nothing is there to be taken away

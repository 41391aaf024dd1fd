"""Boot files with the operator's words in their embedded script, made once and kept as files.

So both doors send them as they send any other file.  The files that they are made from stay as
they are.
"""

import contextlib
import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from boots.app.catalogue import SUFFIXES
from boots.policy.patch import PLACEHOLDER, patched, unfit
from boots.settings import SettingsError

_LARGEST = 64 << 20  # more than any iPXE, and less than what would delay a reload


def with_patch(files: Mapping[str, str], text: str, folder: Path) -> dict[str, str]:
    """Published names to paths, those with a place for `text` to their patched copies in `folder`.

    Raises:
        SettingsError: the text does not fit, or a copy cannot be written.
    """
    if not text:
        return dict(files)
    why = unfit(text)
    if why:
        raise SettingsError(f"boot.script_patch will not do: {why}; make it shorter")
    copies: dict[str, str] = {}
    for path in dict.fromkeys(files.values()):
        content = _with_place(Path(path))
        if content:
            copies[path] = _copy(patched(content, text), folder)
    return {name: copies.get(path, path) for name, path in files.items()}


def _with_place(path: Path) -> bytes:
    """The content of a boot file that has the place; empty for any other file."""
    with contextlib.suppress(OSError):  # whoever asks for it is told
        if path.suffix.lower() in SUFFIXES and path.stat().st_size <= _LARGEST:
            content = path.read_bytes()
            return content if PLACEHOLDER in content else b""
    return b""


def _copy(content: bytes, folder: Path) -> str:
    """The path of a file with this content, which its name is made from."""
    copy = folder / hashlib.sha256(content).hexdigest()
    try:
        if not copy.is_file():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
                fresh = Path(file.name)
                try:
                    file.write(content)
                    file.flush()
                    fresh.replace(copy)
                finally:
                    fresh.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(
            f"boot.script_patch: {folder} cannot be written to: {error.strerror};"
            " set cache to a directory of your own"
        ) from None
    return str(copy)

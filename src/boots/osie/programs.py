"""Running other programs: the host's own, and those out of unpacked packages.

What shapes the image's bytes (``depmod``, ``python3``, ``zstd``) runs from the very packages the
image is made of, so that the same package versions give the same bytes on every host.  For a
foreign architecture it runs from this host's packages of the same release.
"""

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from boots.osie.architectures import Architecture
from boots.osie.elf import wants
from boots.osie.errors import BuildError

_PACKAGE_OF = {
    "apt-cache": "apt",
    "apt-config": "apt",
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
    "grub-mkimage": "grub-common",
    "mcopy": "mtools",
    "mformat": "mtools",
    "mke2fs": "e2fsprogs",
    "mmd": "mtools",
    "sfdisk": "fdisk",
}


def host_output(*command: str, cwd: Path | None = None, data: bytes = b"") -> str:
    """What a host program prints that is fed `data`.

    Raises:
        BuildError: The program is missing or fails; the text tells its last words.
    """
    return _run(command, cwd=cwd, env={}, data=data).decode()


def host_pipe(*command: str) -> subprocess.Popen[bytes]:
    """Start a host program whose output is read piece by piece."""
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE)
    except FileNotFoundError as error:
        raise _missing(command[0]) from error


def host_lines(*command: str, tell: Callable[[str], None]) -> None:
    """Run a host program that tells how far it is; `tell` hears each line of its errors.

    Raises:
        BuildError: The program is missing or fails; the text tells its last words.
    """
    last: deque[str] = deque(maxlen=3)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
        )
    except FileNotFoundError as error:
        raise _missing(command[0]) from error
    with process:
        for line in process.stderr or ():
            if line.strip():
                last.append(line.strip())
                tell(last[-1])
    if process.returncode:
        raise BuildError(f"{command[0]} failed: {' / '.join(last)}")


class Unpacked:
    """Programs out of a tree of unpacked packages, started by the tree's own loader.

    Neither root rights nor ``chroot`` are needed, only a processor that can run them.

    Attributes:
        root: The tree.
    """

    def __init__(self, root: Path, architecture: Architecture) -> None:
        self.root = root
        folder = root / architecture.libraries
        self._loader = folder / architecture.loader
        self._libraries = f"{folder}:{root}/usr/lib"

    def content(self, program: str) -> bytes:
        """The bytes of a program.

        Raises:
            BuildError: The unpacked packages hold no such program.
        """
        path = self.root / program
        if not path.exists():
            raise BuildError(f"the unpacked packages hold no {program}")
        return path.read_bytes()

    def run(
        self, program: str, *arguments: str, env: Mapping[str, str] | None = None, data: bytes = b""
    ) -> bytes:
        """Run `program` (a path within the tree), feed it `data`, return what it prints.

        Raises:
            BuildError: It fails, or this host cannot run it.
        """
        command = (str(self.root / program), *arguments)
        if wants(self.content(program)).interpreter:
            command = (str(self._loader), "--library-path", self._libraries, *command)
        return _run(command, env=env or {}, data=data)


def _run(
    command: tuple[str, ...],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    data: bytes = b"",
) -> bytes:
    clean = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **env}
    for name in ("HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy"):
        if name in os.environ:
            clean.setdefault(name, os.environ[name])
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, check=False, cwd=cwd, env=clean
        )
    except FileNotFoundError as error:
        raise _missing(command[0]) from error
    except OSError as error:
        raise BuildError(
            f"this host cannot run {command[0]} ({error.strerror}); it is of the architecture that"
            " apt has packages of, and this host seems to be of another"
        ) from error
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise BuildError(f"{' '.join(command[:6])} failed: {' / '.join(words[-3:])}")
    return done.stdout


def _missing(program: str) -> BuildError:
    package = _PACKAGE_OF.get(program, program)
    return BuildError(
        f"{program} is not on this host: install the Debian package {package}"
        f" (apt-get install {package})"
    )

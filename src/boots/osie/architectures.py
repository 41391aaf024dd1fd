"""The processors that images are built for, as data."""

import os
from dataclasses import dataclass

from boots.osie.errors import BuildError


@dataclass(frozen=True, slots=True)
class Architecture:
    """One kind of processor.

    Attributes:
        name: As ``uname -m`` and the names of the image's files have it.
        debian: As Debian calls it.
        libraries: Where its libraries lie in a tree of unpacked packages.
        loader: The file there that starts programs.
    """

    name: str
    debian: str
    libraries: str
    loader: str


ARCHITECTURES = {
    each.name: each
    for each in (
        Architecture("x86_64", "amd64", "usr/lib/x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
        Architecture("aarch64", "arm64", "usr/lib/aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
    )
}


def architecture(name: str) -> Architecture:
    """The architecture of that name, or of Debian's name for it.

    Raises:
        BuildError: It is none that images are built for.
    """
    for each in ARCHITECTURES.values():
        if name in {each.name, each.debian}:
            return each
    raise BuildError(f"there is no architecture {name!r}; there are {', '.join(ARCHITECTURES)}")


def native() -> Architecture:
    """That of this host.

    Raises:
        BuildError: Images are built on x86_64 and aarch64 alone.
    """
    name = os.uname().machine
    if name not in ARCHITECTURES:
        raise BuildError(f"OSIE is built on {' or '.join(ARCHITECTURES)}, and this host is {name}")
    return ARCHITECTURES[name]

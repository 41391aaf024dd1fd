"""What a person wants in an image besides its flavour, as ``KIND:NAME``."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from boots.osie.errors import BuildError

_KINDS = ("module", "package", "firmware")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")  # Debian policy 5.6.1


class Extras(NamedTuple):
    """What is wanted besides.

    Attributes:
        modules: Words or patterns of kernel modules, as in `boots.osie.drivers.patterns_of`.
        packages: Debian packages all of whose files go in.
        firmware: Debian's packages of firmware without their ``firmware-``.
    """

    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    firmware: tuple[str, ...] = ()


def read(texts: Iterable[str]) -> Extras:
    """Read what people wrote; several names may stand in one text, with commas between.

    Raises:
        BuildError: It is of no kind that there is.
    """
    found: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    for text in texts:
        kind, colon, names = text.partition(":")
        wanted = [name.strip() for name in names.split(",")]
        if not colon or kind not in found or not all(wanted):
            raise BuildError(
                f"--with {text!r} names nothing: write module:NAME, package:NAME or firmware:NAME"
            )
        if kind != "module":
            _check(kind, wanted)
        found[kind] += wanted
    return Extras(*(tuple(dict.fromkeys(found[kind])) for kind in _KINDS))


def _check(kind: str, names: Iterable[str]) -> None:
    for name in names:
        if not _PACKAGE.fullmatch(name):
            raise BuildError(f"--with {kind}:{name}: {name!r} is no name of a Debian package")

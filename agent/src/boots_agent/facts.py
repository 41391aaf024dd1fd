"""Reading single facts below ``/proc`` and ``/sys``: whatever is missing is empty, never an error.

Every function takes the root directory, so that tests can feed a tree of their own.
"""

from pathlib import Path


def text(path: Path) -> str:
    """What a file says, without white space around it; empty when it cannot be read."""
    return raw(path).decode(errors="replace").strip("\0 \t\r\n")


def raw(path: Path) -> bytes:
    """A file's bytes; none when it cannot be read (some files of ``/sys`` refuse at times)."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def number(path: Path) -> int | None:
    """The decimal number in a file, or None."""
    said = text(path)
    return int(said) if said.lstrip("-").isdecimal() else None


def names(path: Path) -> list[str]:
    """The names in a directory, sorted; none when it cannot be read."""
    try:
        return sorted(item.name for item in path.iterdir())
    except OSError:
        return []


def kernel_arguments(root: Path) -> dict[str, str]:
    """The kernel command line; a word without ``=`` has an empty value, the last of a key wins."""
    arguments: dict[str, str] = {}
    for word in text(root / "proc/cmdline").split():
        key, _, value = word.partition("=")
        arguments[key] = value
    return arguments


def boot_mac(arguments: dict[str, str]) -> str:
    """The boot interface's MAC of ``BOOTIF=01-aa-bb-..``, with colons; empty when not told."""
    value = arguments.get("BOOTIF", "").lower().replace("-", ":")
    # The first number is the hardware type of ARP: 1 is Ethernet.
    return value.removeprefix("01:")


def seconds(value: str) -> float | None:
    """So many seconds, an hour at most, as an argument says; None where it says no number."""
    return min(float(value), 3600.0) if value.isascii() and value.isdecimal() else None


def release(root: Path) -> dict[str, str]:
    """The variables of ``/etc/os-release``."""
    variables: dict[str, str] = {}
    for line in text(root / "etc/os-release").splitlines():
        key, equals, value = line.partition("=")
        if equals:
            variables[key] = value.strip('"')
    return variables

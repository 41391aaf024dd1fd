"""Drivers that are not in the image: those of devices without one are fetched, by modalias.

The build leaves an archive beside the image, and the archive's index within it.  A device whose
modalias the index knows gets its driver, what that needs, and the firmware it names; each piece is
a range of the archive, proved by its SHA-256.
"""

import gzip
import hashlib
import json
import lzma
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from boots_agent.facts import names, text
from boots_agent.server import pauses

INDEX = "usr/share/osie/modules.json.gz"
_FIRMWARE = "usr/lib/firmware"
_ROUNDS = 5  # a controller's driver brings forth devices that need drivers in turn
_SETTLE = 0.5  # seconds between two looks
_QUIET = 4  # looks without news that end it
_TRIES = 4
_NO_DEVICE = "No such device"  # ENODEV: an alias that many a device has, but not what is behind it
# Drivers of devices that nobody plugs in while OSIE runs; much memory where nothing uses them.
# With a star: those in folders of their own, but not what lies beside these.
_FIXED = ("net/ethernet", "net/phy", "infiniband", "scsi/*", "ata", "clk", "phy", "pinctrl")


class Piece(NamedTuple):
    """A range of the archive: where, its bytes there and unpacked, and its SHA-256 as it lies."""

    at: int
    packed: int
    size: int
    sha256: str


class Module(NamedTuple):
    """A module beside the image.

    Attributes:
        needs: Names of modules that are loaded before it.
        firmware: Files that it may load, as it names them.
        aliases: Patterns of the devices it drives.
    """

    name: str
    piece: Piece
    needs: tuple[str, ...]
    firmware: tuple[str, ...]
    aliases: tuple[str, ...]


class Index(NamedTuple):
    """What lies beside the image."""

    modules: Mapping[str, Module]
    firmware: Mapping[str, Piece]


class Hands(NamedTuple):
    """What is done with what is found.

    Attributes:
        fetch: A range of the archive; raises OSError when it cannot be had.
        run: Runs a program; its error output, empty if it went well.
        sleep: Waits so many seconds.
        say: Says a line on the console.
    """

    fetch: Callable[[int, int], bytes]
    run: Callable[[list[str]], str]
    sleep: Callable[[float], None]
    say: Callable[[str], None]


class NotLoadedError(Exception):
    """A module could not be loaded; the text says why, and is empty where it found no device."""


def read_index(root: Path) -> Index:
    """The index of this image; an image without one has nothing beside it."""
    try:
        content = json.loads(gzip.decompress((root / INDEX).read_bytes()))
    except FileNotFoundError:
        return Index({}, {})
    modules = {name: _module(name, each) for name, each in content["modules"].items()}
    return Index(modules, {name: _piece(each) for name, each in content["firmware"].items()})


def _module(name: str, told: dict[str, Any]) -> Module:
    needs, firmware, aliases = (tuple(told[key]) for key in ("needs", "firmware", "aliases"))
    return Module(name, _piece(told), needs, firmware, aliases)


def _piece(told: dict[str, Any]) -> Piece:
    return Piece(told["at"], told["packed"], told["size"], told["sha256"])


def without_driver(root: Path) -> frozenset[str]:
    """What the devices are called that no driver has taken, as modules' aliases call them."""
    return frozenset(
        text(path)
        for path in (root / "sys/devices").rglob("modalias")
        if not (path.parent / "driver").exists()
    ) - {""}


def drivers(index: Index, devices: Iterable[str]) -> list[str]:
    """The modules beside the image that drive any of these devices, sorted."""
    buses: dict[str, list[str]] = {}
    for device in devices:
        buses.setdefault(_bus(device), []).append(device)
    return sorted(
        module.name
        for module in index.modules.values()
        if any(
            _fits(alias, device)
            for alias in module.aliases
            for device in buses.get(_bus(alias), ())
        )
    )


def _bus(alias: str) -> str:
    # Aliases of ACPI's and DMI's devices have a star before the colon.
    return alias.partition(":")[0].rstrip("*")


def _fits(alias: str, device: str) -> bool:
    # What stands before the first star tells nearly all apart, and is quickly compared.
    return device.startswith(alias.partition("*")[0].partition("[")[0]) and fnmatchcase(
        device, alias
    )


def in_order(index: Index, name: str) -> Iterator[str]:
    """A module and all it needs, each once, what is needed first; also those of the image."""
    seen: set[str] = set()

    def walk(name: str) -> Iterator[str]:
        if name in seen:
            return
        seen.add(name)
        module = index.modules.get(name)
        for need in module.needs if module else ():
            yield from walk(need)
        yield name

    return walk(name)


def complete(root: Path, index: Index, hands: Hands) -> list[str]:
    """Give every device its driver that lies beside the image; the names of those loaded.

    What goes wrong is said, and costs no more than that driver.
    """
    loaded: list[str] = []
    tried: set[str] = set()
    looks = 0
    for _ in range(_ROUNDS * _QUIET):
        devices = without_driver(root)
        new = [name for name in drivers(index, devices) if name not in tried]
        for name in new:
            tried.add(name)
            loaded += _loaded(root, index, name, hands)
        looks = 0 if new else looks + 1
        if not loaded or looks >= _QUIET:
            break
        # What has come up behind the new devices may have its driver in the image.
        hands.run(["modprobe", "-a", "-q", "-b", *sorted(devices)])
        hands.sleep(_SETTLE)
    if loaded:
        hands.say(f"drivers fetched from the server: {', '.join(loaded)}")
    return loaded


def _loaded(root: Path, index: Index, name: str, hands: Hands) -> list[str]:
    done: list[str] = []
    try:
        for each in in_order(index, name):
            if (root / "sys/module" / each).exists():
                continue
            _load(root, index, each, hands)
            done.append(each)
    except NotLoadedError as error:
        if str(error):
            hands.say(f"a device stays without its driver {name}: {error}")
    return [each for each in done if each in index.modules]


def _load(root: Path, index: Index, name: str, hands: Hands) -> None:
    module = index.modules.get(name)
    if module is None:
        hands.run(["modprobe", "-q", name])  # of the image, or built into the kernel
        return
    for file in module.firmware:
        if file in index.firmware:
            _put(root / _FIRMWARE / file, _fetched(index.firmware[file], hands))
    place = root / "run" / f"{name}.ko"
    _put(place, _fetched(module.piece, hands))
    wrong = hands.run(["insmod", str(place)])
    place.unlink()
    if wrong:
        raise NotLoadedError("" if _NO_DEVICE in wrong else wrong)


def _put(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)


def _fetched(piece: Piece, hands: Hands) -> bytes:
    data = _asked(piece, hands)
    if hashlib.sha256(data).hexdigest() != piece.sha256:
        raise NotLoadedError("the server has the modules of another OSIE: boots osie build")
    return lzma.decompress(data)


def _asked(piece: Piece, hands: Hands) -> bytes:
    for pause in islice(pauses(), _TRIES):
        try:
            return hands.fetch(piece.at, piece.packed)
        except OSError as error:
            trouble = error.strerror or str(error)
        hands.sleep(pause)
    raise NotLoadedError(f"it cannot be fetched: {trouble}")


def let_go(root: Path, kernel: str) -> int:
    """Delete the image's drivers that nothing here uses, so that their memory is free; its bytes.

    `kernel` is its version.
    """
    loaded = set(names(root / "sys/module"))
    top = root / "usr/lib/modules" / kernel / "kernel/drivers"
    freed = 0
    for folder in _FIXED:
        for place, _, files in os.walk(top / folder.removesuffix("/*")):
            if folder.endswith("/*") and Path(place) == top / folder.removesuffix("/*"):
                continue
            for name in files:
                if name.partition(".ko")[0].replace("-", "_") not in loaded:
                    freed += _deleted(Path(place, name))
    return freed


def _deleted(path: Path) -> int:
    try:
        size = path.stat().st_size
        path.unlink()
    except OSError:
        return 0
    return size


def run(command: list[str]) -> str:
    """Run a program of OSIE; what it says when it fails."""
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode == 0:
        return ""
    return done.stderr.decode(errors="replace").strip() or f"code {done.returncode}"
